"""Clocks in texts: the shapes a text may have, and how it is read once its shape is right."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import String, and_, case, false, func, literal, or_

from retention.database.reading import EARLIEST, NEVER, Reading, Sql
from retention.database.textformat import DAYS, TextFormat
from retention.law import Stretch, day_start, naive_bound, stretches

if TYPE_CHECKING:
    from retention.database.clock_words import ClockWords

_SECONDS = "%Y-%m-%d %H:%M:%S"
_SLACK = timedelta(days=2)
_ANY = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock's
ZEROS = ("", "0000-00-00", "0000-00-00 00:00:00", "00000000")


class Shape(abc.ABC):
    """What a well-formed text looks like, and where its parts stand."""

    has_time: bool
    has_offset: bool
    zeros: tuple[str, ...]

    @abc.abstractmethod
    def valid(self, dialect: ClockWords, column: Sql) -> Sql:
        """Return whether writing the moment back would give the same text."""

    @abc.abstractmethod
    def canonical(self, column: Sql) -> Sql:
        """Return a text of the layout as ``YYYY-MM-DD``, or ``YYYY-MM-DD HH:MM:SS`` where it has a time."""

    def offset(self, dialect: ClockWords, column: Sql) -> Sql:
        """Return how far its clock lies from UTC, as ``±HHMM``."""
        raise AssertionError(dialect, column)

    def exact(self, moment: datetime) -> str | None:
        """Return the first text at or after a moment; None where such texts don't sort like time."""
        del moment
        return None

    def dividing(self, moment: datetime) -> str | None:
        """Return a text that well-formed ones before a moment sort below, and no others; None where there is none."""
        return self.exact(moment)

    def beginning(self, moment: datetime) -> str | None:
        """Return how a text of a moment's day begins; None where beginnings don't sort like days."""
        del moment
        return None


@dataclass(frozen=True)
class IsoShape(Shape):
    """ISO 8601 as databases write it: a day, ``separators`` before the time, an optional fraction, an offset."""

    has_time: bool
    has_offset: bool = False
    separators: str = " "

    @property
    def zeros(self) -> tuple[str, ...]:  # type: ignore[override]
        """Return the texts that stand for the zero date."""
        times = [f"0000-00-00{separator}00:00:00" for separator in self.separators]
        return (*ZEROS, *times, *(f"{zero}{end}" for zero in times for end in (".000", ".000000", "Z")))

    def valid(self, dialect: ClockWords, column: Sql) -> Sql:
        """Return whether the text is a day, a time, a fraction and an offset, as far as it has to have them."""
        return dialect.is_iso(column, self)

    def canonical(self, column: Sql) -> Sql:
        """Return the text up to its second, with a blank before the time."""
        if not self.has_time:
            return column
        head = func.substr(column, 1, 19, type_=String())
        return head if self.separators == " " else func.replace(head, "T", " ", type_=String())

    def offset(self, dialect: ClockWords, column: Sql) -> Sql:
        """Return the offset: Z is UTC, and minutes may be left out."""
        tail = dialect.offset_tail(func.substr(column, 20, type_=String()))
        minutes = case(
            (dialect.length(tail) == len("+09"), literal("00", String())),
            else_=func.substr(tail, dialect.length(tail) - 1, 2, type_=String()),
        )
        return case((tail == "Z", "+0000"), else_=func.substr(tail, 1, 3, type_=String()).concat(minutes))

    def exact(self, moment: datetime) -> str | None:
        """Return the moment, where a blank and no offset make texts sort like time."""
        if not self.has_time:
            return moment.strftime("%Y-%m-%d")
        return moment.strftime(_SECONDS) if self.separators == " " and not self.has_offset else None

    def dividing(self, moment: datetime) -> str | None:
        """Return the moment; whichever stands before the time, a day's texts sort from its midnight on."""
        if self.has_time and not self.has_offset and moment.time() == time():
            return moment.strftime(_SECONDS)
        return self.exact(moment)

    def beginning(self, moment: datetime) -> str | None:
        """Return the day."""
        return moment.strftime("%Y-%m-%d")


