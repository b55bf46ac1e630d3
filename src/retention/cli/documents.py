"""``report`` and ``confirm``: what a person reads and signs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from retention.cli.state import State
from retention.errors import Refused
from retention.pipeline.reports import closed_document, closed_run, write_report
from retention.register import Confirmations


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(report)
    app.command()(confirm)


def report(
    context: typer.Context,
    run: Annotated[str | None, typer.Argument(help="The run; the last one where left out.")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="html, xlsx or json; html where left out, json with --json.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The file to write; where left out json is printed.")] = None,
) -> None:
    """Write a run's report from the ledger."""
    state: State = context.obj
    format_ = format_ or ("json" if state.json else "html")
    if format_ not in ("html", "xlsx", "json"):
        raise typer.BadParameter(f"{format_} is not html, xlsx or json", param_hint="--format")
    with state.open_ledger(new=False) as ledger:
        found = closed_run(ledger, run)
        path = None
        if format_ != "json" or out is not None:
            path = write_report(ledger, found.run, state.reports, format_, state.lang, out)
        if path is None or state.json:
            state.print_json(closed_document(ledger, found, path))
        else:
            typer.echo(str(path))


def confirm(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run.")],
    by: Annotated[str, typer.Option(help="The officer who confirms.")],
    note: Annotated[str, typer.Option(help="What was looked at.")],
) -> None:
    """Record the privacy officer's confirmation of a run."""
    state: State = context.obj
    if not by.strip() or not note.strip():
        raise Refused("confirm: a confirmation without a name or a note proves nothing; fill in --by and --note")
    with state.open_ledger(new=False) as ledger:
        found = closed_run(ledger, run)
        confirmation = Confirmations(ledger).confirm(found.run, by, note)
    state.tell(asdict(confirmation), f"run {found.run} is confirmed by {confirmation.by}")
