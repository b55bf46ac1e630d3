"""Two matrices on the same databases: what the new one would destroy or keep that the old one wouldn't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from retention.database.connect import Database, open_database
from retention.database.identity import require_identity
from retention.database.reflect import Schema, reflect
from retention.errors import Refused
from retention.matrix.binding import bind
from retention.matrix.model import DatabaseEntry
from retention.pipeline.base import Pipeline
from retention.pipeline.shown import shown
from retention.plan.diff import Rows, RuleDiff, Side, rule_diffs, side, table_diffs
from retention.plan.units import Unit

SCHEMA = "retention.diff/1"


@dataclass
class _Found:
    """What was found so far, database by database."""

    rules: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    stopped: list[dict[str, str]] = field(default_factory=list)


def diff(old: Pipeline, new: Pipeline, as_of: date) -> dict[str, Any]:
    """Return the document ``retention.diff/1``: both matrices, judged on the same rows of the same databases.

    Rows are judged under each whole matrix, whichever rules are named; those named are shown.

    Raises:
        Refused: the matrices don't mean the same databases, or one is missing, unreachable or of another identity.
        MatrixRefused: a finding of either matrix refuses every run.
    """
    _check_names(old, new)
    found = _Found()
    for entry in _entries(old, new):
        for shard, connection_name in enumerate(entry.connections):
            database = open_database(entry.name, shard, connection_name, new.connections(connection_name))
            try:
                with database.planning() as connection:
                    require_identity(connection, database, entry.identities[shard])
                    _compare(connection, database, old, new, as_of, found)
            finally:
                database.close()
    rules = [one for one in found.rules if shown(new, one["id"])]
    named = {one["table"] for one in rules}
    return {
        "schema": SCHEMA,
        "as_of": as_of.isoformat(),
        "old": {"file": old.matrix.path, "matrix": old.matrix.digest},
        "new": {"file": new.matrix.path, "matrix": new.matrix.digest},
        "rules": rules,
        "tables": [one for one in found.tables if one["name"] in named],
        "stopped": [one for one in found.stopped if shown(new, one["id"])],
    }


def _compare(
    connection: Connection, database: Database, old: Pipeline, new: Pipeline, as_of: date, found: _Found
) -> None:
    schemas = {table.schema for one in (old, new) for table in one.matrix.tables if table.database == database.name}
    schema = reflect(connection, database.dialect, schemas)
    units = {}
    for name, pipeline in (("old", old), ("new", new)):
        units[name], stopped = _units(pipeline, database, schema, as_of)
        found.stopped.extend({"id": rule, "matrix": name, "finding": line} for rule, line in stopped.items())
    new.progress(f"comparing on {database.name}")
    holds = new.live_holds()
    with (
        side(connection, units["old"], as_of, holds, "old") as before,
        side(connection, units["new"], as_of, holds, "new") as after,
    ):
        found.rules.extend(_rule(one) for one in rule_diffs(connection, before, after, as_of))
        found.tables.extend(_tables(connection, before, after, as_of))


def _units(
    pipeline: Pipeline, database: Database, schema: Schema, as_of: date
) -> tuple[tuple[Unit, ...], dict[str, str]]:
    """Return one matrix's units on the database, and the rules that a finding stops, each with its line."""
    entry = pipeline.matrix.databases.get(database.name)
    if entry is None:
        return (), {}
    binding = bind(pipeline.matrix, entry, database, schema)
    planner = replace(pipeline, rules=frozenset()).planner(as_of, pipeline.check([binding]))
    units, problems = planner.units(binding)
    return units, {**planner.refused, **{problem.subject: problem.line() for problem in problems}}


def _entries(old: Pipeline, new: Pipeline) -> Iterator[DatabaseEntry]:
    """Yield every database that either matrix names; where both do, they have to mean the same one."""
    for name in dict.fromkeys([*new.matrix.databases, *old.matrix.databases]):
        if new.databases and name not in new.databases:
            continue
        before, after = old.matrix.databases.get(name), new.matrix.databases.get(name)
        entry = after or before
        assert entry is not None
        if before and after and (before.connections, before.identities) != (after.connections, after.identities):
            raise Refused(
                f"{after.place}: database {name} isn't the one that {before.place} names; "
                "two matrices are compared on the same databases"
            )
        yield entry


def _check_names(old: Pipeline, new: Pipeline) -> None:
    """See that one of the matrices has every database and rule that is named."""
    try:
        new.check_names()
    except Refused:
        old.check_names()


def _tables(connection: Connection, old: Side, new: Side, as_of: date) -> Iterator[dict[str, Any]]:
    for binding, table, rows in table_diffs(connection, old, new, as_of):
        yield {"name": str(binding.name_of(table)), "shard": binding.database.shard, **_counts(rows)}


def _rule(found: RuleDiff) -> dict[str, Any]:
    binding = found.rule.binding
    sides = {"old": found.old, "new": found.new}
    actions = {name: rule.action.value for name, rule in sides.items() if rule is not None}
    return {
        "id": found.rule.id,
        "database": binding.entry.name,
        "shard": binding.database.shard,
        "table": str(binding.name_of(found.rule.table)),
        "change": found.change,
        "changed": list(found.changed),
        "action": actions,
        **_counts(found.rows),
        "changed_action": found.rows.both if len(set(actions.values())) > 1 else 0,
    }


def _counts(rows: Rows) -> Mapping[str, Any]:
    return {
        "due": {"old": rows.old, "new": rows.new},
        "newly_due": rows.newly_due,
        "no_longer_due": rows.no_longer_due,
    }
