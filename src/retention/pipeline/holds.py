"""Adding a hold, and what a run records of those in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from retention.errors import Refused, RetentionError
from retention.matrix.binding import Binding
from retention.matrix.model import Matrix
from retention.matrix.names import parse_table
from retention.matrix.where import WhereError, columns_of, parse_where
from retention.pipeline.base import Pipeline
from retention.plan.bind import AFTER, bind_all
from retention.plan.going import count
from retention.plan.held import Held
from retention.plan.units import units_of
from retention.register import Hold

Covered = Sequence[Mapping[str, Any]]
"""How many rows of which tables a hold covers: ``table``, ``rows``."""


def add_hold(pipeline: Pipeline, wish: Hold) -> tuple[Hold, Covered | None]:
    """Record a hold; return it, and what it covers today.

    A hold on a subject or a rule is recorded also where its database can't be looked at: what it covers is None then.

    Raises:
        Refused: something of the wish is missing, unknown or past. Neither a value nor a condition is repeated.
    """
    wish = _checked(wish, pipeline)
    try:
        covered: Covered | None = _covered(pipeline, wish)
    except RetentionError as problem:
        if wish.kind == "where":
            raise Refused(f"hold add --where: {problem}") from None
        pipeline.progress(f"the hold is recorded without a look at its database: {problem}")
        covered = None
    return pipeline.holds.add(wish), covered


def holds_recorded(pipeline: Pipeline, databases: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the holds in force on a plan's databases, as a run's documents have them."""
    named = [(one["name"], one["identity"]) for one in databases]
    return [hold.as_json() for hold in pipeline.live_holds() if any(hold.on(*one) for one in named)]


def holds_met(begun: Sequence[Mapping[str, Any]], ended: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the holds that a run met: those in force when it began and those when it ended, each once."""
    return list({hold["id"]: hold for hold in (*begun, *ended)}.values())


def _checked(wish: Hold, pipeline: Pipeline) -> Hold:
    if not wish.by.strip() or not wish.reason.strip():
        raise Refused("hold add: a hold without a name or a reason proves nothing; fill in --by and --reason")
    if wish.until is not None and wish.until < pipeline.today:
        raise Refused(f"hold add --until {wish.until}: that day is past in Seoul ({pipeline.today}); it covers nothing")
    _check_texts((*wish.subject, wish.where) if wish.kind == "where" else wish.subject)
    if wish.kind == "subject":
        database = wish.database
    elif wish.kind == "rule":
        database = _database_of_rule(pipeline.matrix, wish)
    else:
        database = _database_of_table(pipeline.matrix, wish)
    if wish.database not in ("", database):
        raise Refused(f"hold add --database {wish.database}: what is to be held lies in {database}; leave it out")
    if database not in pipeline.matrix.databases:
        raise Refused(f"hold add --database {database}: the matrix has no such database")
    return replace(wish, database=database, identities=pipeline.matrix.databases[database].identities)


def _check_texts(texts: Sequence[str]) -> None:
    for text in texts:
        try:
            text.encode()
        except UnicodeEncodeError:
            raise Refused("hold add: a value is no text in UTF-8; give it over standard input") from None
        if not text or "\0" in text:
            raise Refused("hold add: a value is empty or holds a zero byte; it would cover nothing")


def _database_of_rule(matrix: Matrix, wish: Hold) -> str:
    for rule in matrix.rules:
        if rule.id == wish.rule or (rule.then_after is not None and rule.id + AFTER == wish.rule):
            return rule.table.database
    raise Refused(f"hold add --rule {wish.rule}: the matrix has no such rule")


def _database_of_table(matrix: Matrix, wish: Hold) -> str:
    name = parse_table(wish.table)
    if name is None or name not in matrix.tables:
        # It isn't repeated: it may be the condition, with somebody's name in it.
        raise Refused("hold add --where TABLE EXPR: the matrix has no such table; write it first, as database.table")
    try:
        parse_where(wish.where)
    except WhereError:
        # The error would show the condition, whose constants may be somebody's.
        raise Refused(
            "hold add --where: the condition can't be read; it takes columns of the table, numbers, 'text', DATE '…', "
            "TRUE, FALSE, NULL, = <> < <= > >=, IN, BETWEEN, LIKE, IS [NOT] NULL, AND, OR, NOT"
        ) from None
    return name.database


def _covered(pipeline: Pipeline, wish: Hold) -> Covered:
    found: dict[str, int] = {}
    with replace(pipeline, databases=frozenset({wish.database}), rules=frozenset()).bindings() as bindings:
        for binding in bindings:
            if wish.kind == "where":
                _check_columns(binding, wish)
            for table, rows in _rows(binding, wish):
                found[table] = found.get(table, 0) + rows
    return [{"table": table, "rows": rows} for table, rows in found.items() if rows]


def _check_columns(binding: Binding, wish: Hold) -> None:
    name = parse_table(wish.table)
    assert name is not None
    for column in sorted(columns_of(parse_where(wish.where)) - set(binding.shape(name).columns)):
        raise Refused(f"{wish.table} has no column {column}; spell it as the database does")


def _rows(binding: Binding, wish: Hold) -> Iterable[tuple[str, int]]:
    bound, _findings = bind_all(binding)
    with binding.database.planning() as connection:
        for unit in units_of(binding, bound):
            held = Held.copied(connection, unit, [wish])
            for table in held.tables:
                row = binding.shape(table).sql
                if held.reaches(table):
                    yield str(binding.name_of(table)), count(connection, row, held.covers(table, row))
            held.drop(connection)
