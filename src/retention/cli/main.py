"""The entry point: options, commands, and one line for every error."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.core import TyperGroup
from typer.main import get_command
from typer.rich_utils import rich_format_error

from retention import __version__
from retention.cli import databases, documents, hold, keys, ledger, matrix, night, questions
from retention.cli.arguments import day_of, hoisted
from retention.cli.state import State, print_json
from retention.errors import Finding, MatrixRefused, Refused, RetentionError
from retention.law import KNOWN_FROM

_HELP = """Destroy, anonymize and pseudonymize expired rows by legal basis, with a ledger and a report to sign.

A first time: [bold]check --static[/bold] the matrix; [bold]init CONNECTION --identity NAME[/bold] once in each
database; [bold]plan[/bold], and read it; then [bold]run --accept RULE=COUNT --by NAME[/bold] for each rule that
waits, or [bold]approve DIGEST[/bold] and [bold]run --plan DIGEST[/bold]. Every night after that: [bold]run[/bold].

A connection's URL is the environment variable RETENTION_CONN_<NAME>, a SQLAlchemy URL such as
postgresql://role@host/database, mysql://role@host/database or sqlite:///file.
"""
_CODES = """Exit codes: 0 done · 1 done, but something is to be looked at · 2 refused before anything changed ·
3 a rule waits for approval · 4 stopped early and cleanly · 5 broke off; after 4 and 5 the same command goes on."""

app = typer.Typer(
    name="retention",
    help=_HELP,
    epilog=_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for module in (matrix, databases, night, questions, documents):
    module.add_to(app)
app.add_typer(hold.app, name="hold")
app.add_typer(keys.app, name="key")
app.add_typer(ledger.app, name="ledger")

_COMMON = "Options that every command takes, before or after it"


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    day = day_of(text)
    if day is None:
        raise typer.BadParameter(f"{text} is no day; write YYYY-MM-DD", param_hint="--as-of")
    if day < KNOWN_FROM:
        problem = f"what a day in Seoul was is known from {KNOWN_FROM} on, not for {text}; name a later one"
        raise typer.BadParameter(problem, param_hint="--as-of")
    return day


@app.callback()
def common(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(envvar="RETENTION_CONFIG", help="The matrix.", rich_help_panel=_COMMON)
    ] = Path("config/retention.yaml"),
    ledger_url: Annotated[
        str,
        typer.Option("--ledger", envvar="RETENTION_LEDGER_URL", help="The ledger's URL.", rich_help_panel=_COMMON),
    ] = "sqlite:///var/ledger.sqlite",
    lang: Annotated[str, typer.Option(help="ko or en, of reports.", rich_help_panel=_COMMON)] = "en",
    json: Annotated[
        bool, typer.Option("--json", help="One JSON document on standard output.", rich_help_panel=_COMMON)
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the trace of an error.", rich_help_panel=_COMMON)
    ] = False,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day to decide for; today in Seoul.", rich_help_panel=_COMMON)
    ] = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; repeatable.", rich_help_panel=_COMMON)] = None,
    database: Annotated[
        list[str] | None, typer.Option(help="Only this database; repeatable.", rich_help_panel=_COMMON)
    ] = None,
    limit_rows: Annotated[
        int | None, typer.Option(min=0, help="At most so many rows per rule and run.", rich_help_panel=_COMMON)
    ] = None,
) -> None:
    """Take the common options."""
    if lang not in ("ko", "en"):
        raise typer.BadParameter(f"{lang} is not ko or en", param_hint="--lang")
    context.obj = State(
        config=config,
        ledger=ledger_url,
        lang=lang,
        json=json,
        debug=debug,
        as_of=_day(as_of),
        rules=frozenset(rule or ()),
        databases=frozenset(database or ()),
        limit_rows=limit_rows,
    )


@app.command()
def version(context: typer.Context) -> None:
    """Print the version."""
    state: State = context.obj
    state.tell({"version": __version__}, __version__)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; exits with the interface's codes."""
    options, rest = hoisted(sys.argv[1:] if arguments is None else arguments)
    given = [*options, *rest]
    try:
        if any("\0" in one for one in given):
            raise Refused("an argument holds a zero byte, which no name and no file has")  # noqa: TRY301
        sys.exit(_command().main(given, standalone_mode=False))
    except RetentionError as error:
        typer.echo(str(error), err=True)
        _end(options, str(error), error.exit_code, error.findings if isinstance(error, MatrixRefused) else None)
    except typer.TyperException as error:
        rich_format_error(error)  # type: ignore[arg-type]  # every one that a parser raises is of the class it names
        _end(options, error.format_message(), error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        text = f"internal error ({type(error).__name__}); run again with --debug, and report it"
        typer.echo(text, err=True)
        _end(options, text, RetentionError.exit_code)


@cache
def _command() -> TyperGroup:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    return command


def _end(options: list[str], problem: str, code: int, findings: Sequence[Finding] | None = None) -> NoReturn:
    """Leave after an error, with its one JSON document where that is wanted."""
    if "--debug" in options:
        traceback.print_exc()
    if "--json" in options:
        document: dict[str, object] = {
            "schema": "retention.error/1",
            "status": "refused" if code == Refused.exit_code else "failed",
            "error": problem,
        }
        if findings is not None:
            document["findings"] = [finding.as_json() for finding in findings]
        print_json(document)
    sys.exit(code)
