"""Tables and columns that the matrix names and the database lacks."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.database.catalog import Facts
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.mistakes import nearest
from retention.matrix.model import ColumnClock, Part, Place, Rule, Subject, TableEntry, TableName
from retention.matrix.where import columns_of


def missing_names(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each missing table or column, each once."""
    yield from dict.fromkeys(_missing(binding, facts))


def _missing(binding: Binding, facts: Facts) -> Iterator[Finding]:
    for name in sorted(binding.named_twice):
        what = f"{name} stands under two names: {binding.schema.default} is the connection's default schema"
        yield finding("RET234", binding.matrix.tables[name].place, what, str(name))
    for name, entry in binding.matrix.tables.items():
        if name.database != binding.entry.name or entry.out_of_scope is not None:
            continue
        if not binding.has(name):
            yield _table(binding, facts, name, entry.place)
            continue
        for column in _columns_of_table(entry):
            yield from _column(binding, name, column, entry.place)
        for relation in entry.relations:
            if not binding.has(relation.to):
                yield _table(binding, facts, relation.to, relation.place)
            for column in relation.to_columns:
                yield from _column(binding, relation.to, column, relation.place)
        if entry.subject is not None and entry.subject.via:
            yield from _path(binding, facts, name, entry.subject, entry.place)
    for rule in binding.rules:
        yield from _rule(binding, facts, rule)


def _rule(binding: Binding, facts: Facts, rule: Rule) -> Iterator[Finding]:
    if not binding.has(rule.table):
        return
    for column in sorted(columns_of(rule.where)):
        yield from _column(binding, rule.table, column, rule.at("where"))
    for column, spec in rule.columns.items():
        yield from _column(binding, rule.table, column, spec.place)
    if rule.mark is not None:
        yield from _column(binding, rule.table, rule.mark, rule.at("mark"))
    for clock in clocks_of(rule):
        if clock.via:
            yield from _path(binding, facts, rule.table, clock, clock.place)
        else:
            yield from _column(binding, rule.table, clock.column, clock.place)
    for part in rule.parts:
        yield from _part(binding, part, rule.table)


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


def _path(
    binding: Binding, facts: Facts, start: TableName, end: Subject | ColumnClock, place: Place
) -> Iterator[Finding]:
    """Yield tables of a path that aren't there, and the columns at its end; a path that breaks is told elsewhere."""
    gone = [hop.table for hop in end.via if hop.table is not None and not binding.has(hop.table)]
    for table in gone:
        yield _table(binding, facts, table, place)
    if gone:
        return
    latest = isinstance(end, ColumnClock) and end.latest
    try:
        steps = binding.path(table_key(start), end.via, place, only_up=not latest)
    except Refused:
        return
    for column in end.columns if isinstance(end, Subject) else (end.column,):
        yield from _column(binding, binding.name_of(steps[-1].reached), column, place)


def _table(binding: Binding, facts: Facts, name: TableName, place: Place) -> Finding:
    key = table_key(name)
    parent = facts.partitions.get(key)
    if parent is not None:
        what = f"{name} is a partition of {binding.name_of(parent)}: its rows are that table's"
        return finding("RET223", place, what, str(name), do=f"name {binding.name_of(parent)}")
    near = nearest(key.name, [other.name for other in binding.schema.tables if other.schema == key.schema])
    return finding("RET201", place, f"the database has no table {name}", str(name), do=near)


def _column(binding: Binding, table: TableName, column: str, place: Place) -> Iterator[Finding]:
    if binding.has(table) and column not in binding.shape(table).columns:
        near = nearest(column, binding.shape(table).columns)
        yield finding("RET202", place, f"{table} has no column {column}", str(table), do=near)
