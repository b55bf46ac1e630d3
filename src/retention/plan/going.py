"""Deferral: the largest set of rows that can go together, over the relation graph.

Temporary tables hold the keys of rows that may go: every row that its own clocks let go, and the parts of its record.
Rows that others hold are taken out (:mod:`retention.plan.spread`) until nothing changes: what is left is the greatest
such set, so that what stays is the least. Tables to which nobody refers need no set; their own condition says it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import (
    Connection,
    FromClause,
    Index,
    Table,
    and_,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
)

from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, joined
from retention.database.temporary import empty_table
from retention.plan.clocks import sure
from retention.plan.held import Covers, nobody
from retention.plan.rules import BoundRule
from retention.plan.spread import Spread
from retention.plan.units import Path, Unit, part_paths


@dataclass
class Going:
    """The sets of one unit as of a day, alive as long as ``connection``.

    ``covers`` tells which rows a hold covers, ``name`` the tables of these sets from those of others. ``apart``: by
    table, how many rows stay because they refer to each other in a circle that the engine can't take apart.
    """

    connection: Connection
    unit: Unit
    as_of: date
    covers: Covers = nobody
    sets: dict[TableKey, Table] = field(default_factory=dict)
    name: str = "retention_going"
    apart: dict[TableKey, int] = field(default_factory=dict)

    def build(self) -> None:
        """Stage the candidates and take out what can't go."""
        unit = self.unit
        owners = [table for table, rules in unit.row_rules.items() if self._needs_set(table, rules.rules)]
        for number, table in enumerate([*owners, *unit.part_owners]):
            self.sets[table] = self._empty(table, number)
        for table in owners:
            rules = unit.row_rules[table]
            self._fill(table, rules.row, rules.lapsed(rules.row, self.as_of, None))
        for table in unit.part_owners:
            row = unit.binding.shape(table).sql
            paths = [(rule, path) for rule in unit.rules for path in part_paths(rule.parts) if path[-1].table == table]
            self._fill(table, row, or_(*(self.owned(row, rule, path) for rule, path in paths)))
        for staged in self.sets.values():
            unit.binding.database.dialect.weigh(self.connection, staged)
        spread = Spread(self)
        try:
            spread.run()
        finally:
            spread.drop()
        self.apart = spread.apart

    def drop(self) -> None:
        """Drop the sets; a pooled connection would keep them."""
        for table in self.sets.values():
            table.drop(self.connection)
        self.sets.clear()

    def goes(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a row of ``table`` goes: it is due, and under a rule that is carried out."""
        rules = self.unit.row_rules.get(table)
        if rules is None:
            return self._staged(table, row) if table in self.sets else false()
        return and_(self.due(table, row), sure(rules.carried(row))) if rules.silent else self.due(table, row)

    def due(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a row is due: all that selects it lets it go, and no row that stays refers to it."""
        if table in self.sets:
            return self._staged(table, row)
        rules = self.unit.row_rules.get(table)
        if rules is None:
            return false()
        return and_(sure(rules.lapsed(row, self.as_of, self.stays)), not_(self.covers(table, row)))

    def stays(self, rule: BoundRule, row: FromClause) -> Sql:
        """Return whether a row that ``rule`` selects is in any state but ``due``."""
        if rule.action.on_rows:
            return not_(self.goes(rule.table, row))
        return or_(not_(sure(rule.lapsed(row, self.as_of, self.stays))), self.covers(rule.table, row))

    def blocked_by(self, relation: Relation, row: FromClause, among: Sql | None = None) -> Sql:
        """Return whether a row that stays, or refers to it from where it is moved, refers to ``row``."""
        child = self.unit.binding.shape(relation.child).sql.alias()
        conditions = [joined(relation, child, row)]
        if not self.unit.moves_along(relation):
            conditions.append(not_(self.goes(relation.child, child)))
            if relation.to_itself:
                conditions.append(not_(self.unit.same(relation.child, child, row)))
        if among is not None:
            conditions.append(among)
        return exists(select(literal(1)).where(and_(*conditions)).correlate(row))

    def blocked(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether any row that stays refers to ``row``."""
        return or_(false(), *(self.blocked_by(relation, row) for relation in self.unit.referring(table)))

    def owner_stays(self, owner: TableKey, relation: Relation, row: FromClause) -> Sql:
        """Return whether a part belongs, over ``relation``, to a row that stays."""
        above = self.unit.binding.shape(owner).sql.alias()
        return exists(
            select(literal(1)).where(joined(relation, row, above), not_(self.goes(owner, above))).correlate(row)
        )

    def owned(self, row: FromClause, rule: BoundRule, path: Path) -> Sql:
        """Return whether ``row`` belongs, over ``path``, to the record of a row that goes under ``rule``."""
        above: FromClause = row
        conditions: list[Sql] = []
        tables = [*(part.table for part in reversed(path[:-1])), rule.table]
        for part, table in zip(reversed(path), tables, strict=True):
            owner = self.unit.binding.shape(table).sql.alias()
            conditions.append(joined(part.relation, above, owner))
            above = owner
        rules = self.unit.row_rules[rule.table]
        conditions.extend([self.goes(rule.table, above), rules.carried_under(rule, above)])
        return exists(select(literal(1)).where(and_(*conditions)).correlate(row))

    def _needs_set(self, table: TableKey, rules: tuple[BoundRule, ...]) -> bool:
        return bool(self.unit.referring(table)) or any(rule.referencing for rule in rules)

    def _staged(self, table: TableKey, row: FromClause) -> Sql:
        staged = self.sets[table]
        return exists(select(literal(1)).where(self.unit.same(table, staged, row)).correlate(row))

    def _empty(self, table: TableKey, number: int) -> Table:
        shape = self.unit.binding.shape(table)
        columns = [shape.sql.c[column] for column in self.unit.key(table)]
        staged = empty_table(self.connection, f"{self.name}_{number}", columns)
        Index(f"{staged.name}_key", *staged.c).create(self.connection)
        return staged

    def _fill(self, table: TableKey, row: FromClause, condition: Sql) -> None:
        free = not_(self.covers(table, row))
        chosen = select(*(row.c[column] for column in self.unit.key(table))).where(condition, free)
        self.connection.execute(insert(self.sets[table]).from_select(self.unit.key(table), chosen))


def count(connection: Connection, row: FromClause, condition: Sql) -> int:
    """Return how many rows satisfy the condition."""
    return int(connection.execute(select(func.count()).select_from(row).where(condition)).scalar_one())
