"""``hold``: what must not be touched, whatever has lapsed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import typer
from rich.table import Table

from retention.cli.arguments import day_of
from retention.cli.state import State
from retention.errors import Refused
from retention.law import seoul_day
from retention.pipeline import wall_clock
from retention.pipeline.holds import add_hold
from retention.register import Hold, Holds
from retention.report.wording import Words

app = typer.Typer(help="Holds: what must not be touched, whatever has lapsed.", no_args_is_help=True)

_REASON = "Why. Everybody who reads a report reads it: no personal data."


@app.command(context_settings={"allow_extra_args": True})
def add(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help=_REASON)],
    by: Annotated[str, typer.Option(help="Who holds.")],
    subject: Annotated[
        list[str] | None,
        typer.Option(
            help="Whose rows, with --database: the value of the matrix's `subject` columns. Repeat it for a subject of "
            "several columns, in their order. `-` reads it from standard input, a line for each column, so that no "
            "list of processes and no shell's history shows it.",
            metavar="VALUE|-",
        ),
    ] = None,
    where: Annotated[
        tuple[str, str] | None,
        typer.Option(
            help="Rows of a table, by a condition as in the matrix's `where`; `-` reads it from standard input.",
            metavar="TABLE EXPR|-",
        ),
    ] = None,
    until: Annotated[str | None, typer.Option(help="The last day it covers, in Seoul.", metavar="YYYY-MM-DD")] = None,
) -> None:
    """Hold a subject (--subject, --database), all rows that a rule selects (--rule), or rows of a table (--where).

    From the next statement on nothing of it is destroyed or changed, until the hold is released or its last day is
    past. Whom it covers is stored encrypted and never shown again.
    """
    state: State = context.obj
    if context.args:
        # What was left over may be a value or a piece of a condition: it isn't repeated.
        raise Refused("hold add: there is more than one value for an option; put quotes round it")
    wish = _wish(state, subject or [], where, by, reason, until)
    with state.open_pipeline() as pipeline:
        hold, covered = add_hold(pipeline, wish)
    document = hold.as_json()
    if covered is not None:
        document["covers"] = list(covered)
    if state.json:
        state.print_json(document)
        return
    state.out.print(f"hold {hold.id} is in force" + (f" until {hold.until}" if hold.until else ""))
    words = Words.of("en")
    for one in covered or ():
        state.out.print(f"  {one['table']}: {words.rows(one['rows'])}")
    if covered is not None and not covered:
        state.out.print("  it covers no row that is there: see that the value is spelled as the database spells it")


@app.command()
def release(
    context: typer.Context,
    hold: Annotated[str, typer.Argument(metavar="ID", help="The hold's id.")],
    by: Annotated[str, typer.Option(help="Who releases it.")],
    reason: Annotated[str, typer.Option(help=_REASON)],
) -> None:
    """End a hold: what has lapsed is due again. A hold whose last day is past needs no release."""
    state: State = context.obj
    if not by.strip() or not reason.strip():
        raise Refused("hold release: a release without a name or a reason proves nothing; fill in --by and --reason")
    with state.open_ledger(new=False) as ledger:
        released = Holds(ledger).release(hold, by.strip(), reason.strip())
    if state.json:
        state.print_json(released.as_json())
    else:
        state.out.print(f"hold {released.id} is released by {by.strip()}")


@app.command(name="list")
def list_(context: typer.Context) -> None:
    """Show every hold there ever was: who, why, since and until when; never whom it covers."""
    state: State = context.obj
    today = seoul_day(wall_clock())
    with state.open_ledger(new=False) as ledger:
        holds = Holds(ledger).all()
    shown = [one for one in holds if not state.databases or one.database in state.databases]
    documents = [{**one.as_json(), "live": one.live(today)} for one in shown]
    if state.json:
        state.print_json({"schema": "retention.holds/1", "holds": documents})
        return
    table = Table("hold", "kind", "database", "what", "by", "reason", "since", "until", "released")
    for one in documents:
        ended = "" if one["live"] or "released" in one else " (past)"
        until, released = one.get("until", ""), one.get("released", "")
        table.add_row(
            one["id"],
            one["kind"],
            one["database"],
            one.get("rule") or one.get("table") or "a subject",
            one["by"],
            one["reason"],
            one["since"],
            f"{until}{ended}",
            f"{released} {one.get('released_by', '')}".strip(),
        )
    state.out.print(table)


def _wish(
    state: State, subject: Sequence[str], where: tuple[str, str] | None, by: str, reason: str, until: str | None
) -> Hold:
    named: dict[str, Any] = {"by": by, "reason": reason, "until": _day(until)}
    rules, databases = sorted(state.rules), sorted(state.databases)
    if len(rules) + bool(subject) + (where is not None) != 1 or len(databases) > 1:
        raise Refused(
            "hold add: say one thing to be held: --subject VALUE --database NAME, --rule ID, or --where TABLE EXPR"
        )
    named["database"] = databases[0] if databases else ""
    if subject:
        if not databases:
            raise Refused("hold add --subject: say in which database with --database NAME")
        return Hold("subject", subject=_values(subject), **named)
    if where is None:
        return Hold("rule", rule=rules[0], **named)
    table, expression = where
    return Hold("where", table=table, where=_standard_input() if expression == "-" else expression, **named)


def _values(given: Sequence[str]) -> tuple[str, ...]:
    if list(given) != ["-"]:
        return tuple(given)
    return tuple(line.removesuffix("\r") for line in _standard_input().split("\n"))


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode().removesuffix("\n")
    except UnicodeDecodeError:
        raise Refused("hold add: standard input is no text in UTF-8") from None


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    day = day_of(text)
    if day is None:
        raise Refused(f"--until {text}: that is no day; write YYYY-MM-DD")
    return day
