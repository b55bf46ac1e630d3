"""Which rows may keep a row: those that refer to it or to a part of its record, and other owners of its parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, FromClause, and_, func, not_, or_, select

from retention.database.keyset import among, as_one
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import compared, joined
from retention.matrix.binding import Binding, BoundPart, Step
from retention.plan.going import Going
from retention.plan.rules import BoundRule
from retention.plan.units import Unit


@dataclass(frozen=True, slots=True)
class Holder:
    """Rows that ``steps`` lead to and that keep a row while they stay.

    ``named``: the rule of ``while_referenced_by`` that selects them. ``part``: they are parts of the row's own record,
    which keep it only where a hold covers them.
    """

    steps: tuple[Step, ...]
    named: BoundRule | None = None
    part: bool = False

    @property
    def table(self) -> TableKey:
        """Return the table the rows are in."""
        return self.steps[-1].reached

    def leaves(self, unit: Unit) -> bool:
        """Whether rows of the table may ever let go: those of a table without a rule always stay."""
        return self.named is not None or self.table in unit.row_rules or self.table in unit.part_owners

    def stays(self, going: Going, row: FromClause) -> Sql:
        """Return whether such a row stays by itself."""
        if self.part:
            return going.covers(self.table, row)
        if self.named is None:
            return not_(going.goes(self.table, row))
        return and_(self.named.selected(row), going.stays(self.named, row))


def holders(unit: Unit, rules: Sequence[BoundRule]) -> tuple[Holder, ...]:
    """Return what may keep a row of the rules, which are all row rules of one table, or one column rule."""
    found: list[Holder] = []
    if rules[0].action.on_rows:
        parts = tuple(dict.fromkeys(part for rule in rules for part in rule.parts))
        found.extend(_references(unit, rules[0].table, parts, ()))
    found.extend(Holder((Step(relation, up=False),), other) for rule in rules for other, relation in rule.referencing)
    return tuple(found)


def _references(unit: Unit, table: TableKey, parts: Sequence[BoundPart], path: tuple[Step, ...]) -> Iterator[Holder]:
    own = {part.relation for part in parts}
    for relation in unit.referring(table):
        if relation not in own:
            yield Holder((*path, Step(relation, up=False)))
    for part in parts:
        there = (*path, Step(part.relation, up=False))
        yield Holder(there, part=True)
        for _owner, relation in unit.part_owners.get(part.table, ()):
            yield Holder((*there, Step(relation, up=True)))
        yield from _references(unit, part.table, part.parts, there)


def holding(
    connection: Connection, unit: Unit, table: TableKey, key: Sequence[Any], some: Sequence[Holder], going: Going
) -> dict[TableKey, int]:
    """Return how many rows of each table keep the row of that key, as ``going`` stands; none are left out."""
    found: dict[TableKey, int] = {}
    for other in dict.fromkeys(one.table for one in some):
        row = unit.binding.shape(other).sql.alias()
        reasons = [
            and_(_reached(unit.binding, table, key, one.steps, row), one.stays(going, row))
            for one in some
            if one.table == other
        ]
        condition = or_(*reasons)
        if other == table:
            condition = and_(condition, not_(among(row, unit.binding.row_key(table), [key])))
        number = int(connection.execute(select(func.count()).select_from(row).where(condition)).scalar_one())
        if number:
            found[other] = number
    return found


def _reached(binding: Binding, table: TableKey, key: Sequence[Any], steps: Sequence[Step], row: FromClause) -> Sql:
    """Return whether ``steps`` lead to ``row`` from the row of that key, as a list where an index may serve it."""
    near: FromClause = binding.shape(table).sql.alias()
    conditions = [among(near, binding.row_key(table), [key])]
    for step in steps[:-1]:
        far = binding.shape(step.reached).sql.alias()
        child, parent = (near, far) if step.up else (far, near)
        conditions.append(joined(step.relation, child, parent))
        near = far
    last = steps[-1]
    child, parent = (near, row) if last.up else (row, near)
    here, there = compared(last.relation, child, parent)
    if not last.up:
        here, there = there, here
    return as_one(there).in_(select(*here).where(*conditions))
