"""Clocks as SQL conditions on a row, each sargable on the column as it is.

Three conditions describe a clock that a ``since`` reads: it is null, it is unreadable, or its event lies before a
cutoff. None of them is ever null itself, so they can be negated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import FromClause, and_, case, false, func, literal, not_, or_, select, true

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Reading, Sql
from retention.database.relations import joined
from retention.matrix.binding import Binding, Step
from retention.matrix.model import Clock, ClockList, ColumnClock
from retention.plan.kept import KeptDays, kept_days


@dataclass(frozen=True, slots=True)
class ClockColumn:
    """One column read as a clock, on the row itself or on rows that ``steps`` lead to.

    ``kept``: where rows that the pipeline destroyed count as well (``latest_of``), the days it kept of them.
    ``was_read``: the clock was read before anything went, so that rows that have gone since make it no later; rows that
    are still there are read again.
    """

    clock: ColumnClock
    table: TableKey
    column: str
    reading: Reading
    steps: tuple[Step, ...]
    from_table: Callable[[TableKey], FromClause]
    kept: KeptDays | None = None
    was_read: bool = False

    @property
    def label(self) -> str:
        """Return how reports name the clock."""
        return ".".join([*(step.reached.name for step in self.steps), self.column])

    def null(self, row: FromClause) -> Sql:
        """Return whether the clock is null: nothing to count from."""
        if not self.steps:
            return self._null(row.c[self.column])
        if self.kept is None:
            return not_(self.reached(row, lambda c: not_(self._null(c))))
        return not_(or_(self.reached(row, lambda _c: true()), self._broken(row), self.kept.any(row)))

    def readable(self, row: FromClause) -> Sql:
        """Return whether the clock holds a day: every row reached does, and one is reached."""
        if not self.steps:
            return sure(self._readable(row.c[self.column]))
        found = self.reached(row, self._readable)
        bad = self.reached(row, lambda c: not_(sure(self._readable(c))))
        if self.kept is None:
            return and_(found, not_(bad))
        found = or_(found, self.kept.any(row))
        return and_(found, not_(bad), not_(self._broken(row)), not_(self.kept.any_unreadable(row)))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether the clock says something that can't be read as a day."""
        return and_(not_(self.null(row)), not_(self.readable(row)))

    def orphaned(self, row: FromClause) -> Sql:
        """Return whether the clock lies in a parent that the row doesn't have."""
        if not self.steps or self.kept is not None or self.was_read:
            return false()
        return not_(self.reached(row, lambda _c: true()))

    def lapsed(self, row: FromClause, cutoff: date) -> Sql:
        """Return whether the event lies at or after the floor and before ``cutoff``: two-sided, and well-formed."""
        if not self.steps:
            return self._lapsed(row.c[self.column], cutoff)
        found = self.reached(row, lambda c: self._lapsed(c, cutoff))
        pending = self.reached(row, lambda c: not_(sure(self._lapsed(c, cutoff))))
        if self.was_read:
            return not_(pending) if self.kept is None else and_(not_(pending), not_(self.kept.any_from(row, cutoff)))
        if self.kept is None:
            return and_(found, not_(pending))
        found = or_(found, self.kept.any(row))
        return and_(found, not_(pending), not_(self._broken(row)), not_(self.kept.any_from(row, cutoff)))

    def from_day(self, row: FromClause, day: date) -> Sql:
        """Return whether a readable event lies on ``day`` or later."""

        def test(column: Sql) -> Sql:
            return and_(self._readable(column), self.reading.from_(column, day))

        return self.reached(row, test) if self.steps else sure(test(row.c[self.column]))

    def day(self, row: FromClause) -> Sql:
        """Return the Seoul day of the event as ``YYYY-MM-DD``, null where there is none that can be read."""
        if not self.steps:
            return self._day(row.c[self.column])
        reached, joined = self.walk(row, self.steps)
        there = select(func.max(self._day(reached.c[self.column]))).where(*joined).correlate(row).scalar_subquery()
        latest = there if self.kept is None else later(there, self.kept.latest(row))
        return case((self.readable(row), latest), else_=None)

    def beyond(self, met: FromClause, number: int) -> tuple[Sql, Sql]:
        """Return the latest day reached from a row that the path meets after ``number`` steps, and whether one is bad.

        Bad is a value that is null or unreadable, and a row on the way without its parent.
        """
        rest = replace(self, steps=self.steps[number:], kept=None)
        if not rest.steps:
            column = met.c[self.column]
            return self._day(column), not_(sure(self._readable(column)))
        reached, joined = rest.walk(met, rest.steps)
        latest = select(func.max(self._day(reached.c[self.column]))).where(*joined).correlate(met).scalar_subquery()
        bad = rest.reached(met, lambda column: not_(sure(self._readable(column))))
        return latest, or_(bad, rest._broken(met))

    def _null(self, column: Sql) -> Sql:
        null = self.reading.null(column)
        return or_(null, sure(self.reading.zero(column))) if self.clock.empty_is_null else null

    def _readable(self, column: Sql) -> Sql:
        return self.reading.readable(column, self.clock.floor)

    def _lapsed(self, column: Sql, cutoff: date) -> Sql:
        return self.reading.within(column, self.clock.floor, cutoff)

    def _day(self, column: Sql) -> Sql:
        return case((self._readable(column), self.reading.day(column)), else_=None)

    def walk(self, row: FromClause, steps: Iterable[Step]) -> tuple[FromClause, list[Sql]]:
        """Return the table that the steps lead to from ``row``, and the conditions that join it."""
        joined: list[Sql] = []
        here = row
        for step in steps:
            there = self.from_table(step.reached)
            joined.append(joins(step, here, there))
            here = there
        return here, joined

    def reached(self, row: FromClause, test: Callable[[Sql], Sql]) -> Sql:
        """Return whether the path leads to a row whose clock column passes the test."""
        reached, joined = self.walk(row, self.steps)
        return exists(select(literal(1)).where(and_(*joined, test(reached.c[self.column]))).correlate(row))

    def _broken(self, row: FromClause) -> Sql:
        """Return whether a row on the way has no parent where the path goes on to one."""
        found: list[Sql] = []
        for number, step in enumerate(self.steps):
            if not step.up:
                continue
            here, joined = self.walk(row, self.steps[:number])
            there = self.from_table(step.reached)
            alone = not_(exists(select(literal(1)).select_from(there).where(joins(step, here, there)).correlate(here)))
            found.append(exists(select(literal(1)).where(*joined, alone).correlate(row)) if joined else alone)
        return or_(false(), *found)


