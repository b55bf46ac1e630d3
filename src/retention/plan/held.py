"""Which rows live holds cover, for everything that counts, seals, destroys or looks again.

A hold on a subject is staged as the keys of the rows it covers: they are looked up even once nothing tells any more
whose the rows are. A hold on a rule or on a condition needs none: what it says stands in the statement itself and is
asked of the row as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from sqlalchemy import (
    Connection,
    FromClause,
    Index,
    Table,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
)

from retention.database.names import TableKey
from retention.database.own_tables import HOLD, row_key_text
from retention.database.reading import Sql
from retention.database.temporary import empty_table
from retention.errors import Refused
from retention.matrix.binding import table_key
from retention.matrix.expression import compile_where
from retention.matrix.names import parse_table
from retention.matrix.where import columns_of, parse_where
from retention.plan.bind import AFTER, bind_after
from retention.plan.clocks import sure
from retention.plan.subjects import SubjectPath, subject_paths
from retention.plan.units import Unit
from retention.register import Hold

Covers = Callable[[TableKey, FromClause], Sql]
"""Whether any live hold covers a row of a table; false itself where none can."""

_SUBJECTS = 1000
_ASKED = 2000
"""As many persons may be named in a statement that destroys."""
_COUNTS = 100


def nobody(table: TableKey, row: FromClause) -> Sql:
    """Return that no hold covers a row."""
    del table, row
    return false()


@dataclass(frozen=True)
class Condition:
    """What a hold on a rule or on a condition covers: rows of one table."""

    table: TableKey
    test: Callable[[FromClause], Sql]


class Held:
    """The live holds on the rows of one unit. ``keys`` is where keys are staged: the pipeline's own table, or a copy.

    Raises:
        Refused: a hold can't be applied to this database; nothing is destroyed in spite of it.
    """

    def __init__(self, unit: Unit, holds: Sequence[Hold], keys: Table = HOLD) -> None:
        self.unit = unit
        self.holds = tuple(hold for hold in holds if hold.on(unit.binding.entry.name, unit.binding.identity))
        self.keys = keys
        self._subjects = tuple(dict.fromkeys(hold.subject for hold in self.holds if hold.subject))
        self._conditions = {hold.id: _condition(unit, hold) for hold in self.holds if not hold.subject}
        self._paths: dict[TableKey, tuple[SubjectPath, ...]] = {}

    @classmethod
    def copied(cls, connection: Connection, unit: Unit, holds: Sequence[Hold], name: str = "retention_held") -> Held:
        """Return the same for a connection that must not change the database: its keys lie in a temporary table."""
        held = cls(unit, holds)
        if held._subjects:
            held.keys = empty_table(connection, name, [HOLD.c.table_name, HOLD.c.row_key])
            Index(f"{name}_key", *held.keys.c).create(connection)
            held.stage(connection)
        return held

    # --- staging ------------------------------------------------------------------------------------------------

    def stage(self, connection: Connection) -> int:
        """Stage the keys of the rows that holds on subjects cover, in place of what was staged; return how many."""
        self.clear(connection)
        staged = 0
        for table in self.tables:
            row = self.unit.binding.shape(table).sql
            for start in range(0, len(self._subjects), _SUBJECTS):
                named = self._named(table, row, self._subjects[start : start + _SUBJECTS])
                if named is not None:
                    keys = select(literal(str(table)), self._key(table, row)).where(named)
                    statement = insert(self.keys).from_select(["table_name", "row_key"], keys)
                    staged += connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
        return staged

    def clear(self, connection: Connection) -> None:
        """Take out what is staged for the unit's tables."""
        names = [str(table) for table in self.tables]
        connection.execute(delete(self.keys).where(self.keys.c.table_name.in_(names)))

    def drop(self, connection: Connection) -> None:
        """Drop a copy; a pooled connection would keep it."""
        if self.keys is not HOLD:
            self.keys.drop(connection)

    @cached_property
    def tables(self) -> tuple[TableKey, ...]:
        """Return the tables whose rows the unit may destroy or change and that have a key to be staged by."""
        found = dict.fromkeys([*(rule.table for rule in self.unit.rules), *self.unit.part_owners])
        return tuple(table for table in found if self.unit.binding.row_key(table))

    # --- asking -------------------------------------------------------------------------------------------------

    def covers(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether any hold covers a row of ``table``; false itself where none can.

        While rows are destroyed a row is asked as it is by then as well: it may have become a held person's since keys
        were staged. Those stay covered, whatever has become of the rows that told whose they are. Of very many persons
        the staged keys alone are asked: their names would make each batch's statement longer than its work.
        """
        found = [one.test(row) for one in self._conditions.values() if one.table == table]
        named = self._named(table, row, self._subjects)
        if named is not None:
            if table in self.tables:
                found.append(self._staged(table, row))
            if table not in self.tables or (self.keys is HOLD and len(self._subjects) <= _ASKED):
                found.append(sure(named))
        return or_(*found) if found else false()

    def reaches(self, table: TableKey) -> bool:
        """Whether any hold may cover rows of the table."""
        return any(self._test(hold, table, self.unit.binding.shape(table).sql) is not None for hold in self.holds)

    def counts(self, connection: Connection, table: TableKey, row: FromClause, among: Sql) -> Mapping[str, int]:
        """Return how many of the rows ``among`` each hold covers; a hold that covers none of them is left out."""
        tests = [(hold, self._test(hold, table, row)) for hold in self.holds]
        able = [(hold, test) for hold, test in tests if test is not None]
        found: dict[str, int] = {}
        for start in range(0, len(able), _COUNTS):
            some = able[start : start + _COUNTS]
            query = select(*(func.count(case((sure(test), 1))) for _hold, test in some))
            numbers = connection.execute(query.select_from(row).where(among, self.covers(table, row))).one()
            found.update({hold.id: int(number) for (hold, _test), number in zip(some, numbers, strict=True) if number})
        return found

    def until(self, connection: Connection, table: TableKey, row: FromClause, among: Sql) -> tuple[bool, date | None]:
        """Return whether holds cover any of the rows, and the last day that they do; None where it isn't known."""
        found = self.counts(connection, table, row, among)
        days = [hold.until for hold in self.holds if hold.id in found]
        known = [day for day in days if day is not None]
        return bool(days), max(known) if known and len(known) == len(days) else None

    def _test(self, hold: Hold, table: TableKey, row: FromClause) -> Sql | None:
        """Return whether the hold covers a row, None where it covers none of that table."""
        if hold.subject:
            return self._named(table, row, [hold.subject])
        condition = self._conditions[hold.id]
        return condition.test(row) if condition.table == table else None

    def _named(self, table: TableKey, row: FromClause, subjects: Sequence[tuple[str, ...]]) -> Sql | None:
        if not subjects:
            return None
        if table not in self._paths:
            self._paths[table] = subject_paths(self.unit, table)
        found = [path.names(row, subjects) for path in self._paths[table]]
        named = [one for one in found if one is not None]
        return or_(*named) if named else None

    def _staged(self, table: TableKey, row: FromClause) -> Sql:
        keys = self.keys.alias()
        here = and_(keys.c.table_name == str(table), keys.c.row_key == self._key(table, row))
        return exists(select(literal(1)).where(here).correlate(row))

    def _key(self, table: TableKey, row: FromClause) -> Sql:
        """Return a row's key as it is staged."""
        return row_key_text(self.unit.binding.database.dialect, row, self.unit.binding.row_key(table))


def _condition(unit: Unit, hold: Hold) -> Condition:
    return _selection(unit, hold) if hold.rule else _where(unit, hold)


def _selection(unit: Unit, hold: Hold) -> Condition:
    """Return what a hold on a rule covers: all rows that the rule selects."""
    binding = unit.binding
    rule = next((one for one in binding.rules if one.id in (hold.rule, hold.rule.removesuffix(AFTER))), None)
    if rule is None:
        raise Refused(
            f"hold {hold.id}: the matrix has no rule {hold.rule} any more, so nobody knows what it covers; add a hold "
            "for the same rows under a name that is there, then release this one"
        )
    table, where = table_key(rule.table), rule.where
    if rule.id != hold.rule and rule.then_after is not None:
        return Condition(table, bind_after(binding, rule).selected)
    return Condition(table, (lambda row: sure(compile_where(where, row))) if where is not None else lambda _row: true())


def _where(unit: Unit, hold: Hold) -> Condition:
    """Return what a hold on a condition covers."""
    name = parse_table(hold.table)
    if name is not None:
        name = replace(name, database=unit.binding.entry.name)
    if name is None or not unit.binding.has(name):
        raise Refused(
            f"hold {hold.id}: the database has no table {hold.table} any more, so nobody knows what it covers; add a "
            "hold for the same rows under a name that is there, then release this one"
        )
    key, expression = table_key(name), parse_where(hold.where)
    columns = unit.binding.shape(key).columns
    for column in sorted(columns_of(expression) - set(columns)):
        raise Refused(
            f"hold {hold.id}: {hold.table} has no column {column}, so nobody knows what it covers; add a hold with a "
            "condition on columns that are there, then release this one"
        )
    return Condition(key, lambda row: sure(compile_where(expression, row)))
