"""The chart: how far above or below its line each bar was measured, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import pandas as pd

from benching.bars import Result
from benching.table import LABELS, value

_FONT = "Noto Sans CJK KR, sans-serif"
_INK, _FAINT = "#1b1f24", "#e3e6ea"
_COLOURS = {"met, and the aim": "#2f7d6e", "met": "#2a6496", "**not met**": "#a83232"}
_WIDTH, _ROW = 420, 20
_REACH = 8.0


def draw(path: Path, results: Sequence[Result]) -> bool:
    """Write the chart as SVG; False where no bar was measured, and nothing is to be drawn."""
    frame = _frame(results)
    if frame.empty:
        return False
    order = list(frame["label"])
    base = alt.Chart(frame).encode(
        y=alt.Y("label:N", title=None, sort=order, axis=alt.Axis(labelLimit=420, labelColor=_INK, ticks=False)),
    )
    x = alt.X(
        "times:Q",
        title="times the bar (logarithmic; right of the line is better)",
        scale=alt.Scale(type="log", domain=[1 / _REACH, _REACH], clamp=True),
        axis=alt.Axis(values=[0.125, 0.25, 0.5, 1, 2, 4, 8], format="~g", gridColor=_FAINT),
    )
    bars = base.mark_bar(height=11).encode(
        x=x, x2=alt.X2(datum=1), color=alt.Color("colour:N", scale=None, legend=None)
    )
    numbers = base.mark_text(align="left", dx=4, fontSize=11, color=_INK).encode(x=alt.value(_WIDTH), text="number:N")
    line = alt.Chart(pd.DataFrame({"times": [1.0]})).mark_rule(color=_INK).encode(x="times:Q")
    chart = (
        alt.layer(bars, numbers, line)
        .properties(width=_WIDTH, height=_ROW * len(order))
        .configure(font=_FONT, background="white", padding={"left": 5, "top": 5, "right": 150, "bottom": 5})
        .configure_view(stroke=None)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.save(str(path))
    return True


def _frame(results: Sequence[Result]) -> pd.DataFrame:
    records = [
        {
            "label": f"{LABELS[one.bar.engine]} · {one.bar.says}",
            "times": max(1 / _REACH, min(_REACH, _times(one))),
            "number": f"{value(one.measured, one.bar)} ({'≤' if one.bar.lower_is_better else '≥'} {one.bar.must:g})",
            "colour": _COLOURS[one.verdict],
        }
        for one in results
        if one.measured is not None and one.bar.must is not None
    ]
    return pd.DataFrame.from_records(records, columns=["label", "times", "number", "colour"])


def _times(result: Result) -> float:
    """Return how often the bar goes into what was measured, the other way round where less is better."""
    measured, must = result.measured or 1e-9, result.bar.must or 1.0
    return must / measured if result.bar.lower_is_better else measured / must
