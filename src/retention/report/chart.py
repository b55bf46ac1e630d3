"""The chart: per rule and outcome a bar and its exact number, drawn so that 3 rows are seen beside 1,000,000."""

from __future__ import annotations

import re
import textwrap

import altair as alt
import numpy as np
import pandas as pd
import vl_convert

from retention.report.outcome import RuleOutcome
from retention.report.report import Report

MOST_RULES = 40
_FONT = "Noto Sans CJK KR, sans-serif"
_INK, _FAINT = "#1b1f24", "#e3e6ea"
_ROW_HEIGHT = 22
_WIDTH, _NAMES, _GAP, _TITLE = 790, 120, 10, 10
_LETTER, _SQUARE, _LATIN = 7, 11.5, 0x2FF
_DECADE = (9, 40)
_ONE_ROW = 0.5
_COLOURS = {
    "destroyed": "#22303f",
    "would_destroy": "#22303f",
    "changed": "#2a6496",
    "would_change": "#2a6496",
    "moved": "#3f7f93",
    "would_move": "#3f7f93",
    "waiting": "#b7791f",
    "not_done": "#a83232",
    "survived": "#6b7280",
    "drifted": "#8a8f98",
    "held": "#6d4c8f",
    "referenced": "#2f7d6e",
    "unreadable": "#8c5a3c",
}
_NAMESPACE = re.compile(r'\sxmlns(:\w+)?="[^"]*"')


def svg(report: Report) -> str:
    """Return the chart as SVG markup to be put into a page; empty where there is nothing to draw."""
    frame = frame_of(report)
    if frame.empty:
        return ""
    # Held against the whole schema of Vega-Lite, the chart would take thrice as long; a test draws each kind of it.
    drawn = vl_convert.vegalite_to_svg(_chart(frame, report).to_dict(validate=False))
    # Inside HTML the parser knows SVG by itself, and a page without any address is one that loads nothing.
    return _NAMESPACE.sub("", drawn)


def frame_of(report: Report) -> pd.DataFrame:
    """Return rule, outcome and rows, shards added up, of the rules with most rows in the run's order."""
    records = [(rule.id, outcome, rows) for rule in report.rules for outcome, rows in _seen(rule).items()]
    frame = pd.DataFrame.from_records(records, columns=["rule", "outcome", "rows"]).astype({"rows": "int64"})
    frame = frame.groupby(["rule", "outcome"], sort=False)["rows"].sum().reset_index()
    most = frame.groupby("rule")["rows"].sum().nlargest(MOST_RULES, keep="first").index
    return frame[frame["rule"].isin(most)].reset_index(drop=True)


def _seen(rule: RuleOutcome) -> dict[str, int]:
    return {outcome: rows for outcome, rows in rule.outcomes.items() if rows}


def _chart(frame: pd.DataFrame, report: Report) -> alt.HConcatChart:
    order = [outcome for outcome in _COLOURS if outcome in set(frame["outcome"])]
    drawn = frame.assign(
        length=np.log10(frame["rows"].astype(float)) + _ONE_ROW,
        number=frame["rows"].map("{:,}".format),
        colour=frame["outcome"].map(_COLOURS),
    )
    rules = list(dict.fromkeys(frame["rule"]))
    height = _ROW_HEIGHT * len(rules)
    longest = drawn.groupby("outcome")["length"].max()
    room = drawn["number"].str.len().groupby(drawn["outcome"]).max() * _LETTER + _GAP
    decade = float(np.clip((_WIDTH - _NAMES - room.sum() - _GAP * len(order)) / longest.sum(), *_DECADE))
    columns: list[alt.Chart | alt.LayerChart] = [_names(rules, height)]
    for outcome in order:
        title = textwrap.wrap(report.words(f"out_{outcome}"), _TITLE)
        width = max(decade * longest[outcome] + room[outcome], *map(_width, title))
        columns.append(
            _column(drawn[drawn["outcome"] == outcome], rules, width / decade).properties(
                width=width, height=height, title=alt.TitleParams(title, anchor="start", fontSize=11, color=_INK)
            )
        )
    whole: alt.HConcatChart = (
        alt.hconcat(*columns, spacing=_GAP, bounds="flush")
        .configure(font=_FONT, background="transparent", padding=2)
        .configure_view(stroke=None)
        .configure_axis(labels=False, ticks=False, domain=False, gridColor=_FAINT)
    )
    return whole


def _names(rules: list[str], height: int) -> alt.Chart:
    """Return the rules' names as a column of their own, so that every column's title stands at one height."""
    column: alt.Chart = (
        alt.Chart(pd.DataFrame({"rule": rules}))
        .mark_text(align="right", fontSize=11, color=_INK, limit=_NAMES, aria=False)
        .encode(x=alt.value(_NAMES), y=_rules(rules, axis=None), text="rule:N")
        .properties(width=_NAMES, height=height)
    )
    return column


def _column(drawn: pd.DataFrame, rules: list[str], decades: float) -> alt.LayerChart:
    base = alt.Chart(drawn).encode(
        x=alt.X("length:Q", axis=None, scale=alt.Scale(domain=[0, decades], nice=False)),
        y=_rules(rules, alt.Axis(grid=True, tickBand="extent")),
    )
    bars = base.mark_bar(height=11, aria=False).encode(color=alt.Color("colour:N", scale=None))
    numbers = base.mark_text(align="left", dx=4, fontSize=11, color=_INK, aria=False).encode(text="number:N")
    return alt.LayerChart(layer=[bars, numbers])


def _rules(rules: list[str], axis: alt.Axis | None) -> alt.Y:
    return alt.Y("rule:N", title=None, axis=axis, scale=alt.Scale(domain=rules))


def _width(title: str) -> float:
    """Return about how wide a title is in pixels: a Korean letter takes a whole square."""
    return sum(_SQUARE if ord(letter) > _LATIN else _LETTER for letter in title) + 4
