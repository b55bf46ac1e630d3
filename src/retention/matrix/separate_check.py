"""What can be wrong about where ``then: separate`` moves rows to, before any database is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.model import Action, Matrix, Part, Place, Rule, TableName
from retention.matrix.reach import reached


@dataclass(frozen=True, slots=True)
class Move:
    """Rows of ``table`` are moved to ``to`` under ``rule``, as the rule's own rows or as parts of them."""

    rule: Rule
    table: TableName
    to: TableName
    place: Place


def check_separate(matrix: Matrix) -> Iterator[Finding]:
    """Yield every contradiction between rules that move rows and the rest of the matrix."""
    moves = [move for rule in matrix.rules for move in moves_of(rule)]
    yield from _circles(moves)
    yield from _scope(matrix, moves)
    yield from _for_ever(matrix, moves)
    yield from _two_ways(matrix)


def moves_of(rule: Rule) -> Iterator[Move]:
    """Yield what a rule moves, its own rows first."""
    if rule.action is not Action.SEPARATE:
        return
    if rule.to is not None:
        yield Move(rule, rule.table, rule.to, rule.at("to"))
    yield from (Move(rule, part.table, part.to, part.place) for part in _parts(rule.parts) if part.to is not None)


def _circles(moves: list[Move]) -> Iterator[Finding]:
    """Yield moves from which rows come back to where they were."""
    ways: dict[TableName, list[TableName]] = {}
    for move in moves:
        ways.setdefault(move.table, []).append(move.to)
    for move in moves:
        if move.to == move.table:
            what = f"rule {move.rule.id} moves rows of {move.table} to {move.to} itself: they would never be apart"
            yield finding("RET144", move.place, what, subject=move.rule.id)
        elif move.table in reached(ways, [move.to]):
            what = f"rule {move.rule.id} moves rows of {move.table} to {move.to}, from where they come back to it"
            yield finding("RET144", move.place, what, subject=move.rule.id)


def _scope(matrix: Matrix, moves: list[Move]) -> Iterator[Finding]:
    for move in moves:
        entry = matrix.tables.get(move.to)
        if entry is not None and entry.out_of_scope is not None:
            what = f"rule {move.rule.id} moves rows to {move.to}, which is out of scope ({entry.out_of_scope})"
            yield finding("RET117", move.place, what, subject=move.rule.id)


def _for_ever(matrix: Matrix, moves: list[Move]) -> Iterator[Finding]:
    """Yield destinations whose rows no rule ever takes away."""
    going = {rule.table for rule in matrix.rules if rule.action.on_rows or rule.then_after is not None}
    going.update(part.table for rule in matrix.rules for part in _parts(rule.parts))
    told: set[TableName] = set()
    for move in moves:
        if move.to not in going and move.to not in told:
            told.add(move.to)
            what = f"rule {move.rule.id} moves rows to {move.to}, and no rule ever destroys them there"
            yield finding("RET145", move.place, what, subject=move.rule.id)


def _two_ways(matrix: Matrix) -> Iterator[Finding]:
    """Yield tables whose rows one owner takes with it to another place than the next, or to none."""
    ways: dict[TableName, tuple[Rule, Part]] = {}
    for rule in matrix.rules:
        for part in _parts(rule.parts):
            other, first = ways.setdefault(part.table, (rule, part))
            if first.to != part.to:
                what = (
                    f"rows of {part.table} go to {first.to or 'nowhere'} as parts of rule {other.id}, and to "
                    f"{part.to or 'nowhere'} as parts of rule {rule.id}: one may be a part of both"
                )
                yield finding("RET146", part.place, what, subject=rule.id)


def _parts(parts: tuple[Part, ...]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _parts(part.parts)
