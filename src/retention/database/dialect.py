"""What every engine does alike, and the names of what they do differently.

One subclass per engine holds only its differences; capabilities are attributes, so that nothing outside this folder
asks which engine it is.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    URL,
    BigInteger,
    Boolean,
    Connection,
    Date,
    DateTime,
    Delete,
    Engine,
    Executable,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    Select,
    String,
    Table,
    Text,
    Time,
    Uuid,
    and_,
    case,
    cast,
    create_engine,
    false,
    func,
    literal,
    true,
    types,
)

from retention.database.columns import ColumnKind
from retention.database.native import DigitsReading, NativeReading, NumberReading, by_stretch
from retention.database.onlooker import Onlooker
from retention.database.reading import EARLIEST, Reading, Sql
from retention.database.textformat import TextFormat, parse_format
from retention.database.texts import IsoShape, Shape, StrptimeShape, text_reading
from retention.database.walking import Walking
from retention.errors import Refused
from retention.law import Stretch, day_start, naive_bound, stretches

_NUMBERS = (ColumnKind.INTEGER, ColumnKind.DECIMAL)
DAY = (
    "(([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8])))"
    "|(([0-9][0-9](0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29))"
)
TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"
OFFSET = "(Z|([+](0[0-9]|1[0-4])|-(0[1-9]|1[0-2]))(:?[0-5][0-9])?)"


class Dialect(Onlooker, Walking):
    """Portable behaviour; an engine's class overrides what it does in its own way."""

    name: ClassVar[str]
    label: ClassVar[str]
    plan_isolation: ClassVar[str]
    """The isolation at which counting neither locks the shop's rows nor sees them change where that can be had."""
    run_isolation: ClassVar[str]
    locks_rows: ClassVar[bool] = True
    """Whether SELECT … FOR UPDATE exists."""
    deletes_by_join: ClassVar[bool] = True
    """Whether DELETE may join other tables, which serves better than a subquery where it exists."""
    checks_each_row: ClassVar[bool] = False
    """Whether foreign keys are checked row by row, so that rows of one statement can't go before each other."""
    joins_itself: ClassVar[bool] = True
    """Whether a statement that deletes or changes by a join may look at its table again in a subquery."""
    numbers_rows: ClassVar[bool] = False
    """Whether a primary key of one column is given a number where a statement names none."""
    bounds_values: ClassVar[bool] = True
    """Whether a column holds no more than its declared type says."""
    target_ms: ClassVar[float] = 20.0
    """How long one batch's statement should take."""
    pattern_end: ClassVar[str] = "$"
    leftovers: ClassVar[str]
    """What the engine itself still holds of a destroyed row, and what to do."""

    def engine(self, url: URL) -> Engine:
        """Return an engine whose errors never show parameters, and whose idle connections may have been let go."""
        return create_engine(url, hide_parameters=True, pool_pre_ping=True, **self.engine_options())

    def engine_options(self) -> dict[str, Any]:
        """Return further options of ``create_engine``."""
        return {}

    def schemas(self, connection: Connection, named: set[str | None]) -> list[str | None]:
        """Return the schemas to reflect: those named, and those whose rows may refer to them."""
        del connection
        return sorted(named | {None}, key=lambda name: name or "")

    def partitions(self, connection: Connection, schema: str | None) -> set[str]:
        """Return the names of tables that are partitions of another one."""
        del connection, schema
        return set()

    def charsets(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], str]:
        """Return the character sets of columns (table, column), where each column has one of its own."""
        del connection, schema
        return {}

    def json_columns(self, connection: Connection, schema: str | None) -> set[tuple[str, str]]:
        """Return table and name of columns that hold JSON though their type doesn't say so."""
        del connection, schema
        return set()

    def kind(self, type_: types.TypeEngine[Any]) -> ColumnKind:
        """Return what a reflected type is to this product."""
        if isinstance(type_, DateTime):
            return ColumnKind.INSTANT if type_.timezone else ColumnKind.NAIVE
        for class_, kind in (
            (Date, ColumnKind.DATE),
            (types.JSON, ColumnKind.JSON),
            (Uuid, ColumnKind.UUID),
            (Boolean, ColumnKind.BOOLEAN),
            (String, ColumnKind.TEXT),
            (Integer, ColumnKind.INTEGER),
            (Numeric, ColumnKind.DECIMAL),
            (Float, ColumnKind.DECIMAL),
            (LargeBinary, ColumnKind.BINARY),
            (types.BINARY, ColumnKind.BINARY),
            (types.VARBINARY, ColumnKind.BINARY),
            (Time, ColumnKind.OTHER),
        ):
            if isinstance(type_, class_):
                return kind
        return ColumnKind.OTHER

    def column_type(self, type_: types.TypeEngine[Any], kind: ColumnKind) -> types.TypeEngine[Any]:
        """Return the type under which the column's values travel unchanged."""
        del kind
        return type_

    def json_text(self, column: Sql) -> Sql:
        """Return a column of JSON as the text of its document."""
        return cast(column, Text)

    def json_of(self, text: Sql, column: Sql) -> Sql:
        """Return the text of a document as what a column of JSON takes."""
        return cast(text, column.type)

    # --- clocks -------------------------------------------------------------------------------------------------

    def reading(
        self, kind: ColumnKind, format_: str | None, zone: str | None, where: str, floor: date = EARLIEST
    ) -> Reading:
        """Return how to read a clock that is unreadable below ``floor``.

        Raises:
            Refused: the column's type cannot be read in the way the matrix says; names ``where``.
        """
        own = {ColumnKind.DATE: "date", ColumnKind.NAIVE: "timestamp", ColumnKind.INSTANT: "instant"}.get(kind)
        if own is not None and format_ in (None, own) and not (format_ and self.holds_text(kind)):
            return self._native(kind, zone, where, floor)
        if format_ is None:
            if kind in (ColumnKind.TEXT, *_NUMBERS):
                raise Refused(f"{where}: a {kind} column needs `as:` to be read as a clock; say which format it holds")
            raise Refused(f"{where}: a column of this type ({kind}) can't be a clock; name another one")
        if format_ in ("epoch_s", "epoch_ms"):
            return self._epoch(kind, 1000 if format_ == "epoch_ms" else 1, format_, where, floor)
        shape = _shape(format_)
        if shape.has_time and not shape.has_offset and zone is None:
            raise Refused(f"{where}: a timestamp without a zone; say `zone:` on the clock or on its database")
        if self.holds_numbers(kind) and _is_number(shape):
            return self._digits(kind, shape, zone, floor)
        if self.holds_text(kind):
            return text_reading(self, shape, zone, floor)
        raise Refused(f"{where}: a {kind} can't be read as {format_}; leave out `as`, or name another column")

    def holds_text(self, kind: ColumnKind) -> bool:
        """Whether a column of that kind may hold texts."""
        return kind is ColumnKind.TEXT

    def holds_numbers(self, kind: ColumnKind) -> bool:
        """Whether a column of that kind may hold numbers."""
        return kind in _NUMBERS

    def _native(self, kind: ColumnKind, zone: str | None, where: str, floor: date) -> Reading:
        if kind is ColumnKind.DATE:
            return self.native_date()
        if kind is ColumnKind.INSTANT:
            return NativeReading(self, self.instant_bound, self.in_utc, _stretches("UTC", floor))
        if zone is None:
            raise Refused(f"{where}: a timestamp without a zone; say `zone:` on the clock or on its database")
        return self.native_naive(zone, floor)

    def native_date(self) -> Reading:
        """Read a DATE: a day in Seoul."""
        return NativeReading(self, lambda day: day, lambda column: column, _stretches("Asia/Seoul", EARLIEST))

    def native_naive(self, zone: str, floor: date) -> Reading:
        """Read a timestamp without zone as wall-clock time in ``zone``."""
        return NativeReading(self, lambda day: naive_bound(day, zone), lambda column: column, _stretches(zone, floor))

    def _epoch(self, kind: ColumnKind, per_second: int, format_: str, where: str, floor: date) -> Reading:
        """Read seconds or milliseconds since 1970, as a number or as a text of digits."""
        pieces = _stretches("UTC", floor)

        def bound(day: date) -> int:
            return int(day_start(day).timestamp()) * per_second

        def day(number: Sql) -> Sql:
            return by_stretch(
                number,
                pieces,
                lambda by: self.epoch_day(number + int(by.total_seconds()) * per_second, per_second),
                lambda start: int(start.replace(tzinfo=UTC).timestamp()) * per_second,
            )

        if self.holds_numbers(kind):
            return NumberReading(self, bound, day)
        if kind is ColumnKind.TEXT:
            return DigitsReading(self, bound, day)
        raise Refused(f"{where}: a {kind} can't be read as {format_}; leave out `as`, or name another column")

    def _digits(self, kind: ColumnKind, shape: Shape, zone: str | None, floor: date) -> Reading:
        """Read a number whose digits are a text of the shape, such as 20260131."""
        del kind
        text = text_reading(self, shape, zone, floor)

        def bound(day: date) -> int:
            return int(text.first(day))

        return NumberReading(
            self,
            bound,
            lambda number: text.day(self.integer_text(number)),
            lambda number: text.well_formed(self.integer_text(number)),
            zero_value=0,
        )

    # --- what the readings are made of --------------------------------------------------------------------------

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
        return Dialect.matches(self, column, pattern)

    def number_of(self, column: Sql) -> Sql:
        """Return the number a text of digits stands for, null for any other text."""
        return case((self.has_digits(column, 15), cast(column, BigInteger)), else_=None)

    def integer_text(self, column: Sql) -> Sql:
        """Return an integral number as text."""
        return cast(cast(column, BigInteger), String(32))

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text, the same for equal values."""
        return cast(column, String(255))

    def whole_text(self, column: Sql) -> Sql:
        """Return a key's value as text, however long it is."""
        return cast(column, Text)

    def text_digest(self, text: Sql) -> Sql:
        """Return 64 hexadecimal digits that tell a text from any other."""
        return func.encode(func.sha256(func.convert_to(text, "UTF8")), "hex", type_=String())

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

    # --- the index a clock uses ---------------------------------------------------------------------------------

    @abc.abstractmethod
    def indexes_used(self, connection: Connection, query: Select[Any]) -> tuple[str, ...]:
        """Return the names of the indexes that the engine means to search for a query, by its own EXPLAIN."""

    def weigh(self, connection: Connection, own: Table) -> None:
        """Gather the statistics of an own table that has just been filled, where nobody else does in time."""
        del connection, own

    def just_emptied(self, connection: Connection, *, alone: bool) -> None:
        """Ready the open transaction to count in tables of which a run has just taken rows, and others may be at work.

        ``alone``: whether nobody else was felt to be.
        """
        del connection, alone

    # --- rows that go together ----------------------------------------------------------------------------------

    def together(self, statements: Sequence[Delete]) -> Executable | None:
        """Return deletes as one statement whose foreign keys are checked at its end; None where there is no such."""
        del statements
        return None

    def defer_checks(self, connection: Connection) -> None:
        """Put off the checks of foreign keys to the end of this transaction, where the engine can."""
        del connection

    # --- the holder's lock --------------------------------------------------------------------------------------

    @abc.abstractmethod
    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take a lock that lives as long as the connection; False where somebody holds it."""

    @abc.abstractmethod
    def unlock(self, connection: Connection, name: str) -> None:
        """Let the lock go."""

    @abc.abstractmethod
    def lock_timeout(self, connection: Connection, milliseconds: int) -> None:
        """Bound how long a statement of this session waits for another's lock."""


def _shape(format_: str) -> Shape:
    if format_ == "date":
        return IsoShape(has_time=False)
    if format_ == "timestamp":
        return IsoShape(has_time=True)
    if format_ == "instant":
        return IsoShape(has_time=True, has_offset=True, separators=" T")
    written = "%Y%m%d" if format_ == "yyyymmdd" else format_.removeprefix("text:")
    return StrptimeShape(parse_format(written))


def _is_number(shape: Shape) -> bool:
    """Whether a text of the shape is a number that grows with time."""
    return isinstance(shape, StrptimeShape) and all(one.only_digits and one.sorts for one in shape.formats)


def _stretches(zone: str, floor: date) -> tuple[Stretch, ...]:
    return stretches(zone, max(floor, EARLIEST))
