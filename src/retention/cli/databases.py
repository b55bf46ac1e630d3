"""``init`` and ``demo``: what is made in a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from retention.cli.state import State, write_text
from retention.database.connect import Database, open_database
from retention.database.ddl import script
from retention.database.identity import give_identity
from retention.database.url import parse
from retention.errors import Refused
from retention.law import LAST_EVENT
from retention.pipeline import environment_connections, wall_clock
from retention.pipeline.drafting import draft_matrix
from retention.pipeline.granting import grant_statements


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(demo)


def init(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection's name; its URL is RETENTION_CONN_<NAME>.")],
    identity: Annotated[str | None, typer.Option(help="Make the pipeline's own tables, and name the database.")] = None,
    ddl: Annotated[bool, typer.Option("--ddl", help="Only print the tables' DDL.")] = False,
    grants: Annotated[
        str | None, typer.Option(metavar="ROLE", help="Only print the rights that a role needs for the matrix.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the draft to a new file.")] = None,
) -> None:
    """Draft a matrix from a live schema; with --identity, make the pipeline's own small tables there instead."""
    state: State = context.obj
    if identity is not None and not identity.strip():
        raise Refused("init --identity: the name is empty; write the one that the matrix says under `identity:`")
    if grants is not None:
        with state.open_pipeline() as pipeline:
            statements = "\n".join(grant_statements(pipeline, connection, grants))
        state.tell({"connection": connection, "grants": statements}, statements)
        return
    database = open_database(connection, 0, connection, environment_connections()(connection))
    try:
        if ddl:
            statements = script(f"pipeline/{database.dialect.name}.sql")
            state.tell({"connection": connection, "ddl": statements}, statements)
            return
        if identity is None:
            _draft(state, database, out)
            return
        made = give_identity(database, identity, wall_clock())
    finally:
        database.close()
    state.tell(
        {"connection": connection, "identity": identity, "made": made},
        f"{connection} is {identity}" + ("" if made else " already"),
    )


def _draft(state: State, database: Database, out: Path | None) -> None:
    text, connection = draft_matrix(database), database.connection_name
    if out is None:
        state.tell({"connection": connection, "matrix": text}, text.removesuffix("\n"))
        return
    write_text(out, text, "init --out", anew=True)
    state.tell(
        {"connection": connection, "out": str(out)},
        f"{out}: a draft with guesses in it; go on with `retention --config {out} check`",
    )


def demo(
    context: typer.Context,
    url: Annotated[
        str, typer.Option(help="A SQLAlchemy URL; a SQLite file is made.")
    ] = "sqlite:///var/demo/shop.sqlite",
    members: Annotated[int, typer.Option(min=1, help="How many members the shop has.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same shop.")] = 1,
    identity: Annotated[str, typer.Option(help="The identity the shop's database gets.")] = "shop-demo",
) -> None:
    """Make the demo shop: eight years of an online-education shop before --as-of, ugly cases included."""
    from retention.demo import build_shop  # noqa: PLC0415 - Faker takes a moment that no other command needs

    state: State = context.obj
    as_of = state.as_of
    if as_of is None:
        raise Refused("demo: say round which day with --as-of YYYY-MM-DD; the same day makes the same shop")
    if as_of > LAST_EVENT:
        raise Refused(f"demo --as-of {as_of}: days after {LAST_EVENT} stand for never; name an earlier one")
    counts = build_shop(parse(url, "--url"), members=members, seed=seed, as_of=as_of, progress=state.progress)
    database = open_database("demo", 0, "demo", parse(url, "--url"))
    try:
        give_identity(database, identity, wall_clock())
    finally:
        database.close()
    total = sum(counts.values())
    state.tell({"rows": counts, "total": total}, f"{total:,} rows in {len(counts)} tables, as of {as_of}")
