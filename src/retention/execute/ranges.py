"""Ways to walk a table without staging its keys: ranges of physical blocks, of the key, or of a clock.

A range only narrows the destroying statement, whose condition is always the whole one: a way of walking may miss a row
that moved meanwhile, and never takes one too many.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, FromClause, Select, Table, and_, bindparam, func, select, true

from retention.database.dialect import Dialect
from retention.database.keyset import after, before, columns_of
from retention.database.reading import Sql
from retention.plan.clocks import ClockColumn
from retention.plan.rules import BoundRule

END: Any = object()
"""The position after the last range."""
_SOME = 200
_LOOSE = 3
"""How much farther apart the keys of rows may lie than they would without a gap."""
_ALIKE = 20
"""How many rows of one moment there may be: a range has all of them or none."""


@dataclass(frozen=True, slots=True)
class Range:
    """One range: whether it has a low and a high end, and the ``values`` of its condition's parameters.

    ``end`` is the position after it. ``alike``: whether all its rows have one value, however many of them there are.
    """

    low: bool
    high: bool
    values: Mapping[str, Any]
    end: Any
    alike: bool = False


class Ranges(abc.ABC):
    """A way to walk. A position is where the next range begins; None is the beginning."""

    @property
    def most_steps(self) -> int:
        """Return how many blocks or rows a range may have: what is read for nothing takes time as well."""
        return 50_000

    @property
    def ends(self) -> Sequence[tuple[bool, bool]]:
        """Return the kinds of ranges a walk has: whether they begin, and whether they end."""
        return ((False, True), (True, True), (True, False))

    @abc.abstractmethod
    def next(self, connection: Connection, position: Any, steps: int) -> Range | None:
        """Return the range of about ``steps`` blocks or rows from a position on; None at the end."""

    @abc.abstractmethod
    def condition(self, low: bool, high: bool) -> Sql:
        """Return whether a row lies in a range that begins, and ends, or goes on without an end."""


@dataclass(frozen=True)
class Blocks(Ranges):
    """By physical address: the table is read once from front to back, whatever its order."""

    dialect: Dialect
    total: int

    @property
    def most_steps(self) -> int:
        """Return how many blocks a range may have."""
        return 2_000

    @property
    def ends(self) -> Sequence[tuple[bool, bool]]:
        """Return the kinds of ranges a walk has."""
        return ((True, True),)

    def next(self, connection: Connection, position: Any, steps: int) -> Range | None:
        """Return the next ``steps`` blocks."""
        del connection
        if position is END or (position or 0) >= self.total:
            return None
        start = position or 0
        end = start + steps
        return Range(True, True, self.dialect.block_range(start, end), end)

    def condition(self, low: bool, high: bool) -> Sql:
        """Return whether a row lies in the blocks."""
        del low, high
        return self.dialect.in_blocks()


@dataclass(frozen=True)
class Keys(Ranges):
    """By the key, in its order: where rows lie in the order of the key, as InnoDB and SQLite keep them."""

    rule: BoundRule

    def next(self, connection: Connection, position: Any, steps: int) -> Range | None:
        """Return the range up to the key that lies ``steps`` rows on."""
        row, key = self.rule.shape.sql, self.rule.key
        return _by_key(connection, row, key, position, steps, self.rule.shape.named(row, key))

    def condition(self, low: bool, high: bool) -> Sql:
        """Return whether the key lies in the range."""
        return _in_keys(self.rule.row, self.rule.key, low, high)


@dataclass(frozen=True)
class Clock(Ranges):
    """By a clock in its order, over its index: where few of the table's rows are due, or they lie in that order.

    What is due lies after the clock's floor, ``since``, and before the cutoff, ``until``.
    """

    rule: BoundRule
    clock: ClockColumn
    since: Sql
    until: Sql

    @property
    def due(self) -> Sql:
        """Return whether the clock lies where rows may be due."""
        return and_(self.since, self.until)

    def along_key(self, connection: Connection) -> bool:
        """Return whether rows that follow each other by the clock do so by the key, and few are of one moment.

        Looked up at the two ends of what is due.
        """
        if not self.rule.numbered:
            return False
        key, column = self.rule.row.c[self.rule.key[0]], self.rule.row.c[self.clock.column]
        for order in (column.asc(), column.desc()):
            some = select(key.label("key"), column.label("at")).where(self.due).order_by(order).limit(_SOME).subquery()
            sums = (func.count(), func.max(some.c.key) - func.min(some.c.key), func.count(some.c.at.distinct()))
            number, span, moments = connection.execute(select(*sums)).one()
            if number and (span > _LOOSE * number or number > _ALIKE * moments):
                return False
        return True

    @property
    def ends(self) -> Sequence[tuple[bool, bool]]:
        """Return the kinds of ranges a walk has."""
        return ((True, True), (True, False))

    def next(self, connection: Connection, position: Any, steps: int) -> Range | None:
        """Return the range up to the value that lies ``steps`` rows on; of equal values all or none."""
        if position is END:
            return None
        column = self.rule.row.c[self.clock.column]
        low = connection.execute(self._first(column)).scalar() if position is None else position
        if low is None:
            return None
        further = select(column).where(column >= low, self.due).order_by(column).offset(steps).limit(1)
        high = connection.execute(further).scalar()
        alike = high is not None and high == low
        if alike:
            high = connection.execute(self._first(column).where(column > low)).scalar()
        if high is None:
            return Range(True, False, {"low": low}, END, alike)
        return Range(True, True, {"low": low, "high": high}, high, alike)

    def condition(self, low: bool, high: bool) -> Sql:
        """Return whether the clock lies from the low end on and before the high one, or else before the cutoff."""
        del low
        column = self.rule.row.c[self.clock.column]
        from_ = column >= bindparam("low", type_=column.type)
        return and_(from_, column < bindparam("high", type_=column.type) if high else self.until)

    def _first(self, column: Sql) -> Select[Any]:
        return select(func.min(column)).where(self.due)


@dataclass(frozen=True)
class Staged(Ranges):
    """By the keys that were staged before anything of a unit went, in their order."""

    rule: BoundRule
    staged: Table

    def next(self, connection: Connection, position: Any, steps: int) -> Range | None:
        """Return the range of the next ``steps`` staged keys."""
        return _by_key(connection, self.staged, self.rule.key, position, steps)

    def condition(self, low: bool, high: bool, values: Mapping[str, Any] | None = None) -> Sql:
        """Return whether a row is one of the staged ones in the range, of these values where they are given."""
        return one_of_staged(self.rule, self.staged, lambda table: _in_keys(table, self.rule.key, low, high, values))

    def staged_in(self, low: bool, high: bool) -> Sql:
        """Return whether a staged key lies in the range."""
        return self.around(self.staged, low, high)

    def around(self, row: FromClause, low: bool, high: bool) -> Sql:
        """Return whether the key of a row, staged or not, lies in the range."""
        return _in_keys(row, self.rule.key, low, high)

    def literal(self, here: Range) -> Sql:
        """Return the condition with the range's own values, for statements that others write."""
        return self.condition(here.low, here.high, here.values)