@dataclass(frozen=True)
class StrptimeShape(Shape):
    """A text of a strptime format; several where its width depends on the month's name."""

    formats: tuple[TextFormat, ...]

    @property
    def has_time(self) -> bool:  # type: ignore[override]
        """Whether it says more than a day."""
        return self.formats[0].has_time

    @property
    def has_offset(self) -> bool:  # type: ignore[override]
        """Whether it says how far its clock lies from UTC."""
        return self.formats[0].has_offset

    @property
    def zeros(self) -> tuple[str, ...]:  # type: ignore[override]
        """Return the texts that stand for the zero date."""
        return tuple(dict.fromkeys((*ZEROS, *(one.zero for one in self.formats))))

    def valid(self, dialect: ClockWords, column: Sql) -> Sql:
        """Return whether the text has the format's layout, or one of them, and says a moment that exists."""
        laid_out = or_(false(), *(dialect.layout(column, one) for one in self.formats))
        sound = and_(laid_out, dialect.exists(self.canonical(column), with_time=self.has_time))
        if "a" not in self.formats[0].letters:
            return sound
        # The weekday can be asked of a day only: no engine promises the order in which conditions are tried.
        return case((sound, self._has_its_weekday(dialect, column)), else_=false())

    def _has_its_weekday(self, dialect: ClockWords, column: Sql) -> Sql:
        named = self._by_month(column, lambda one: one.part(column, "a"))
        day = func.substr(self.canonical(column), 1, 10, type_=String())
        return named == case(dict(enumerate(DAYS)), value=dialect.weekday(day))

    def canonical(self, column: Sql) -> Sql:
        """Return the text put together anew."""
        return self._by_month(column, lambda one: one.canonical(column))

    def offset(self, dialect: ClockWords, column: Sql) -> Sql:
        """Return the offset."""
        del dialect
        return self._by_month(column, lambda one: one.part(column, "z"))

    def exact(self, moment: datetime) -> str | None:
        """Return the first text at or after the moment, where such texts sort like time."""
        one = self.formats[0]
        return one.write(moment) if len(self.formats) == 1 and one.sorts else None

    def beginning(self, moment: datetime) -> str | None:
        """Return how the text of a day begins, where that sorts like days."""
        one = self.formats[0]
        return one.write_day(moment) if len(self.formats) == 1 and one.sorts_by_day else None

    def _by_month(self, column: Sql, value: Callable[[TextFormat], Sql | None]) -> Sql:
        parts = [(one, part) for one in self.formats if (part := value(one)) is not None]
        if len(parts) == 1:
            return parts[0][1]
        return case(*((_stands(column, one), part) for one, part in parts), else_=None)


