"""Rows that should be gone and that only others keep which should be gone as well: circles, records that share parts.

Seen row by row each of them looks kept. So sets are made of all that should be gone but for references, and what
something refers to that isn't in a set is taken out of them, round by round, until nothing changes: what is left was
forgotten. After a run the sets are small. No plan's set is used: a mistake in one of them shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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
    insert,
    literal,
    not_,
    or_,
    select,
)

from retention.database.connect import Database
from retention.database.keyset import columns_of
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, joined
from retention.database.temporary import empty_table
from retention.plan.clocks import sure
from retention.plan.going import count
from retention.plan.held import Covers, Held
from retention.plan.rules import BoundRule
from retention.plan.units import Path, Unit, part_paths
from retention.quality.independent import released
from retention.register import Hold

Left = Mapping[tuple[str, str], int]
"""How many rows of a rule should be gone, by rule and check; what a hold covers is not among them."""
_ROUNDS = 500
"""A chain of rows that is longer is not followed to its end: nothing is called forgotten that only may be."""


def left_together(database: Database, units: Sequence[Unit], days: Mapping[str, date], holds: Sequence[Hold]) -> Left:
    """Count the rows that should be gone, as of each check's day, under the row rules to whose rows others refer.

    Raises:
        Refused: a hold can't be applied to this database.
        DatabaseFault: they could not be counted.
    """
    found: dict[tuple[str, str], int] = {}
    for unit in filter(_holds_itself, units):
        with database.planning() as connection:
            held = Held.copied(connection, unit, holds, "retention_held_together")
            for check, day in days.items():
                together = _Together(connection, unit, day, held.covers)
                found.update({(rule, check): number for rule, number in together.left().items()})
                together.drop()
            held.drop(connection)
    return found


def _holds_itself(unit: Unit) -> bool:
    """Whether rows that should go may keep each other, and all have a key to be told apart by."""
    tables = {*unit.row_rules, *unit.part_owners}
    inside = any(one.child in tables for table in tables for one in unit.referring(table))
    return inside and all(unit.key(table) for table in tables)


@dataclass
class _Together:
    """The sets of one unit as of a day."""

    connection: Connection
    unit: Unit
    day: date
    covers: Covers
    sets: dict[TableKey, Table] = field(default_factory=dict)

    def left(self) -> dict[str, int]:
        """Return how many rows of each row rule are left that should be gone; nothing where a chain is too long."""
        # What is a part is told from the rows whose parts there are.
        for number, table in enumerate([*self.unit.row_rules, *self.unit.part_owners]):
            self._fill(number, table)
        if all(self._round() for _ in range(_ROUNDS)):
            return {}
        found: dict[str, int] = {}
        for table, rules in self.unit.row_rules.items():
            for rule in (one for one in rules.rules if one.id not in rules.silent):
                mine = and_(self._in(table, rule.row), rules.carried_under(rule, rule.row))
                found[rule.id] = count(self.connection, rule.row, mine)
        return found

    def drop(self) -> None:
        """Drop the sets; a pooled connection would keep them."""
        for table in self.sets.values():
            table.drop(self.connection)

    def _fill(self, number: int, table: TableKey) -> None:
        """Stage the rows that nothing but a reference may keep."""
        row, key = self.unit.binding.shape(table).sql, self.unit.key(table)
        staged = empty_table(self.connection, f"retention_together_{number}", [row.c[name] for name in key])
        Index(f"{staged.name}_key", *staged.c).create(self.connection)
        chosen = select(*(row.c[name] for name in key)).where(self._free(table, row), not_(self.covers(table, row)))
        self.connection.execute(insert(staged).from_select(key, chosen))
        self.sets[table] = staged

    def _free(self, table: TableKey, row: FromClause) -> Sql:
        rules = self.unit.row_rules.get(table)
        if rules is None:
            # Under a rule that doesn't name it as a part it keeps the row it refers to, as any other row does.
            paths = ((one, path) for one in self.unit.rules for path in part_paths(one.parts))
            return or_(false(), *(self._of_record(row, one, path) for one, path in paths if path[-1].table == table))
        let_go = (or_(not_(one.selected(row)), released(one, row, self.day)) for one in rules.rules)
        return and_(or_(*(one.selected(row) for one in rules.rules)), *let_go, sure(rules.carried(row)))

    def _of_record(self, row: FromClause, rule: BoundRule, path: Path) -> Sql:
        """Return whether the row is such a part of the record of one that is to go under the rule."""
        above = path[:-1]
        owner = self.unit.binding.shape(above[-1].table if above else rule.table).sql.alias()
        if above:
            goes = self._of_record(owner, rule, above)
        else:
            # Those of its owners that stay keep it in the rounds.
            goes = and_(self._in(rule.table, owner), self.unit.table_rules(rule).carried_under(rule, owner))
        return exists(select(literal(1)).where(joined(path[-1].relation, row, owner), goes).correlate(row))

    def _round(self) -> int:
        """Take out what something else keeps; return how many rows there were."""
        taken = 0
        for table, staged in self.sets.items():
            row = self.unit.binding.shape(table).sql.alias()
            kept = [*self._referred(table, row), *self._shared(table, row)]
            if kept:
                same = self.unit.same(table, staged, row)
                out = empty_table(self.connection, "retention_together_out", list(staged.c))
                stays = exists(select(literal(1)).where(same, or_(*kept)).correlate(staged))
                self.connection.execute(insert(out).from_select(list(staged.c.keys()), select(*staged.c).where(stays)))
                gone = columns_of(staged, staged.c.keys()).in_(select(*out.c))
                taken += self.connection.execute(delete(staged).where(gone)).rowcount
                out.drop(self.connection)
        return taken

    def _referred(self, table: TableKey, row: FromClause) -> Iterator[Sql]:
        """Yield whether a row refers to it that isn't to go, or that can't go before it."""
        for relation in self.unit.referring(table):
            child = self.unit.binding.shape(relation.child).sql.alias()
            conditions, firm = [joined(relation, child, row)], self._is_firm(relation)
            if not firm and not self.unit.moves_along(relation):
                if relation.to_itself:
                    conditions.append(not_(self.unit.same(table, child, row)))
                if relation.child in self.sets:
                    conditions.append(not_(self._in(relation.child, child)))
            yield exists(select(literal(1)).where(*conditions).correlate(row))

    def _is_firm(self, relation: Relation) -> bool:
        """Whether an engine that checks each row by itself may be unable to take such references apart."""
        together = self.unit.knot_of(relation.parent) or ()
        checks_each = self.unit.binding.database.dialect.checks_each_row
        return checks_each and relation.refuses and not relation.nullable and relation.child in together

    def _shared(self, table: TableKey, row: FromClause) -> Iterator[Sql]:
        """Yield whether it is a part of a row that isn't to go."""
        for owner, relation in self.unit.part_owners.get(table, ()):
            above = self.unit.binding.shape(owner).sql.alias()
            goes = self._in(owner, above) if owner in self.sets else false()
            yield exists(select(literal(1)).where(joined(relation, row, above), not_(goes)).correlate(row))

    def _in(self, table: TableKey, row: FromClause) -> Sql:
        staged = self.sets[table]
        return exists(select(literal(1)).where(self.unit.same(table, staged, row)).correlate(row))
