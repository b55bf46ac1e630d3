"""Clocks as SQL conditions on a row, each sargable on the column as it is.

Three conditions describe a clock that a ``since`` reads: it is null, it is unreadable, or its event lies before a
cutoff. None of them is ever null itself, so they can be negated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import FromClause, and_, exists, false, func, literal, not_, or_, select, true

from retention.database.names import TableKey
from retention.database.reading import Reading, Sql
from retention.matrix.binding import Binding, Step, table_key
from retention.matrix.model import Clock, ClockList, ColumnClock


@dataclass(frozen=True, slots=True)
class ClockColumn:
    """One column read as a clock, on the row itself or on rows that ``steps`` lead to."""

    clock: ColumnClock
    table: TableKey
    column: str
    reading: Reading
    steps: tuple[Step, ...]
    from_table: Callable[[TableKey], FromClause]

    @property
    def label(self) -> str:
        """Return how reports name the clock."""
        return ".".join([*(step.reached.name for step in self.steps), self.column])

    def null(self, row: FromClause) -> Sql:
        """Return whether the clock is null: nothing to count from."""
        if not self.steps:
            return self._null(row.c[self.column])
        if self.clock.latest:
            return not_(self._reached(row, lambda _c: true()))
        return not_(self._reached(row, lambda c: not_(self._null(c))))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether the clock says something that can't be read as a day."""
        if not self.steps:
            return self._unreadable(row.c[self.column])
        if self.clock.latest:
            return self._reached(row, lambda c: or_(self._null(c), self._unreadable(c)))
        return self._reached(row, self._unreadable)

    def orphaned(self, row: FromClause) -> Sql:
        """Return whether the clock lies in a parent that the row doesn't have."""
        if not self.steps or self.clock.latest:
            return false()
        return not_(self._reached(row, lambda _c: true()))

    def lapsed(self, row: FromClause, cutoff: date) -> Sql:
        """Return whether the event lies at or after the floor and before ``cutoff``: two-sided, and well-formed."""
        if not self.steps:
            return self._lapsed(row.c[self.column], cutoff)
        pending = (
            (lambda c: not_(sure(self._lapsed(c, cutoff))))
            if self.clock.latest
            else (lambda c: and_(not_(self._null(c)), not_(sure(self._lapsed(c, cutoff)))))
        )
        return and_(
            self._reached(row, lambda c: self._lapsed(c, cutoff)),
            not_(self._reached(row, pending)),
        )

    def from_day(self, row: FromClause, day: date) -> Sql:
        """Return whether a readable event lies on ``day`` or later."""

        def test(column: Sql) -> Sql:
            return and_(self._readable(column), self.reading.from_(column, day))

        return self._reached(row, test) if self.steps else sure(test(row.c[self.column]))

    def bucket(self, row: FromClause) -> Sql:
        """Return the text that groups the row's own event by day or finer; null where it isn't readable."""
        if self.steps:
            reached, joined = self._walk(row)
            column = reached.c[self.column]
            return (
                select(func.max(self.reading.bucket(column)))
                .where(and_(*joined, self._readable(column)))
                .scalar_subquery()
            )
        return self.reading.bucket(row.c[self.column])

    def seoul_day(self, row: FromClause) -> Sql:
        """Return the Seoul day of the row's own event as text."""
        if self.steps:
            reached, joined = self._walk(row)
            column = reached.c[self.column]
            return (
                select(func.max(self.reading.seoul_day(column)))
                .where(and_(*joined, self._readable(column)))
                .scalar_subquery()
            )
        return self.reading.seoul_day(row.c[self.column])

    def readable(self, row: FromClause) -> Sql:
        """Return whether the clock holds a day."""
        if self.steps:
            return self._reached(row, self._readable)
        return sure(self._readable(row.c[self.column]))

    def _null(self, column: Sql) -> Sql:
        if self.clock.empty_is_null and self.reading.zero is not None:
            return or_(column.is_(None), sure(self.reading.zero(column)))
        return column.is_(None)

    def _readable(self, column: Sql) -> Sql:
        conditions = [self.reading.from_(column, self.clock.floor)]
        if self.reading.well_formed is not None:
            conditions.append(self.reading.well_formed(column))
        return and_(*conditions)

    def _unreadable(self, column: Sql) -> Sql:
        return and_(not_(self._null(column)), not_(sure(self._readable(column))))

    def _lapsed(self, column: Sql, cutoff: date) -> Sql:
        return and_(self._readable(column), self.reading.before(column, cutoff))

    def _walk(self, row: FromClause) -> tuple[FromClause, list[Sql]]:
        joined: list[Sql] = []
        here = row
        for step in self.steps:
            there = self.from_table(step.reached)
            child, parent = (here, there) if step.up else (there, here)
            joined.extend(
                child.c[own] == parent.c[other]
                for own, other in zip(step.relation.columns, step.relation.parent_columns, strict=True)
            )
            here = there
        return here, joined

    def _reached(self, row: FromClause, test: Callable[[Sql], Sql]) -> Sql:
        reached, joined = self._walk(row)
        return exists(select(literal(1)).where(and_(*joined, test(reached.c[self.column]))).correlate(row))


