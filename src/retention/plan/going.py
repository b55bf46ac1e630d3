"""Deferral: the largest set of rows that can go together, as a fixpoint over the relation graph.

Temporary tables hold the keys of rows that may go. Rows are taken out of them while a row that stays refers to them, or
while they belong to a record that can't go whole, until nothing changes: what is left is the greatest such set, so that
what stays is the least. Tables to which nobody refers need no set; their own condition says it.
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
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
)

from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, child_first
from retention.database.temporary import empty_table
from retention.plan.clocks import sure
from retention.plan.held import Covers, nobody
from retention.plan.rules import BoundRule, joined
from retention.plan.units import Unit


@dataclass
class Going:
    """The sets of one unit as of a day, alive as long as ``connection``.

    ``covers`` tells which rows a hold covers, ``name`` their tables from others'.
    """

    connection: Connection
    unit: Unit
    as_of: date
    covers: Covers = nobody
    sets: dict[TableKey, Table] = field(default_factory=dict)
    name: str = "retention_going"

    def build(self) -> None:
        """Stage the candidates and take out what can't go until nothing changes."""
        unit = self.unit
        owners = unit.part_owners
        tables = [table for table, rules in unit.row_rules.items() if unit.referring(table) or rules.rules[0].parts]
        everything = child_first([*tables, *owners], unit.binding.graph.relations)
        for number, table in enumerate(everything):
            self.sets[table] = self._empty(table, number)
        for table in everything:
            if table not in owners:
                rules = unit.row_rules[table]
                self._fill(table, rules.row, rules.lapsed(rules.row, self.as_of, self.stays))
        for table in reversed(everything):
            if table in owners:
                row = unit.binding.shape(table).sql
                self._fill(table, row, or_(*(self._owned(row, owner, over) for owner, over in owners[table])))
        while sum(self._take_out(table) for table in everything):
            pass

    def drop(self) -> None:
        """Drop the sets; a pooled connection would keep them."""
        for table in self.sets.values():
            table.drop(self.connection)
        self.sets.clear()

    def goes(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a row of ``table`` is going, as the sets stand."""
        staged = self.sets.get(table)
        if staged is not None:
            return exists(select(literal(1)).where(self._same(staged, row)).correlate(row))
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
        """Return whether a row that stays refers to ``row`` over ``relation``."""
        child = self.unit.binding.shape(relation.child).sql.alias()
        conditions = [joined(relation, child, row), not_(self.goes(relation.child, child))]
        if relation.to_itself:
            conditions.append(not_(self._same(child, row)))
        if among is not None:
            conditions.append(among)
        return exists(select(literal(1)).where(and_(*conditions)).correlate(row))

    def blocked(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether any row that stays refers to ``row``."""
        return or_(false(), *(self.blocked_by(relation, row) for relation in self.unit.referring(table)))

    def _owned(self, row: FromClause, owner: TableKey, relation: Relation) -> Sql:
        above = self.unit.binding.shape(owner).sql.alias()
        return exists(select(literal(1)).where(joined(relation, row, above), self.goes(owner, above)).correlate(row))

    def _empty(self, table: TableKey, number: int) -> Table:
        shape = self.unit.binding.shape(table)
        columns = [shape.sql.c[column] for column in self._key(table)]
        staged = empty_table(self.connection, f"{self.name}_{number}", columns)
        Index(f"{staged.name}_key", *staged.c).create(self.connection)
        return staged

    def _fill(self, table: TableKey, row: FromClause, condition: Sql) -> None:
        free = not_(self.covers(table, row))
        chosen = select(*(row.c[column] for column in self._key(table))).where(condition, free)
        self.connection.execute(insert(self.sets[table]).from_select(self._key(table), chosen))

    def _take_out(self, table: TableKey) -> int:
        staged = self.sets[table]
        row = self.unit.binding.shape(table).sql.alias()
        reasons = [self.blocked(table, row)]
        for owner, relation in self.unit.part_owners.get(table, ()):
            above = self.unit.binding.shape(owner).sql.alias()
            reasons.append(
                exists(
                    select(literal(1)).where(joined(relation, row, above), not_(self.goes(owner, above))).correlate(row)
                )
            )
        stuck = exists(select(literal(1)).where(self._same(staged, row), or_(*reasons)).correlate(staged))
        return self.connection.execute(delete(staged).where(stuck)).rowcount

    def _key(self, table: TableKey) -> tuple[str, ...]:
        rules = self.unit.row_rules.get(table)
        return rules.key if rules is not None else self.unit.binding.row_key(table)

    def _same(self, one: FromClause, other: FromClause) -> Sql:
        names = [column.name for column in one.c if column.name in other.c]
        table = next((key for key, staged in self.sets.items() if staged is one), None)
        key = self._key(table) if table is not None else names
        return and_(true(), *(one.c[name] == other.c[name] for name in key))


def count(connection: Connection, row: FromClause, condition: Sql) -> int:
    """Return how many rows satisfy the condition."""
    return int(connection.execute(select(func.count()).select_from(row).where(condition)).scalar_one())
