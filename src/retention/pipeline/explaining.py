"""Explaining one row: what keeps it, how each day is computed, and when it goes. Nothing is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, func, select

from retention.database.key_values import key_values
from retention.database.keyset import among
from retention.database.names import TableKey
from retention.errors import Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Matrix, TableName
from retention.matrix.names import parse_table
from retention.pipeline.base import Pipeline
from retention.pipeline.shown import shown
from retention.plan.explain import Explainer, RowAnswer
from retention.plan.planner import Planner
from retention.plan.units import Unit
from retention.report.explanation import SCHEMA, part_documents, rule_documents
from retention.report.wording import Words


@dataclass
class _Found:
    """What the shards of a database say of the row."""

    rules: list[dict[str, Any]] = field(default_factory=list)
    parts: list[dict[str, Any]] = field(default_factory=list)
    rows: int = 0


def explain(pipeline: Pipeline, table: str, key: Sequence[str], as_of: date, lang: str) -> dict[str, Any]:
    """Return the document ``retention.explain/1`` of the row that ``key`` names, with its steps in ``lang``.

    The row is judged under the whole matrix, whichever rules are named; those named are shown.

    Raises:
        Refused: the matrix has no such table, no row or several have the key, or a database can't be read.
        MatrixRefused: a finding refuses every run.
    """
    pipeline.check_names()
    name = _table(pipeline, table)
    whole = replace(pipeline, databases=frozenset({name.database}), rules=frozenset())
    found = _Found()
    words = Words.of(lang)
    with whole.bindings() as bindings:
        findings = whole.check(bindings)
        planner = whole.planner(as_of, findings)
        stopped = dict(planner.refused)
        for binding in bindings:
            units, problems = planner.units(binding)
            stopped.update({problem.subject: problem.line() for problem in problems})
            with binding.database.planning() as connection:
                answer = _row(connection, binding, units, name, key, planner)
            if answer is not None:
                shard = {"shard": binding.database.shard} if len(bindings) > 1 else {}
                found.rows += 1
                found.rules.extend({**one, **shard} for one in rule_documents(answer, words))
                found.parts.extend({**one, **shard} for one in part_documents(answer))
    if not found.rows:
        raise Refused(f"explain {name}: no row has that key; give the value of each column of its key")
    here = {rule.id: rule for rule in pipeline.matrix.rules if rule.table == name}
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "database": name.database,
        "table": str(name),
        "key": list(key),
        "as_of": as_of.isoformat(),
        "rules": [one for one in found.rules if shown(pipeline, one["id"])],
        "part_of": found.parts,
        "stopped": [{"id": rule, "finding": line} for rule, line in stopped.items() if rule in here],
        "uncovered": not found.rules and not found.parts and not set(stopped) & set(here),
    }
    entry = pipeline.matrix.tables.get(name)
    if entry is not None and entry.out_of_scope:
        document["out_of_scope"] = entry.out_of_scope
    return document


def _table(pipeline: Pipeline, table: str) -> TableName:
    name = parse_table(table)
    if name is None or not _knows(pipeline.matrix, name):
        raise Refused(f"explain {table}: the matrix has no such table; write database.table as the matrix spells it")
    if pipeline.databases and name.database not in pipeline.databases:
        raise Refused(f"explain {table}: --database leaves {name.database} out; name it, or leave the option out")
    return name


def _knows(matrix: Matrix, name: TableName) -> bool:
    return name in matrix.tables or any(rule.table == name for rule in matrix.rules)


def _row(
    connection: Connection,
    binding: Binding,
    units: Sequence[Unit],
    name: TableName,
    key: Sequence[str],
    planner: Planner,
) -> RowAnswer | None:
    """Return what one shard says of the row; None where it hasn't got it."""
    table = table_key(name)
    shape, columns = binding.shape(table), binding.row_key(table)
    if not columns:
        raise Refused(f"explain {name}: nothing names a row of it; say its `key:` in the matrix")
    values = key_values(shape, columns, key, f"explain {name}")
    matching = select(func.count()).select_from(shape.sql).where(among(shape.sql, columns, [values]))
    rows = int(connection.execute(matching).scalar_one())
    if rows > 1:
        raise Refused(f"explain {name}: {rows:,} rows have that key; say in the matrix a `key:` that names one")
    if not rows:
        return None
    unit = next((unit for unit in units if _decides(unit, table)), None)
    if unit is None:
        return RowAnswer((), ())
    return Explainer(connection, unit, planner.as_of, planner.holds).row(table, values)


def _decides(unit: Unit, table: TableKey) -> bool:
    return table in unit.part_owners or any(rule.table == table for rule in unit.rules)