@dataclass(frozen=True, slots=True)
class ClockSql:
    """The latest of those clocks that are set, as a ``since`` reads them."""

    columns: tuple[ClockColumn, ...]

    def null(self, row: FromClause) -> Sql:
        """Return whether no clock is set."""
        return and_(*(column.null(row) for column in self.columns))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether any clock is unreadable."""
        return or_(*(column.unreadable(row) for column in self.columns))

    def lapsed(self, row: FromClause, cutoff: date) -> Sql:
        """Return whether one is set and all that are set lie before ``cutoff``: expiry never falls as events move."""
        if len(self.columns) == 1:
            return self.columns[0].lapsed(row, cutoff)
        each = [or_(column.null(row), column.lapsed(row, cutoff)) for column in self.columns]
        return and_(*each, or_(*(column.lapsed(row, cutoff) for column in self.columns)))

    def ended(self, row: FromClause, cutoff: date) -> Sql:
        """Return whether the earliest of those set lies before ``cutoff`` and none is unreadable."""
        if len(self.columns) == 1:
            return self.columns[0].lapsed(row, cutoff)
        readable = [or_(column.null(row), column.readable(row)) for column in self.columns]
        return and_(or_(*(column.lapsed(row, cutoff) for column in self.columns)), *readable)

    def from_day(self, row: FromClause, day: date) -> Sql:
        """Return whether any readable event lies on ``day`` or later."""
        return or_(*(column.from_day(row, day) for column in self.columns))


def clock_sql(binding: Binding, table: TableKey, clock: Clock) -> ClockSql:
    """Return the SQL side of a clock of the matrix.

    Raises:
        Refused: a column is missing, its type can't be read so, or a path leads nowhere.
    """
    return ClockSql(tuple(_columns(binding, table, clock)))


def _columns(binding: Binding, table: TableKey, clock: Clock) -> Iterable[ClockColumn]:
    if isinstance(clock, ClockList):
        for one in clock.clocks:
            yield from _columns(binding, table, one)
        return
    steps = binding.path(table, clock.via, clock.place)
    reached = steps[-1].reached if steps else table
    yield clock_column(binding, table, clock, reached, steps)


def clock_column(
    binding: Binding, table: TableKey, clock: ColumnClock, reached: TableKey, steps: tuple[Step, ...]
) -> ClockColumn:
    """Return one column as a clock."""
    column = binding.column(reached, clock.column, clock.place)
    where = f"{clock.place}: {binding.entry.name}.{reached}.{clock.column}"
    reading = binding.database.dialect.reading(column.kind, clock.format, clock.zone or binding.entry.zone, where)
    return ClockColumn(clock, table, clock.column, reading, steps, lambda key: binding.shape(key).sql.alias())


def sure(condition: Sql) -> Sql:
    """Return the condition with unknown taken as false, so that it can be negated."""
    return func.coalesce(condition, false())


__all__ = ["ClockColumn", "ClockSql", "clock_sql", "sure", "table_key"]