@dataclass(frozen=True)
class TextReading(Reading):
    """A text clock. ``zone`` is that of its wall clock; None where it is a day in Seoul, or says its offset itself."""

    dialect: ClockWords
    shape: Shape
    zone: str | None
    stretches: tuple[Stretch, ...]

    @property
    def sorts(self) -> bool:
        """Texts do whose parts stand in the order of time."""
        return self.shape.exact(_ANY) is not None

    def bounds(self, *days: date) -> bool:
        """Return whether a text divides those before each day from those after it."""
        return all(self.shape.dividing(self._wall(day)) is not None for day in days)

    @property
    def grows(self) -> bool:
        """They do where the wall clock was never put back, or where they begin with their day in Seoul."""
        if len(self.stretches) > 1 or self.shape.has_offset:
            return False
        moved = any(one.shift for one in self.stretches)
        return self.sorts or (not moved and self.shape.beginning(_ANY) is not None)

    def zero(self, column: Sql) -> Sql:
        """Return whether the text is empty or a zero date."""
        return or_(*(self.dialect.is_text(column, zero) for zero in self.shape.zeros))

    def well_formed(self, column: Sql) -> Sql:
        """Return whether writing the moment back would give the same text."""
        return self.shape.valid(self.dialect, self.dialect.as_text(column))

    def first(self, day: date) -> str:
        """Return the first text of a day, where such texts sort like time."""
        exact = self.shape.exact(self._wall(day))
        assert exact is not None
        return exact

    def from_(self, column: Sql, day: date) -> Sql:
        """Return whether the text lies at or after the start of ``day``."""
        dividing = self.shape.dividing(self._wall(day))
        text = self.dialect.as_text(column)
        if dividing is not None:
            return text >= self.dialect.text(dividing, column)
        conditions = [self.dialect.plain_text(self._moment(column)) >= self._bound(day)]
        beginning = self.shape.beginning(self._wall(day) - _SLACK)
        if beginning is not None:
            conditions.append(text >= self.dialect.text(beginning, column))
        return and_(*conditions)

    def before(self, column: Sql, day: date) -> Sql:
        """Return whether the text lies before the start of ``day``."""
        dividing = self.shape.dividing(self._wall(day))
        text = self.dialect.as_text(column)
        if dividing is not None:
            return text < self.dialect.text(dividing, column)
        conditions = [self.dialect.plain_text(self._moment(column)) < self._bound(day)]
        beginning = self.shape.beginning(self._wall(day) + _SLACK)
        if beginning is not None:
            conditions.append(text < self.dialect.text(beginning, column))
        return and_(*conditions)

    def day(self, column: Sql) -> Sql:
        """Return the text's day; one after the last that lapses is never."""
        canonical = self._moment(column)
        if not self.shape.has_time:
            return self.dialect.plain_text(canonical)
        first, *later = self.stretches
        pieces = [(canonical >= one.start.strftime(_SECONDS), self._moved(canonical, one)) for one in reversed(later)]
        moved = case(*pieces, else_=self._moved(canonical, first)) if pieces else self._moved(canonical, first)
        return moved if not first.shift else case((canonical >= "9999", NEVER), else_=moved)

    def _moved(self, canonical: Sql, stretch: Stretch) -> Sql:
        if not stretch.shift:
            return self.dialect.plain_text(func.substr(canonical, 1, 10, type_=String()))
        return self.dialect.text_day(canonical, stretch.shift)

    def _moment(self, column: Sql) -> Sql:
        """Return the text as ``YYYY-MM-DD[ HH:MM:SS]`` in its own zone, or in UTC where it says its offset."""
        text = self.dialect.as_text(column)
        canonical = self.shape.canonical(text)
        if not self.shape.has_offset:
            return canonical
        moved = self.dialect.utc_text(canonical, self.shape.offset(self.dialect, text))
        return case((self.well_formed(column), moved), else_=None)

    def _wall(self, day: date) -> datetime:
        """Return the first moment of a day as the text's own clock shows it, near enough where it says its offset."""
        day = max(day, EARLIEST)
        if self.shape.has_offset:
            return day_start(day).replace(tzinfo=None)
        return naive_bound(day, self.zone) if self.zone else datetime.combine(day, time())

    def _bound(self, day: date) -> str:
        day = max(day, EARLIEST)
        if self.shape.has_offset:
            return day_start(day).astimezone(UTC).strftime(_SECONDS)
        return self._wall(day).strftime(_SECONDS if self.shape.has_time else "%Y-%m-%d")


def text_reading(dialect: ClockWords, shape: Shape, zone: str | None, floor: date) -> TextReading:
    """Return the reading of a text column; ``zone`` counts where the text has a time and no offset."""
    clock = "UTC" if shape.has_offset else zone if shape.has_time else None
    pieces = stretches(clock, max(floor, EARLIEST)) if clock else ()
    return TextReading(dialect, shape, None if shape.has_offset else clock, pieces)


def _stands(column: Sql, one: TextFormat) -> Sql:
    """Return whether the month's whole name stands where this format has it."""
    field = next(field for field in one.fields if field.name)
    return func.substr(column, field.start, field.width, type_=String()) == field.name
