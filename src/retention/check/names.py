"""Tables and columns that the matrix names and the database lacks, and tables of which no row can be named."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Part, Place, Rule, TableEntry, TableName
from retention.matrix.where import columns_of


def missing_names(binding: Binding) -> Iterator[Finding]:
    """Yield a finding for each missing table or column, and each table of a rule without a key."""
    for name, entry in binding.matrix.tables.items():
        if name.database != binding.entry.name or entry.out_of_scope is not None:
            continue
        if not binding.has(name):
            yield finding("RET201", entry.place, f"the database has no table {name}", str(name))
            continue
        for column in _columns_of_table(entry):
            yield from _column(binding, name, column, entry.place)
    for rule in binding.rules:
        yield from _rule(binding, rule)


def _rule(binding: Binding, rule: Rule) -> Iterator[Finding]:
    if not binding.has(rule.table):
        return
    for column in sorted({*columns_of(rule.where), *rule.columns, *([rule.mark] if rule.mark else [])}):
        yield from _column(binding, rule.table, column, rule.place)
    for clock in clocks_of(rule):
        if not clock.via:
            yield from _column(binding, rule.table, clock.column, clock.place)
    for part in rule.parts:
        yield from _part(binding, part, rule.table)
    if not binding.row_key(table_key(rule.table)):
        what = f"{rule.table} has no primary or unique key, so no row of it can be named"
        yield finding("RET203", rule.place, what, str(rule.table))


def _part(binding: Binding, part: Part, owner: TableName) -> Iterator[Finding]:
    for column in part.columns:
        yield from _column(binding, part.table, column, part.place)
    for column in part.to_columns:
        yield from _column(binding, owner, column, part.place)
    for inner in part.parts:
        yield from _part(binding, inner, part.table)


def _columns_of_table(entry: TableEntry) -> Iterator[str]:
    yield from entry.key
    yield from entry.items
    yield from entry.not_personal
    if entry.subject is not None and not entry.subject.via:
        yield from entry.subject.columns
    for relation in entry.relations:
        yield from relation.columns


def _column(binding: Binding, table: TableName, column: str, place: Place) -> Iterator[Finding]:
    if binding.has(table) and column not in binding.shape(table).columns:
        yield finding("RET202", place, f"{table} has no column {column}", str(table))
