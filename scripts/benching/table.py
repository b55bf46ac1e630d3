"""The tables that the bench prints, in Markdown, and its results as JSON."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path

from benching.bars import Bar, Result
from benching.suites import Line

LABELS = {"postgresql": "PostgreSQL", "mariadb": "MariaDB", "sqlite": "SQLite"}


def page(results: Sequence[Result], lines: Sequence[Line], rows: int, rounds: int) -> str:
    """Return the whole page."""
    measured = [one for one in results if one.measured is not None and one.bar.must is not None]
    missed = [one for one in measured if "not met" in one.verdict]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}"
    return "\n".join(
        [
            f"# Bench at {rows:,} rows",
            "",
            f"Medians of {rounds} interleaved rounds on {machine}. Everything is of one run; ÷ between contestants is "
            "the rows per second of the first by those of the second.",
            "",
            f"{len(measured)} bars measured, {len(missed)} not met.",
            "",
            *_bars(results),
            "",
            "## Contestants",
            "",
            *_contestants(lines),
            "",
        ]
    )


def _bars(results: Sequence[Result]) -> list[str]:
    table = ["| engine | bar | measured | must | aim | verdict | of it |", "|---|---|---:|---:|---:|---|---|"]
    for one in results:
        cells = (
            LABELS[one.bar.engine],
            one.bar.says,
            "–" if one.measured is None else value(one.measured, one.bar),
            _line(one.bar.must, one.bar),
            _line(one.bar.aim, one.bar),
            one.verdict,
            "" if one.measured is None else one.note,
        )
        table.append(f"| {' | '.join(cells)} |")
    return table


def _contestants(lines: Sequence[Line]) -> list[str]:
    table = [
        "| engine | tables | contestant | rows | seconds | rows/s | longest statement | batches |",
        "|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for one in lines:
        longest = "–" if one.longest_ms is None else f"{one.longest_ms:,.1f} ms"
        table.append(
            f"| {LABELS[one.engine]} | {one.shape} | {one.contestant} | {one.rows:,} | {one.seconds:.3f} "
            f"| {one.rate:,.0f} | {longest} | {one.batches or '–'} |"
        )
    return table


def value(number: float, bar: Bar) -> str:
    """Return a measured number as it is read."""
    if bar.unit:
        return f"{number:,.1f} {bar.unit}"
    return f"{number:.2f}" if abs(number) < 100 else f"{number:,.0f}"


def _line(number: float | None, bar: Bar) -> str:
    if number is None:
        return ""
    sign = "≤" if bar.lower_is_better else "≥"
    return f"{sign} {number:g}{' ' + bar.unit if bar.unit else ''}"


def write_json(path: Path, results: Sequence[Result]) -> None:
    """Write every bar as other programs read it; what has no line to reach is in the table only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = [one.as_json() for one in results if one.bar.must is not None]
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
