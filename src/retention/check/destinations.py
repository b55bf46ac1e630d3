"""Where ``then: separate`` moves rows to: whether every value has a place there, and stays what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from retention.check.codes import finding
from retention.check.parts import parts_of
from retention.database.names import TableKey
from retention.database.narrower import narrower
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Rule


@dataclass(frozen=True, slots=True)
class _Move:
    """``owners``: where the rows come to that these belong to, by the owner's table; they come before these."""

    rule: Rule
    table: TableKey
    to: TableKey
    owners: frozenset[TableKey]


def destinations(binding: Binding) -> Iterator[Finding]:
    """Yield what doesn't fit between tables of which rows are moved and those they are moved to."""
    moves = [move for rule in binding.rules for move in moves_of(binding, rule)]
    comes = {move.to: move for move in moves}
    for move in moves:
        if move.to in binding.schema.tables and move.table in binding.schema.tables:
            yield from _columns(binding, move)
            yield from _wanted(binding, move)
            yield from _references(binding, move, comes)


def moves_of(binding: Binding, rule: Rule) -> Iterator[_Move]:
    """Yield what a rule moves: its own rows, and the parts whose owners can be found."""
    if rule.to is None:
        return
    yield _Move(rule, table_key(rule.table), table_key(rule.to), frozenset())
    reached = {table_key(rule.table): frozenset({table_key(rule.to)})}
    for owner, part in parts_of(binding, rule):
        if part.to is not None:
            above = reached.get(owner, frozenset())
            yield _Move(rule, part.table, part.to, above)
            reached[part.table] = above | {part.to}


def _columns(binding: Binding, move: _Move) -> Iterator[Finding]:
    """Yield the columns whose values have no place, or not all of them."""
    here, there = binding.shape(move.table), binding.shape(move.to)
    for name in here.stored:
        column, other = here.columns[name], there.columns.get(name)
        at = f"{binding.name_of(move.to)}.{name}"
        whose = f"rule {move.rule.id}: {binding.name_of(move.table)}.{name}"
        if other is None:
            what = f"{whose} has no place in {binding.name_of(move.to)}: its values would be lost"
            yield finding("RET238", at, what, move.rule.id)
        elif other.refuses:
            what = f"{whose} can't be put into {at}, which takes no value but its own"
            yield finding("RET239", at, what, move.rule.id)
        else:
            loss = narrower(here.sql.c[name].type, column, there.sql.c[name].type, other, binding.database.dialect)
            if loss:
                yield finding("RET240", at, f"{whose} doesn't fit into {at}: {loss}", move.rule.id)
            if column.nullable and not other.nullable and name not in here.primary_key:
                what = f"{whose} may be null, and {at} may not: such a row would be refused"
                yield finding("RET239", at, what, move.rule.id)


def _wanted(binding: Binding, move: _Move) -> Iterator[Finding]:
    """Yield the columns of the destination that nothing fills."""
    here, there = binding.shape(move.table), binding.shape(move.to)
    for name, column in there.columns.items():
        if name not in here.stored and not column.nullable and not column.supplied:
            at = f"{binding.name_of(move.to)}.{name}"
            what = (
                f"rule {move.rule.id}: nothing fills {at}, which is NOT NULL and has no default: no row would come in"
            )
            yield finding("RET239", at, what, move.rule.id)


def _references(binding: Binding, move: _Move, comes: Mapping[TableKey, _Move]) -> Iterator[Finding]:
    """Yield foreign keys to rows that haven't come when these come, or that have to go just then."""
    own = {move.table, *(part.table for _owner, part in parts_of(binding, move.rule)), table_key(move.rule.table)}
    for relation in binding.graph.from_(move.to):
        if not relation.declared or relation.parent in move.owners:
            continue
        at = f"{binding.name_of(move.to)}({', '.join(relation.columns)})"
        parent = binding.name_of(relation.parent)
        if relation.parent in own:
            what = f"rule {move.rule.id}: {at} refers to {parent}, whose rows are to go in that very moment"
            yield finding("RET241", at, what, move.rule.id)
        elif relation.parent in comes:
            what = f"rule {move.rule.id}: {at} refers to {parent}, where the row it means has not been moved to yet"
            yield finding("RET241", at, what, move.rule.id)
