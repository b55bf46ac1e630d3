"""Purposes' ends in SQL: whether the operator may still use a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Protocol

from sqlalchemy import FromClause, String, and_, case, func, literal, not_, null, or_, select

from retention.database.dialect import Dialect
from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.own_tables import DONE, row_key_text
from retention.database.reading import NEVER, Sql
from retention.law import Calendar, Period, cutoff, last_day, parse_period
from retention.matrix.binding import Binding
from retention.matrix.model import AfterEnd, End, EndList
from retention.plan.clocks import ClockColumn, ClockSql, clock_sql, earlier, pick, sure

_FAR = "8000"
"""Days from this year on are taken as never, so that no engine has to add a period to the last it knows."""


class EndSql(Protocol):
    """When a purpose ends."""

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns it reads."""

    def staged(self) -> EndSql:
        """Return the end as it is after its clocks were read."""

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether its end day is past."""

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether its end can't be read."""

    def first_living_day(self, as_of: date) -> date:
        """Return the first event day that leaves the purpose alive."""

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the purpose's end day, given what the clocks say; None where it isn't known."""

    def day(self, row: FromClause) -> Sql:
        """Return the purpose's end day as text, null where it isn't known; Art. 161 is left out."""

    def event_day(self, row: FromClause) -> Sql:
        """Return the day that decides over the end as text, null where it isn't known."""

    def end_of(self, event: date) -> date:
        """Return the end day that an event day gives."""


@dataclass(frozen=True, slots=True)
class ClockEnd:
    """The purpose ends with the clock's own day."""

    clock: ClockSql

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns it reads."""
        return self.clock.columns

    def staged(self) -> ClockEnd:
        """Return the end as it is after its clock was read."""
        return ClockEnd(self.clock.staged())

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether the end day is past: the row can go from the day after."""
        return and_(self.clock.ended(row, as_of), *_with_parents(self.columns, row))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether the end can't be read, or lies in a parent that isn't there."""
        return or_(self.clock.unreadable(row), *(column.orphaned(row) for column in self.columns))

    def first_living_day(self, as_of: date) -> date:
        """Return as-of: an end on that day is not yet past."""
        return as_of

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the earliest of its clocks' days."""
        return min((events[column] for column in self.columns if column in events), default=None)

    def day(self, row: FromClause) -> Sql:
        """Return the earliest of its clocks' days."""
        return self.clock.earliest_day(row)

    def event_day(self, row: FromClause) -> Sql:
        """Return the same day."""
        return self.day(row)

    def end_of(self, event: date) -> date:
        """Return the same day."""
        return event


@dataclass(frozen=True, slots=True)
class LaterEnd:
    """The purpose ends a period after its clock, by the Civil Act."""

    clock: ClockSql
    period: str
    roll_holidays: bool
    calendar: Calendar
    dialect: Dialect

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns it reads."""
        return self.clock.columns

    def staged(self) -> LaterEnd:
        """Return the end as it is after its clock was read."""
        return replace(self, clock=self.clock.staged())

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether the period's last day is past."""
        return and_(self.clock.lapsed(row, self.first_living_day(as_of)), *_with_parents(self.columns, row))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether the clock can't be read, or lies in a parent that isn't there."""
        return or_(self.clock.unreadable(row), *(column.orphaned(row) for column in self.columns))

    def first_living_day(self, as_of: date) -> date:
        """Return the first event day whose period isn't past."""
        return cutoff(as_of, self.period, self.roll_holidays, calendar=self.calendar)

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the period's last day from the latest of its clocks' days."""
        latest = max((events[column] for column in self.columns if column in events), default=None)
        return None if latest is None else self.end_of(latest)

    def day(self, row: FromClause) -> Sql:
        """Return the period's last day by the Civil Act, before Art. 161."""
        return civil_end(self.dialect, self.event_day(row), parse_period(self.period))

    def event_day(self, row: FromClause) -> Sql:
        """Return the latest of its clocks' days."""
        return self.clock.latest_day(row)

    def end_of(self, event: date) -> date:
        """Return the period's last day."""
        return last_day(event, self.period, self.roll_holidays, calendar=self.calendar)


