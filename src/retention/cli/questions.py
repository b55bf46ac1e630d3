"""``explain``, ``forecast`` and ``diff``: questions to the databases that change nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from retention.cli.answers import diff_tables, explanation, forecast_table, stopped_lines
from retention.cli.state import State
from retention.errors import Refused
from retention.matrix.load import load
from retention.pipeline.differing import diff as compare
from retention.pipeline.explaining import explain as explain_row
from retention.pipeline.forecasting import forecast_months

_STANDARD_INPUT = "-"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(explain)
    app.command()(forecast)
    app.command()(diff)


def explain(
    context: typer.Context,
    table: Annotated[str, typer.Argument(help="The table as the matrix spells it: database.table.")],
    key: Annotated[
        list[str], typer.Argument(help="The row's key, a value for each column; - reads it from standard input.")
    ],
) -> None:
    """Explain one row: its state, how each day is computed, what keeps it, and the day it goes."""
    state: State = context.obj
    given = _given(key)
    with state.open_pipeline() as pipeline:
        document = explain_row(pipeline, table, given, state.as_of or pipeline.today, state.lang)
    if state.json:
        state.print_json(document)
        return
    for line in explanation(document, state.lang, secret=_STANDARD_INPUT in key):
        state.out.print(line)


def forecast(
    context: typer.Context,
    months: Annotated[int, typer.Option(min=1, max=120, help="How many calendar months, from tomorrow's on.")] = 12,
) -> None:
    """Count the rows that become due, rule by rule and month by month, if nothing changes but the day."""
    state: State = context.obj
    with state.open_pipeline() as pipeline:
        document = forecast_months(pipeline, state.as_of or pipeline.today, months)
    if state.json:
        state.print_json(document)
        return
    state.out.print(forecast_table(document, state.lang))
    _stopped(state, document)


def diff(
    context: typer.Context,
    old: Annotated[Path, typer.Argument(help="The matrix as it is.")],
    new: Annotated[Path, typer.Argument(help="The matrix as it would be.")],
) -> None:
    """Count what a changed matrix would newly destroy, and newly keep, on the same rows."""
    state: State = context.obj
    changed, findings = load(new)
    with replace(state, config=old).open_pipeline() as pipeline:
        after = replace(pipeline, matrix=changed, findings=findings)
        document = compare(pipeline, after, state.as_of or pipeline.today)
    if state.json:
        state.print_json(document)
        return
    for table in diff_tables(document, state.lang):
        state.out.print(table)
    _stopped(state, document)


def _stopped(state: State, document: Mapping[str, Any]) -> None:
    for line in stopped_lines(document, state.lang):
        state.out.print(line)


def _given(key: list[str]) -> list[str]:
    """Return the key's values; a key that is personal comes by standard input, a line for each value."""
    if _STANDARD_INPUT not in key:
        return key
    lines = [line.rstrip("\r\n") for line in sys.stdin]
    if key == [_STANDARD_INPUT]:
        return lines
    if len(lines) != key.count(_STANDARD_INPUT):
        raise Refused("explain: standard input has to hold one line for each - of the key")
    waiting = iter(lines)
    return [next(waiting) if one == _STANDARD_INPUT else one for one in key]
