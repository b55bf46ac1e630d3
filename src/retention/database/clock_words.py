"""What readings of clocks are made of: the words in which an engine compares, checks and cuts what a column holds."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Integer, String, Text, and_, case, cast, false, func, literal, true

from retention.database.columns import ColumnKind
from retention.database.reading import Sql
from retention.database.textformat import TextFormat
from retention.law import day_start

if TYPE_CHECKING:
    from retention.database.texts import IsoShape

DAY = (
    "(([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8])))"
    "|(([0-9][0-9](0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29))"
)
TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"
OFFSET = "(Z|([+](0[0-9]|1[0-4])|-(0[1-9]|1[0-2]))(:?[0-5][0-9])?)"


class ClockWords(abc.ABC):
    """Portable words; an engine's class overrides those that it says in its own way."""

    pattern_end: ClassVar[str] = "$"

    def is_null(self, column: Sql) -> Sql:
        """Return whether a date or timestamp of the engine's own type is null."""
        return column.is_(None)

    def valid_native(self, column: Sql) -> Sql:
        """Return whether a date or timestamp of the engine's own type is one that exists."""
        return column.is_not(None)

    def zero_native(self, column: Sql) -> Sql:
        """Return whether a date or timestamp of the engine's own type is the zero date."""
        del column
        return false()

    def whole_number(self, column: Sql) -> Sql:
        """Return whether a column of a number's type holds a whole one."""
        return true() if isinstance(column.type, Integer) else column == func.floor(column)

    def has_digits(self, column: Sql, most: int) -> Sql:
        """Return whether a text is a whole number from 0 on, as it would be written back."""
        return self.matches(column, f"0|[1-9][0-9]{{0,{most - 1}}}")

    def as_text(self, column: Sql) -> Sql:
        """Return a column that holds texts as one that compares and cuts as text."""
        return column

    def text(self, value: str, column: Sql) -> Sql:
        """Return a text to compare the column with, of a type under which the column's index serves."""
        del column
        return literal(value, String())

    def length(self, column: Sql) -> Sql:
        """Return a text's length; it need be right for ASCII only."""
        return func.length(self.as_text(column))

    def is_text(self, column: Sql, value: str) -> Sql:
        """Return whether the column holds exactly this text, whatever its collation thinks alike."""
        return and_(self.as_text(column) == value, self.length(column) == len(value))

    def layout(self, text: Sql, one: TextFormat) -> Sql:
        """Return whether a text has a format's layout."""
        return self.matches(text, one.regex)

    def is_iso(self, text: Sql, shape: IsoShape) -> Sql:
        """Return whether a text is a day, and a time and an offset where the shape has them."""
        time = f"[{shape.separators}]{TIME}" if shape.has_time else ""
        return self.matches(text, f"{DAY}{time}{OFFSET if shape.has_offset else ''}")

    def plain_text(self, text: Sql) -> Sql:
        """Return a text that compares with any other, whatever collations their columns have."""
        return text

    def exists(self, canonical: Sql, *, with_time: bool) -> Sql:
        """Return whether ``YYYY-MM-DD[ HH:MM:SS]`` is a moment that exists."""
        return self.matches(canonical, f"{DAY} {TIME}" if with_time else DAY)

    def matches(self, text: Sql, pattern: str) -> Sql:
        """Return whether the whole text matches the pattern."""
        return text.regexp_match(f"^({pattern}){self.pattern_end}")

    def fits(self, column: Sql, pattern: str) -> Sql:
        """Return whether the whole text has the format of a surrogate."""
        return ClockWords.matches(self, column, pattern)

    def number_of(self, column: Sql) -> Sql:
        """Return the number a text of digits stands for, null for any other text."""
        return case((self.has_digits(column, 15), cast(column, BigInteger)), else_=None)

    def integer_text(self, column: Sql) -> Sql:
        """Return an integral number as text."""
        return cast(cast(column, BigInteger), String(32))

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text, the same for equal values."""
        return cast(column, String(255))

    def one_of(self, column: Sql, values: Sequence[Any]) -> Sql:
        """Return whether a column is one of the values, as it compares."""
        return column.in_(values)

    def whole_text(self, column: Sql) -> Sql:
        """Return a key's value as text, however long it is."""
        return cast(column, Text)

    def text_digest(self, text: Sql) -> Sql:
        """Return 64 hexadecimal digits that tell a text from any other, where the pipeline's own tables bound one."""
        raise AssertionError(text)

    def instant_bound(self, day: date) -> datetime:
        """Return the instant at which a Seoul day begins, as the driver compares it."""
        return day_start(day)

    def timestamp(self, instant: datetime, kind: ColumnKind, zone: str) -> Any:
        """Return an instant as a column of that kind holds it; a naive one in ``zone``."""
        if kind is ColumnKind.INSTANT:
            return instant
        return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None, microsecond=0)

    def in_utc(self, column: Sql) -> Sql:
        """Return an instant as wall-clock time in UTC."""
        return column

    @abc.abstractmethod
    def day_text(self, column: Sql) -> Sql:
        """Return a date or timestamp as ``YYYY-MM-DD``."""

    @abc.abstractmethod
    def shifted(self, column: Sql, by: timedelta) -> Sql:
        """Return a timestamp moved by an interval."""

    @abc.abstractmethod
    def text_day(self, canonical: Sql, by: timedelta) -> Sql:
        """Return the day of ``YYYY-MM-DD HH:MM:SS`` moved by an interval, as ``YYYY-MM-DD``."""

    @abc.abstractmethod
    def utc_text(self, canonical: Sql, offset: Sql) -> Sql:
        """Return ``YYYY-MM-DD HH:MM:SS`` at an offset ``±HHMM`` as the same in UTC."""

    @abc.abstractmethod
    def offset_tail(self, text: Sql) -> Sql:
        """Return what follows an optional fraction of a second."""

    @abc.abstractmethod
    def weekday(self, day: Sql) -> Sql:
        """Return the number of the weekday of ``YYYY-MM-DD``; Sunday is 0."""

    @abc.abstractmethod
    def epoch_day(self, number: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``."""

    @abc.abstractmethod
    def plus(self, day: Sql, *, months: int = 0, days: int = 0) -> Sql:
        """Return a day ``YYYY-MM-DD`` later by months or days; a month that lacks the day gives its last one."""
