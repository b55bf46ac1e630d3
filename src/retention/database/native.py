"""Clocks in the engine's own types, and in numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, and_, case, false, literal, or_

from retention.database.reading import NEVER, Reading, Sql
from retention.law import LAST_EVENT, Stretch

if TYPE_CHECKING:
    from retention.database.clock_words import ClockWords

_MOST_DIGITS = 15
_NEVER_FROM = LAST_EVENT + timedelta(days=1)


@dataclass(frozen=True)
class NativeReading(Reading):
    """A date or timestamp of the engine's own type.

    ``bound`` gives the first value of a day, ``plain`` the column as a date or a wall-clock value, and ``stretches``
    how that wall clock lies to Seoul's.
    """

    dialect: ClockWords
    bound: Callable[[date], Any]
    plain: Callable[[Sql], Sql]
    stretches: tuple[Stretch, ...]

    @property
    def sorts(self) -> bool:
        """A type of the engine's own does."""
        return True

    @property
    def grows(self) -> bool:
        """It does where the wall clock was never put back."""
        return len(self.stretches) == 1

    def null(self, column: Sql) -> Sql:
        """Return whether nothing is there; a zero date is something."""
        return self.dialect.is_null(column)

    def zero(self, column: Sql) -> Sql:
        """Return whether the value is the zero date."""
        return self.dialect.zero_native(column)

    def well_formed(self, column: Sql) -> Sql:
        """Return whether the value is a day that exists."""
        return self.dialect.valid_native(column)

    def from_(self, column: Sql, day: date) -> Sql:
        """Return whether the value lies at or after the start of ``day``."""
        later: Sql = column >= self.bound(day)
        return later

    def before(self, column: Sql, day: date) -> Sql:
        """Return whether the value lies before the start of ``day``."""
        earlier: Sql = column < self.bound(day)
        return earlier

    def day(self, column: Sql) -> Sql:
        """Return the value's day; infinity's is never."""
        plain = self.plain(column)
        moved = by_stretch(plain, self.stretches, lambda by: self.dialect.day_text(self._moved(plain, by)))
        return case((self.from_(column, _NEVER_FROM), NEVER), else_=moved)

    def _moved(self, plain: Sql, by: timedelta) -> Sql:
        return self.dialect.shifted(plain, by) if by else plain


@dataclass(frozen=True)
class NumberReading(Reading):
    """A whole number that grows with time: ``bound`` gives the first one of a day, ``day_of`` a number's day."""

    dialect: ClockWords
    bound: Callable[[date], int]
    day_of: Callable[[Sql], Sql]
    valid: Callable[[Sql], Sql] | None = None
    zero_value: int | None = None

    def zero(self, column: Sql) -> Sql:
        """Return whether the number stands for the zero date."""
        return super().zero(column) if self.zero_value is None else column == self.zero_value

    def well_formed(self, column: Sql) -> Sql:
        """Return whether the number is a whole one, and of the format."""
        whole = and_(self.dialect.whole_number(column), column < _number(10**_MOST_DIGITS))
        # A number that is none of the format may be one that can't be written as text: it is never asked.
        return whole if self.valid is None else case((whole, self.valid(column)), else_=false())

    def from_(self, column: Sql, day: date) -> Sql:
        """Return whether the number lies at or after the start of ``day``."""
        later: Sql = column >= _number(self.bound(day))
        return later

    def before(self, column: Sql, day: date) -> Sql:
        """Return whether the number lies before the start of ``day``."""
        earlier: Sql = column < _number(self.bound(day))
        return earlier

    def day(self, column: Sql) -> Sql:
        """Return the number's day."""
        return case((self.from_(column, _NEVER_FROM), NEVER), else_=self.day_of(column))


@dataclass(frozen=True)
class DigitsReading(Reading):
    """An epoch as a text of digits without leading zeros: of two, the longer is the later, of one length the greater.

    So that an index serves, each length has a range of its own.
    """

    dialect: ClockWords
    bound: Callable[[date], int]
    day_of: Callable[[Sql], Sql]

    def zero(self, column: Sql) -> Sql:
        """Return whether the text stands for nothing."""
        return self.dialect.is_text(column, "")

    def well_formed(self, column: Sql) -> Sql:
        """Return whether the text is a number as it would be written back."""
        return self.dialect.has_digits(column, _MOST_DIGITS)

    def from_(self, column: Sql, day: date) -> Sql:
        """Return whether the number lies at or after the start of ``day``."""
        first = str(max(self.bound(day), 0))
        text, length = self.dialect.as_text(column), self.dialect.length(column)
        return or_(length > len(first), and_(length == len(first), text >= self.dialect.text(first, column)))

    def before(self, column: Sql, day: date) -> Sql:
        """Return whether the number lies before the start of ``day``."""
        end = str(max(self.bound(day), 0))
        text, length = self.dialect.as_text(column), self.dialect.length(column)
        return or_(length < len(end), and_(length == len(end), text < self.dialect.text(end, column)))

    def within(self, column: Sql, floor: date, cutoff: date) -> Sql:
        """Return whether the number lies from ``floor`` on and before the start of ``cutoff``."""
        low, high = max(self.bound(floor), 0), max(self.bound(cutoff), 0) - 1
        text, length = self.dialect.as_text(column), self.dialect.length(column)
        ranges: list[Sql] = [
            and_(
                text >= self.dialect.text(str(max(low, 10 ** (digits - 1) if digits > 1 else 0)), column),
                text <= self.dialect.text(str(min(high, 10**digits - 1)), column),
                length == digits,
            )
            for digits in range(len(str(low)), len(str(high)) + 1)
            if high >= low
        ]
        return and_(or_(*ranges), self.well_formed(column)) if ranges else super().within(column, floor, cutoff)

    def day(self, column: Sql) -> Sql:
        """Return the number's day."""
        number = self.dialect.number_of(column)
        return case((self.from_(column, _NEVER_FROM), NEVER), else_=self.day_of(number))


def by_stretch(
    value: Sql,
    stretches: tuple[Stretch, ...],
    day: Callable[[timedelta], Sql],
    start: Callable[[datetime], Any] = lambda start: start,
) -> Sql:
    """Return the day of a wall-clock value, moved by the shift of the stretch it lies in."""
    first, *later = stretches
    if not later:
        return day(first.shift)
    return case(*((value >= start(one.start), day(one.shift)) for one in reversed(later)), else_=day(first.shift))


def _number(value: int) -> Sql:
    return literal(value, BigInteger())