@dataclass(frozen=True, slots=True)
class ClockSql:
    """The latest of those clocks that are set, as a ``since`` reads them."""

    columns: tuple[ClockColumn, ...]

    def staged(self) -> ClockSql:
        """Return the clock as it is after it was read."""
        return ClockSql(tuple(replace(column, was_read=True) for column in self.columns))

    def null(self, row: FromClause) -> Sql:
        """Return whether no clock is set."""
        return and_(*(column.null(row) for column in self.columns))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether any clock is unreadable."""
        return or_(*(column.unreadable(row) for column in self.columns))

    def all_readable(self, row: FromClause) -> Sql:
        """Return whether one is set and all that are set can be read."""
        if len(self.columns) == 1 and not self.columns[0].clock.empty_is_null:
            return self.columns[0].readable(row)
        return and_(not_(sure(self.unreadable(row))), not_(sure(self.null(row))))

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

    def latest_day(self, row: FromClause) -> Sql:
        """Return the latest day of those that hold one, as text; null where none does."""
        return pick(later, [column.day(row) for column in self.columns])

    def earliest_day(self, row: FromClause) -> Sql:
        """Return the earliest day of those that hold one, as text; null where none does."""
        return pick(earlier, [column.day(row) for column in self.columns])


def clock_sql(binding: Binding, table: TableKey, clock: Clock) -> ClockSql:
    """Return the SQL side of a clock of the matrix.

    Raises:
        Refused: a column is missing, its type can't be read so, or a path leads nowhere.
    """
    return ClockSql(tuple(clock_columns(binding, table, clock)))


def clock_columns(binding: Binding, table: TableKey, clock: Clock) -> Iterable[ClockColumn]:
    """Yield each column that the clock reads.

    Raises:
        Refused: as :func:`clock_sql`.
    """
    if isinstance(clock, ClockList):
        for one in clock.clocks:
            yield from clock_columns(binding, table, one)
        return
    steps = binding.path(table, clock.via, clock.place, only_up=not clock.latest)
    reached = steps[-1].reached if steps else table
    yield clock_column(binding, table, clock, reached, steps)


def clock_column(
    binding: Binding, table: TableKey, clock: ColumnClock, reached: TableKey, steps: tuple[Step, ...]
) -> ClockColumn:
    """Return one column as a clock."""
    column = binding.column(reached, clock.column, clock.place)
    where = f"{clock.place}: {binding.entry.name}.{reached}.{clock.column}"
    dialect = binding.database.dialect
    reading = dialect.reading(column.kind, clock.format, clock.zone or binding.entry.zone, where, clock.floor)
    kept = kept_days(dialect, table, binding.row_key(table), steps, clock.column) if clock.latest else None
    return ClockColumn(clock, table, clock.column, reading, steps, lambda key: binding.shape(key).sql.alias(), kept)


def joins(step: Step, here: FromClause, there: FromClause) -> Sql:
    """Return whether the step leads from a row to the other; a null in any column leads nowhere."""
    child, parent = (here, there) if step.up else (there, here)
    return joined(step.relation, child, parent)


def sure(condition: Sql) -> Sql:
    """Return the condition with unknown taken as false, so that it can be negated."""
    return func.coalesce(condition, false())


def later(one: Sql, other: Sql) -> Sql:
    """Return the later of two days as text, of which either may be null."""
    return case((or_(one.is_(None), other > one), other), else_=one)


def earlier(one: Sql, other: Sql) -> Sql:
    """Return the earlier of two days as text, of which either may be null."""
    return case((or_(one.is_(None), other < one), other), else_=one)


def pick(choose: Callable[[Sql, Sql], Sql], days: list[Sql]) -> Sql:
    """Return the one of the days that is chosen over every other."""
    found = days[0]
    for day in days[1:]:
        found = choose(found, day)
    return found
