"""``coverage``: what of the policy, the matrix and the databases no rule covers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, literal, not_, or_, select

from retention.check import missing_from
from retention.check.classification import unclassified_columns, unlisted_tables
from retention.check.codes import finding
from retention.check.coverage import going_tables, uncovered
from retention.check.parents import parents
from retention.check.parts import parts_of
from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.relations import Relation, joined
from retention.errors import Finding
from retention.matrix.binding import Binding
from retention.pipeline.base import Pipeline
from retention.plan.going import count
from retention.plan.planner import uncovered_rows


@dataclass(frozen=True, slots=True)
class Coverage:
    """What isn't covered, and a line about what is."""

    findings: tuple[Finding, ...]
    summary: str


def cover(pipeline: Pipeline) -> Coverage:
    """Look at the matrix, then at each database against it.

    Of a database that lacks a table or column, that alone is told.

    Raises:
        Refused: a database is missing, unreachable or of another identity.
    """
    matrix = pipeline.matrix
    found = list(uncovered(matrix))
    with pipeline.bindings() as bindings:
        for binding in bindings:
            missing = missing_from(binding)
            found.extend(missing)
            if missing:
                continue
            found.extend(unclassified_columns(binding))
            found.extend(unlisted_tables(binding))
            found.extend(one for one in parents(binding) if one.code == "RET222")
            found.extend(_rows(pipeline, binding))
    going = going_tables(matrix)
    personal = [entry for entry in matrix.tables.values() if entry.items and entry.out_of_scope is None]
    outside = sum(1 for entry in matrix.tables.values() if entry.out_of_scope is not None)
    ruled = {rule.table for rule in matrix.rules} | going
    covered = sum(1 for entry in personal if entry.name in ruled)
    summary = (
        f"tables: {len(matrix.tables):,}, {outside:,} out of scope; with personal items: {len(personal):,}, "
        f"{covered:,} of them under a rule or part of one that is; rules: {len(matrix.rules):,}; "
        f"purposes: {len(matrix.purposes):,}; legal bases: {len(matrix.bases):,}"
    )
    return Coverage(tuple(dict.fromkeys(found)), summary)


def _rows(pipeline: Pipeline, binding: Binding) -> Iterator[Finding]:
    units, _problems = pipeline.planner(pipeline.today, ()).units(binding)
    ruled = {str(rule.table) for rule in binding.rules}
    with binding.database.planning() as connection:
        pipeline.progress(f"counting rows without a rule in {binding.database.name}")
        for one in uncovered_rows(connection, binding, units):
            if one["name"] in ruled and one["uncovered"]:
                yield _left(binding, one["name"], f"{one['uncovered']:,} rows of {one['name']} are selected by no rule")
        yield from _ownerless(connection, binding)


def _ownerless(connection: Connection, binding: Binding) -> Iterator[Finding]:
    """Yield parts that belong to no owner: nothing they could go with is left."""
    owners: dict[TableKey, list[Relation]] = {}
    for rule in binding.rules:
        for _owner, part in parts_of(binding, rule):
            known = owners.setdefault(part.table, [])
            if part.relation not in known:
                known.append(part.relation)
    for table, relations in owners.items():
        row = binding.shape(table).sql
        above = [binding.shape(relation.parent).sql.alias() for relation in relations]
        owned = [
            exists(select(literal(1)).where(joined(relation, row, owner)).correlate(row))
            for relation, owner in zip(relations, above, strict=True)
        ]
        alone = count(connection, row, not_(or_(*owned)))
        if alone:
            name = str(binding.name_of(table))
            named = ", ".join(dict.fromkeys(str(binding.name_of(relation.parent)) for relation in relations))
            yield _left(
                binding, name, f"{alone:,} rows of {name} belong to no row of {named}, with which they would go"
            )


def _left(binding: Binding, name: str, what: str) -> Finding:
    entry = next((one for one in binding.matrix.tables.values() if str(one.name) == name), None)
    personal = entry is not None and bool(entry.items)
    return finding("RET403", name, what, name, severity="error" if personal else "warning")