@dataclass(frozen=True, slots=True)
class EarliestEnd:
    """Several ends; the earliest counts."""

    ends: tuple[EndSql, ...]

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns they read."""
        return tuple(column for end in self.ends for column in end.columns)

    def staged(self) -> EarliestEnd:
        """Return the ends as they are after their clocks were read."""
        return EarliestEnd(tuple(end.staged() for end in self.ends))

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether any is past and all can be read."""
        return and_(or_(*(end.ended(row, as_of) for end in self.ends)), not_(sure(self.unreadable(row))))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether any can't be read."""
        return or_(*(end.unreadable(row) for end in self.ends))

    def first_living_day(self, as_of: date) -> date:
        """Return the latest first living day of them."""
        return max(end.first_living_day(as_of) for end in self.ends)

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the earliest end day."""
        days = (end.last_day(events) for end in self.ends)
        return min((day for day in days if day is not None), default=None)

    def day(self, row: FromClause) -> Sql:
        """Return the earliest end day."""
        return pick(earlier, [end.day(row) for end in self.ends])

    def event_day(self, row: FromClause) -> Sql:
        """Return the end day itself: of several ends no one event decides."""
        return self.day(row)

    def end_of(self, event: date) -> date:
        """Return the same day."""
        return event


@dataclass(frozen=True, slots=True)
class TermEnd:
    """The term of transformed data, counted from the day in the pipeline's side table, without Art. 161."""

    binding: Binding
    rule: str
    key: tuple[str, ...]
    term: str

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return none: the day lies beside the row."""
        return ()

    def staged(self) -> TermEnd:
        """Return the same: the day lies beside the row."""
        return self

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether the term's last day is past."""
        record = DONE.alias()
        return exists(
            select(literal(1))
            .where(*self._mine(record, row), record.c.done_on < self.first_living_day(as_of).isoformat())
            .correlate(row)
        )

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether the pipeline wrote no day: what it didn't transform itself has no term that runs."""
        record = DONE.alias()
        return not_(exists(select(literal(1)).where(*self._mine(record, row)).correlate(row)))

    def first_living_day(self, as_of: date) -> date:
        """Return the first day of transformation whose term isn't past."""
        return cutoff(as_of, self.term)

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return nothing: the day lies beside the row."""
        del events
        return None

    def day(self, row: FromClause) -> Sql:
        """Return nothing: a term's end is never compared with what was recorded."""
        del row
        return null()

    def event_day(self, row: FromClause) -> Sql:
        """Return nothing."""
        return self.day(row)

    def end_of(self, event: date) -> date:
        """Return the same day."""
        return event

    def _mine(self, record: FromClause, row: FromClause) -> list[Sql]:
        key = row_key_text(self.binding.database.dialect, row, self.key)
        return [record.c.rule == self.rule, record.c.row_key == key]


def end_sql(binding: Binding, table: TableKey, end: End) -> EndSql:
    """Return the SQL side of an end of the matrix.

    Raises:
        Refused: as :func:`retention.plan.clocks.clock_sql`.
    """
    if isinstance(end, EndList):
        return EarliestEnd(tuple(end_sql(binding, table, one) for one in end.ends))
    if isinstance(end, AfterEnd):
        since = clock_sql(binding, table, end.since)
        dialect = binding.database.dialect
        return LaterEnd(since, end.after, end.roll_holidays, binding.matrix.calendar, dialect)
    return ClockEnd(clock_sql(binding, table, end))


def _with_parents(columns: Sequence[ClockColumn], row: FromClause) -> list[Sql]:
    """Return that the row has the parents in which clocks lie: where another clock is set, a missing one isn't seen."""
    return [not_(column.orphaned(row)) for column in columns if column.steps] if len(columns) > 1 else []


def civil_end(dialect: Dialect, day: Sql, period: Period) -> Sql:
    """Return the last day of a period from ``day`` (민법 제157조, 제160조), both as text."""
    if period.months == 0:
        return case((day >= _FAR, NEVER), else_=dialect.plus(day, days=period.days))
    first = dialect.plus(day, days=1)
    there = dialect.plus(first, months=period.months)
    # Where the last month lacks the day, ``plus`` stops at the month's last day, which is the period's own.
    lacks = func.substr(there, 9, 2, type_=String()) < func.substr(first, 9, 2, type_=String())
    return case(
        (day >= _FAR, NEVER),
        (lacks, dialect.plus(there, days=period.days)),
        else_=dialect.plus(there, days=period.days - 1),
    )
