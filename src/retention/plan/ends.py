"""Purposes' ends in SQL: whether the operator may still use a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from sqlalchemy import FromClause, and_, exists, false, literal, not_, or_, select

from retention.database.names import TableKey
from retention.database.own_tables import DONE, row_key_text
from retention.database.reading import Sql
from retention.law import Calendar, cutoff, last_day
from retention.matrix.binding import Binding
from retention.matrix.model import AfterEnd, End, EndList
from retention.plan.clocks import ClockColumn, ClockSql, clock_sql, sure


class EndSql(Protocol):
    """When a purpose ends."""

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns it reads."""

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether its end day is past."""

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether its end can't be read."""

    def first_living_day(self, as_of: date) -> date:
        """Return the first event day that leaves the purpose alive."""

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the purpose's end day, given what the clocks say; None where it isn't known."""


@dataclass(frozen=True, slots=True)
class ClockEnd:
    """The purpose ends with the clock's own day."""

    clock: ClockSql

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns it reads."""
        return self.clock.columns

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether the end day is past: the row can go from the day after."""
        return self.clock.ended(row, as_of)

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether the end can't be read, or lies in a parent that isn't there."""
        return or_(self.clock.unreadable(row), *(column.orphaned(row) for column in self.columns))

    def first_living_day(self, as_of: date) -> date:
        """Return as-of: an end on that day is not yet past."""
        return as_of

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the earliest of its clocks' days."""
        return min((events[column] for column in self.columns if column in events), default=None)


@dataclass(frozen=True, slots=True)
class LaterEnd:
    """The purpose ends a period after its clock, by the Civil Act."""

    clock: ClockSql
    period: str
    roll_holidays: bool
    calendar: Calendar

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns it reads."""
        return self.clock.columns

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether the period's last day is past."""
        return self.clock.lapsed(row, self.first_living_day(as_of))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether the clock can't be read, or lies in a parent that isn't there."""
        return or_(self.clock.unreadable(row), *(column.orphaned(row) for column in self.columns))

    def first_living_day(self, as_of: date) -> date:
        """Return the first event day whose period isn't past."""
        return cutoff(as_of, self.period, self.roll_holidays, calendar=self.calendar)

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the period's last day from the latest of its clocks' days."""
        latest = max((events[column] for column in self.columns if column in events), default=None)
        return None if latest is None else last_day(latest, self.period, self.roll_holidays, calendar=self.calendar)


@dataclass(frozen=True, slots=True)
class EarliestEnd:
    """Several ends; the earliest counts."""

    ends: tuple[EndSql, ...]

    @property
    def columns(self) -> tuple[ClockColumn, ...]:
        """Return the clock columns they read."""
        return tuple(column for end in self.ends for column in end.columns)

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

    def ended(self, row: FromClause, as_of: date) -> Sql:
        """Return whether the term's last day is past."""
        record = DONE.alias()
        return exists(
            select(literal(1))
            .where(
                record.c.rule == self.rule,
                record.c.row_key == row_key_text(self.binding.database.dialect, row, self.key),
                record.c.done_on < self.first_living_day(as_of).isoformat(),
            )
            .correlate(row)
        )

    def unreadable(self, row: FromClause) -> Sql:
        """Return never: the pipeline wrote the day itself."""
        del row
        return false()

    def first_living_day(self, as_of: date) -> date:
        """Return the first day of transformation whose term isn't past."""
        return cutoff(as_of, self.term)

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return nothing: the day lies beside the row."""
        del events
        return None


def end_sql(binding: Binding, table: TableKey, end: End) -> EndSql:
    """Return the SQL side of an end of the matrix.

    Raises:
        Refused: as :func:`retention.plan.clocks.clock_sql`.
    """
    if isinstance(end, EndList):
        return EarliestEnd(tuple(end_sql(binding, table, one) for one in end.ends))
    if isinstance(end, AfterEnd):
        return LaterEnd(clock_sql(binding, table, end.since), end.after, end.roll_holidays, binding.matrix.calendar)
    return ClockEnd(clock_sql(binding, table, end))
