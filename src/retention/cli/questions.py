"""``explain``, ``forecast`` and ``diff``: questions to the databases that change nothing."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from retention.cli.answers import explanation
from retention.cli.state import State
from retention.errors import Refused
from retention.pipeline.explaining import explain as explain_row

_STANDARD_INPUT = "-"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(explain)


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
        state.out.print(line, markup=False)


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
