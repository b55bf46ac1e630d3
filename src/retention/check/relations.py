"""Relations over which each row costs a scan, whose values don't match, or over which rows go by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.costs import index_statement, scan_cost
from retention.check.parts import parts_of, tables_of, takes_rows
from retention.database.catalog import Facts
from retention.database.columns import ColumnKind
from retention.database.names import TableKey
from retention.database.relations import Relation
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key

_ON_THE_TABLE = "add the foreign key ON DELETE SET NULL to the partitioned table, and say `detach: true`"
_ALIKE = frozenset({ColumnKind.INTEGER, ColumnKind.DECIMAL})


def relations(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield what is wrong with the relations that lead to tables of rules."""
    row_rules = {table_key(rule.table) for rule in binding.rules if takes_rows(rule)}
    parts = {part.table: owner for rule in binding.rules for owner, part in parts_of(binding, rule)}
    waiting = set(_waiting(binding))
    named = {table_key(rule.table) for rule in binding.rules} | set(parts)
    for relation in binding.graph.relations:
        yield from _unsure(binding, relation)
        if relation.parent not in named or relation.child not in binding.schema.tables:
            continue
        held = relation.parent in row_rules | set(parts) or (relation.child, relation.parent) in waiting
        if relation.holds and held:
            yield from _index(binding, facts, relation)
        yield from _types(binding, relation)
        yield from _unique(binding, relation)
        yield from _detached(binding, relation)
        if relation.holds and relation.parent in row_rules | set(parts):
            yield from _on_delete(binding, relation, row_rules, parts)


def _waiting(binding: Binding) -> Iterator[tuple[TableKey, TableKey]]:
    """Yield the pairs of tables over which rows of column rules wait for other rules' rows."""
    tables = {rule.id: table_key(rule.table) for rule in binding.rules}
    for rule in binding.rules:
        for one in rule.while_referenced:
            yield from ((tables[name], table_key(rule.table)) for name in one.rules if name in tables)


def _name(binding: Binding, relation: Relation) -> str:
    return f"{binding.name_of(relation.child)}({', '.join(relation.columns)})"


def _index(binding: Binding, facts: Facts, relation: Relation) -> Iterator[Finding]:
    if binding.shape(relation.child).indexed(relation.columns):
        return
    name = _name(binding, relation)
    cost = scan_cost(facts, relation.child, relation.parent)
    make = index_statement(binding, relation.child, relation.columns)
    yield finding("RET205", name, f"{name} refers to {relation.parent} and has no index{cost}", name, do=make)


def _types(binding: Binding, relation: Relation) -> Iterator[Finding]:
    child, parent = binding.shape(relation.child), binding.shape(relation.parent)
    for own, other in zip(relation.columns, relation.parent_columns, strict=False):
        kinds = {child.columns[own].kind, parent.columns[other].kind}
        if own in relation.as_text and not kinds <= _ALIKE and ColumnKind.OTHER not in kinds:
            what = (
                f"{binding.name_of(relation.child)}.{own} is a {child.columns[own].kind} and refers to "
                f"{binding.name_of(relation.parent)}.{other}, a {parent.columns[other].kind}: texts are compared"
            )
            yield finding("RET216", _name(binding, relation), what, str(binding.name_of(relation.child)))


def _unsure(binding: Binding, relation: Relation) -> Iterator[Finding]:
    """Yield a finding for each rule of either table: by the relation its rows stay, go along, or are somebody's."""
    for rule in binding.rules if relation.unsure else ():
        if {relation.child, relation.parent} & set(tables_of(binding, rule)):
            what = (
                f"rule {rule.id}: the foreign key {_name(binding, relation)} compares {', '.join(relation.unsure)} in "
                f"a way of its own with {binding.name_of(relation.parent)}: which rows refer to which can't be told"
            )
            yield finding("RET251", _name(binding, relation), what, rule.id)


def _unique(binding: Binding, relation: Relation) -> Iterator[Finding]:
    parent = binding.shape(relation.parent)
    named = any(set(key) <= set(relation.parent_columns) for key in (parent.primary_key, *parent.unique_keys) if key)
    if not named and not relation.declared:
        what = (
            f"({', '.join(relation.parent_columns)}) of {binding.name_of(relation.parent)} isn't unique: a row of "
            f"{binding.name_of(relation.child)} refers to every row with its value"
        )
        yield finding("RET217", _name(binding, relation), what, str(binding.name_of(relation.child)))


def _detached(binding: Binding, relation: Relation) -> Iterator[Finding]:
    if relation.detach and relation.partitions:
        child = binding.name_of(relation.child)
        what = f"{_name(binding, relation)} is to be detached, and {child} itself has no foreign key there"
        yield finding("RET233", _name(binding, relation), what, str(child), do=_ON_THE_TABLE)
    elif relation.detach and relation.on_delete != "SET NULL":
        what = f"{_name(binding, relation)} is to be detached, and its foreign key says ON DELETE {relation.on_delete}"
        if not relation.declared:
            what = f"{_name(binding, relation)} is to be detached, and the database declares no foreign key there"
        yield finding("RET233", _name(binding, relation), what, str(binding.name_of(relation.child)))


def _on_delete(
    binding: Binding, relation: Relation, row_rules: set[TableKey], parts: dict[TableKey, TableKey]
) -> Iterator[Finding]:
    child = str(binding.name_of(relation.child))
    goes_along = parts.get(relation.child) == relation.parent
    if relation.on_delete == "CASCADE" and not goes_along:
        keeps = "which has a rule of its own" if relation.child in row_rules else "which no rule lets go"
        what = (
            f"{_name(binding, relation)} goes by ON DELETE CASCADE with a row of {relation.parent}: a row of {child}, "
            f"{keeps}, that is written at the very moment would be lost"
        )
        yield finding("RET220", _name(binding, relation), what, child)
    if relation.on_delete == "SET NULL" and not relation.detach and not goes_along:
        what = (
            f"{_name(binding, relation)} could become null when its row of {relation.parent} goes; as long as it isn't "
            "allowed to, it keeps that row"
        )
        yield finding("RET221", _name(binding, relation), what, child, do=_ON_THE_TABLE if relation.partitions else "")
