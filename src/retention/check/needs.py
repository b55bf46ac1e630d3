"""The rights that a role needs to carry out a matrix in one database, and no others."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.parts import parts_of, takes_rows
from retention.database.catalog import Need, Right, catalog_of
from retention.database.names import TableKey
from retention.database.own_tables import TABLES
from retention.errors import Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Rule


def needs_of(binding: Binding) -> tuple[Need, ...]:
    """Return every right that a night needs, on tables that are there; no right is named twice."""
    needs = [need for need in _all(binding) if need.table in binding.schema.tables]
    return tuple(dict.fromkeys([*needs, *_own()]))


def needs_of_rule(binding: Binding, rule: Rule) -> tuple[Need, ...]:
    """Return what one rule needs besides the pipeline's own tables."""
    return tuple(dict.fromkeys(need for need in _rule(binding, rule) if need.table in binding.schema.tables))


def _own() -> Iterator[Need]:
    rights: tuple[Right, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
    for table in TABLES:
        for right in rights:
            yield Need(TableKey(None, table.name), right)


def _all(binding: Binding) -> Iterator[Need]:
    for name, entry in binding.matrix.tables.items():
        if name.database == binding.entry.name and entry.out_of_scope is None:
            yield Need(table_key(name), "SELECT")
    for rule in binding.rules:
        yield from _rule(binding, rule)


def _rule(binding: Binding, rule: Rule) -> Iterator[Need]:
    table = table_key(rule.table)
    if table not in binding.schema.tables:
        return
    yield Need(table, "SELECT")
    for key in _read(binding, rule):
        yield Need(key, "SELECT")
    if rule.columns:
        moved = [name for name, column in binding.shape(table).columns.items() if column.on_update]
        changed = [name for name, spec in rule.columns.items() if spec.name != "keep"]
        yield Need(table, "UPDATE", tuple(dict.fromkeys([*changed, *([rule.mark] if rule.mark else []), *moved])))
    if takes_rows(rule):
        yield from _goes(binding, table)
    for _owner, part in parts_of(binding, rule):
        yield Need(part.table, "SELECT")
        yield from _goes(binding, part.table)


def _goes(binding: Binding, table: TableKey) -> Iterator[Need]:
    yield Need(table, "DELETE")
    key = binding.row_key(table)
    if catalog_of(binding.database).locks_need_update and key:
        yield Need(table, "UPDATE", key[:1])


def _read(binding: Binding, rule: Rule) -> Iterator[TableKey]:
    """Yield the tables in which a rule's clocks lie, and those whose rows may refer to its own."""
    table = table_key(rule.table)
    for clock in clocks_of(rule):
        try:
            yield from (step.reached for step in binding.path(table, clock.via, clock.place))
        except Refused:
            # Told with the clocks; nothing can be granted for a path that leads nowhere.
            continue
    for target in (table, *(part.table for _owner, part in parts_of(binding, rule))):
        yield from (relation.child for relation in binding.graph.to(target))
