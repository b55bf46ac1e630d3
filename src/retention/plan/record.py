"""A row with the parts of its record: what holds one of them from outside holds them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import FromClause, and_, false, literal, not_, or_, select
from sqlalchemy.sql.elements import False_

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, joined
from retention.matrix.binding import BoundPart
from retention.plan.circles import array, components
from retention.plan.clocks import sure
from retention.plan.held import Covers, nobody
from retention.plan.rules import BoundRule
from retention.plan.units import Path, Unit, part_paths


@dataclass
class Record:
    """The record of ``row`` under ``rule``, as long as its parts are there."""

    unit: Unit
    rule: BoundRule
    row: FromClause
    covers: Covers = nobody

    def held(self) -> Iterator[Sql]:
        """Yield what may hold the row or one of its parts: a row beside the record that is still there."""
        own = self._going_along(self.rule.parts)
        for relation in self.unit.referring(self.rule.table):
            if relation not in own:
                yield self._referred(relation, self.row)
        for path in self.paths:
            chain, member = self._down(path)
            reasons = list(self._part_held(path, member))
            if reasons:
                yield exists(select(literal(1)).where(*chain, or_(*reasons)).correlate(self.row))

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Return the ways to every kind of part."""
        return tuple(part_paths(self.rule.parts))

    @cached_property
    def order(self) -> dict[TableKey, int]:
        """Return when rows of each table of the record go: those of a lower number first; circles share one."""
        tables = list(dict.fromkeys([*(path[-1].table for path in self.paths), self.rule.table]))
        inside = self.unit.inside(tables)
        parents = array(tables.index(relation.parent) for relation in inside)
        children = array(tables.index(relation.child) for relation in inside)
        return dict(zip(tables, map(int, components(len(tables), parents, children)), strict=True))

    def beside(self, path: Path) -> bool:
        """Whether anything but the record itself could hold a part at the end of ``path``."""
        return any(True for _reason in self._part_held(path, self.unit.binding.shape(path[-1].table).sql.alias()))

    def _going_along(self, parts: Sequence[BoundPart]) -> set[Relation]:
        """Return the relations over which such parts hold nothing: parts that are moved may refer to it from there."""
        return {part.relation for part in parts if not self.unit.moves_along(part.relation)}

    def _part_held(self, path: Path, member: FromClause) -> Iterator[Sql]:
        covered = self.covers(path[-1].table, member)
        if not isinstance(covered, False_):
            yield covered
        own = self._going_along(path[-1].parts)
        for relation in self.unit.referring(path[-1].table):
            if relation not in own:
                yield self._referred(relation, member)
        for owner, relation in self.unit.part_owners[path[-1].table]:
            if relation == path[-1].relation and self.unit.names_one(relation):
                continue
            above = self.unit.binding.shape(owner).sql.alias()
            other = [joined(relation, member, above), not_(self._has(owner, above))]
            yield exists(select(literal(1)).where(*other).correlate(member, self.row))

    def _referred(self, relation: Relation, row: FromClause) -> Sql:
        child = self.unit.binding.shape(relation.child).sql.alias()
        conditions = [joined(relation, child, row)]
        if self.unit.lets_go_of_itself(relation):
            conditions.append(not_(self.unit.same(relation.child, child, row)))
        before = relation.child in self.order and self.order[relation.child] < self.order[relation.parent]
        if before and not self.unit.moves_along(relation):
            conditions.append(not_(self._has(relation.child, child)))
        return exists(select(literal(1)).where(*conditions).correlate(row, self.row))

    def _has(self, table: TableKey, member: FromClause) -> Sql:
        """Return whether a row of ``table`` is of this record."""
        if table == self.rule.table:
            return self.unit.same(table, member, self.row)
        ways: list[Sql] = []
        for path in self.paths:
            if path[-1].table == table:
                chain = self._up(path, member)
                if len(path) == 1:
                    ways.append(and_(*chain))
                else:
                    ways.append(exists(select(literal(1)).where(*chain).correlate(member, self.row)))
        return sure(or_(*ways)) if ways else false()

    def _up(self, path: Path, member: FromClause) -> list[Sql]:
        """Return the joins from a part up to the row."""
        joins: list[Sql] = []
        here = member
        for place in range(len(path) - 1, -1, -1):
            above = self.row if place == 0 else self.unit.binding.shape(path[place - 1].table).sql.alias()
            joins.append(joined(path[place].relation, here, above))
            here = above
        return joins

    def _down(self, path: Path) -> tuple[list[Sql], FromClause]:
        """Return the joins from the row down to a part, and the part."""
        joins: list[Sql] = []
        here = self.row
        for part in path:
            below = self.unit.binding.shape(part.table).sql.alias()
            joins.append(joined(part.relation, below, here))
            here = below
        return joins, here
