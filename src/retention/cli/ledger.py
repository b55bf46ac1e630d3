"""``ledger``: the chain itself, and runs that nothing else can close."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from retention.cli.arguments import number_in
from retention.cli.state import State
from retention.errors import Refused
from retention.ledger import Ledger
from retention.ledger.entry import canonical
from retention.pipeline import wall_clock
from retention.pipeline.settling import Without, settle_without

app = typer.Typer(
    help="The ledger: verify its chain, export it, upgrade its schema, settle a run.", no_args_is_help=True
)


@app.command()
def verify(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="A ledger's SQLite file; its secrets lie beside it.")] = None,
    expect: Annotated[str | None, typer.Option(help="HEAD@SEQ noted down before, as reports print it.")] = None,
) -> None:
    """See that nothing in the ledger was changed, taken out or put in."""
    state: State = context.obj
    expected = _expected(expect)
    places = replace(state.places, ledger_url=state.ledger)
    if file is not None:
        places = replace(places, ledger_url=f"sqlite:///{file}", ledger_keys=None)
    with places.open_ledger(wall_clock, new=False, any_secrets=True) as ledger:
        problems, head = ledger.verify(expected), ledger.head()
    if state.json:
        state.print_json({"ok": not problems, "head": head[0], "number": head[1], "problems": problems})
    else:
        for problem in problems:
            state.out.print(problem)
        state.out.print(f"{'sound' if not problems else 'NOT sound'}: {head[0][:16]}@{head[1]}")
    raise typer.Exit(1 if problems else 0)


@app.command()
def export(context: typer.Context) -> None:
    """Print every entry as one JSON line, with --json as one document; attachments by their SHA-256.

    An entry's hash is the SHA-256 over [run, task, seq, kind, key, at, body, blob_sha256, previous] as JSON without
    spaces, its keys sorted: `body` as such a text, the Z of `at` as +00:00, null for what is left out.
    """
    state: State = context.obj
    # A ledger of years is more than memory holds: the document is written as its lines are.
    begin, between, end = ('{"entries": [\n', ",\n", "]}\n") if state.json else ("", "", "")
    with state.open_ledger(new=False) as ledger:
        sys.stdout.write(begin)
        for number, entry in enumerate(ledger.entries()):
            line = entry.as_json()
            sys.stdout.write((between if number else "") + canonical(line).decode() + ("" if state.json else "\n"))
    sys.stdout.write(end)


@app.command()
def upgrade(context: typer.Context) -> None:
    """Bring the ledger's schema to this version."""
    state: State = context.obj
    Ledger.upgrade_url(state.ledger)
    state.tell({"upgraded": True}, "the ledger is up to date")


@app.command()
def settle(
    context: typer.Context,
    run: Annotated[str, typer.Argument(help="The run that broke off.")],
    without: Annotated[
        list[str],
        typer.Option(help="The identity of a database that is gone for good; repeatable.", metavar="IDENTITY"),
    ],
    by: Annotated[str, typer.Option(help="Who decides.")],
    note: Annotated[str, typer.Option(help="Why. Everybody who reads a report reads it: no personal data.")],
) -> None:
    """Close a run that broke off without databases that are gone; every night settles the others by itself.

    Which of its batches were committed there nobody can see any more: the run's document says so, with who decided.
    See first that nothing is at work on that database. One that the matrix still has is asked, and refused here.
    """
    state: State = context.obj
    if not by.strip() or not note.strip():
        raise Refused("settle: a decision without a name or a reason proves nothing; fill in --by and --note")
    with state.open_pipeline(new=False) as pipeline:
        document = settle_without(pipeline, run, Without(frozenset(without), by, note))
    if state.json:
        state.print_json({"run": run, **document["settled"], "problems": document["problems"]})
        return
    for problem in document["problems"]:
        state.out.print(problem)
    state.out.print(f"run {run} is settled and closed")


def _expected(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    head, _, seq = text.rpartition("@")
    number = number_in(seq)
    if not head or number is None:
        raise Refused(f"--expect {text}: write HEAD@SEQ, as a report prints it")
    return head, number