def one_of_staged(rule: BoundRule, staged: Table, within: Callable[[FromClause], Sql]) -> Sql:
    """Return whether a row is one of the staged ones ``within`` a range of keys."""
    # Membership in a list of keys is what every planner prefers to a range of the clock's index.
    return and_(within(rule.row), columns_of(rule.row, rule.key).in_(select(*staged.c).where(within(staged))))


def _by_key(
    connection: Connection, table: Table, key: Sequence[str], position: Any, steps: int, named: Sequence[Sql] = ()
) -> Range | None:
    """Return the range up to the key that lies ``steps`` rows on, of rows that are ``named`` by theirs."""
    if position is END:
        return None
    columns = [table.c[name] for name in key]
    query = select(*columns).where(*named).order_by(*columns).offset(steps - 1).limit(1)
    if position is not None:
        query = query.where(after(table, key, position))
    found = connection.execute(query).one_or_none()
    values = {} if position is None else {f"low_{n}": value for n, value in enumerate(position)}
    if found is None:
        return Range(position is not None, False, values, END)
    end = tuple(found)
    values.update({f"high_{n}": value for n, value in enumerate(end)})
    return Range(position is not None, True, values, end)


def _in_keys(
    row: FromClause, key: Sequence[str], low: bool, high: bool, values: Mapping[str, Any] | None = None
) -> Sql:
    """Return whether the key comes after the low end and not after the high one."""

    def end(name: str) -> list[Any]:
        names = [f"{name}_{number}" for number in range(len(key))]
        return [bindparam(one) if values is None else values[one] for one in names]

    conditions: list[Sql] = [true()]
    if low:
        conditions.append(after(row, key, end("low")))
    if high:
        conditions.append(before(row, key, end("high"), inclusive=True))
    return and_(*conditions)
