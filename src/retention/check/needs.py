"""The rights that a role needs to carry out a matrix in one database, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from retention.check.destinations import moves_of
from retention.check.parts import parts_of, tables_of, takes_rows
from retention.database.catalog import Need, Right, catalog_of
from retention.database.names import TableKey
from retention.database.own_tables import BATCH, IDENTITY, LEASE, TABLES
from retention.errors import Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Rule

_OWN: dict[str, tuple[Right, ...]] = {
    IDENTITY.name: ("SELECT",),
    LEASE.name: ("SELECT", "INSERT", "UPDATE"),
    # Markers prove what was committed: the role that destroys can add one, and change or take away none.
    BATCH.name: ("SELECT", "INSERT"),
}
_WHOLE: tuple[Right, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")


def needs_of(binding: Binding) -> tuple[Need, ...]:
    """Return every right that a night needs, on tables that are there; no right is named twice."""
    needs = [need for need in _all(binding) if need.table in binding.schema.tables]
    return tuple(dict.fromkeys([*needs, *_own(binding)]))


def needs_of_rule(binding: Binding, rule: Rule) -> tuple[Need, ...]:
    """Return what one rule needs besides the pipeline's own tables."""
    return tuple(dict.fromkeys(need for need in _rule(binding, rule) if need.table in binding.schema.tables))


def _own(binding: Binding) -> Iterator[Need]:
    for table in TABLES:
        for right in _OWN.get(table.name, _WHOLE):
            yield Need(TableKey(None, table.name), right)
    if catalog_of(binding.database).locks_need_update:
        yield Need(TableKey(None, IDENTITY.name), "UPDATE", (IDENTITY.c.version.name,))


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
        there = binding.shape(table).columns
        names = dict.fromkeys([*changed, *([rule.mark] if rule.mark else []), *moved])
        yield Need(table, "UPDATE", tuple(name for name in names if name in there))
    if takes_rows(rule):
        yield from _goes(binding, table)
    for _owner, part in parts_of(binding, rule):
        yield Need(part.table, "SELECT")
        yield from _goes(binding, part.table)
    for move in moves_of(binding, rule):
        yield Need(move.to, "INSERT")


def _goes(binding: Binding, table: TableKey) -> Iterator[Need]:
    yield Need(table, "DELETE")
    key = binding.row_key(table)
    changed = any(table_key(rule.table) == table and rule.columns for rule in binding.rules)
    if catalog_of(binding.database).locks_need_update and key and not changed:
        # Whoever may update any column may lock a row.
        yield Need(table, "UPDATE", tuple(name for name in key[:1] if name in binding.shape(table).columns))


def _read(binding: Binding, rule: Rule) -> Iterator[TableKey]:
    """Yield the tables in which a rule's clocks lie, those that tell whose its rows are, and what refers to them."""
    table = table_key(rule.table)
    for clock in clocks_of(rule):
        try:
            steps = binding.path(table, clock.via, clock.place, only_up=not clock.latest)
        except Refused:
            # Told with the clocks; nothing can be granted for a path that leads nowhere.
            continue
        yield from (step.reached for step in steps)
    entry = binding.table_entry(table)
    if entry is not None and entry.subject is not None:
        with suppress(Refused):
            yield from (step.reached for step in binding.path(table, entry.subject.via, entry.place))
    for target in tables_of(binding, rule):
        yield from (relation.child for relation in binding.graph.to(target))
