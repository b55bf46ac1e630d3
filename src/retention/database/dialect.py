"""What every engine does alike, and the names of what they do differently.

One subclass per engine holds only its differences; capabilities are attributes, so that nothing outside this folder
asks which engine it is.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
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
    Engine,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Time,
    Uuid,
    case,
    cast,
    create_engine,
    func,
    literal,
    types,
)

from retention.database.columns import ColumnKind
from retention.database.reading import Reading, Sql, day_of_date, day_of_hour
from retention.errors import Refused
from retention.law import day_start, naive_bound, naive_day, seoul_day

_SEOUL = "Asia/Seoul"
DAY = (
    "(([0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8])))"
    "|(([0-9][0-9](0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29))"
)
TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?"


class Dialect(abc.ABC):
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
    target_ms: ClassVar[float] = 20.0
    """How long one batch's statement should take."""
    pattern_end: ClassVar[str] = "$"
    leftovers: ClassVar[str]
    """What the engine itself still holds of a destroyed row, and what to do."""

    def engine(self, url: URL) -> Engine:
        """Return an engine whose errors never show parameters."""
        return create_engine(url, hide_parameters=True, pool_pre_ping=False, **self.engine_options())

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

    # --- clocks -------------------------------------------------------------------------------------------------

    def reading(self, kind: ColumnKind, format_: str | None, zone: str | None, where: str) -> Reading:
        """Return how to read a clock.

        Raises:
            Refused: the column's type cannot be read in the way the matrix says; names ``where``.
        """
        if format_ in ("epoch_s", "epoch_ms"):
            if kind not in (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.TEXT):
                raise Refused(f"{where}: a {kind} can't be read as {format_}; leave out `as`")
            return self.epoch(kind, 1000 if format_ == "epoch_ms" else 1)
        if format_ == "yyyymmdd":
            if kind not in (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.TEXT):
                raise Refused(f"{where}: a {kind} can't be read as yyyymmdd; leave out `as`")
            return self.yyyymmdd(kind)
        if kind is ColumnKind.DATE:
            return self.native_date()
        if kind is ColumnKind.INSTANT:
            return self.instant()
        if kind is ColumnKind.TEXT and format_ == "date":
            return self.text_date()
        if kind is ColumnKind.NAIVE or (kind is ColumnKind.TEXT and format_ == "timestamp"):
            if zone is None:
                raise Refused(f"{where}: a timestamp without a zone; say `zone:` on the clock or on its database")
            return self.naive(zone) if kind is ColumnKind.NAIVE else self.text_timestamp(zone)
        if kind in (ColumnKind.TEXT, ColumnKind.INTEGER, ColumnKind.DECIMAL):
            raise Refused(f"{where}: a {kind} column needs `as:` to be read as a clock; say which format it holds")
        raise Refused(f"{where}: a column of this type ({kind}) can't be a clock; name another one")

    def native_date(self) -> Reading:
        """Read a DATE: a day in Seoul."""
        return Reading(
            lambda c: c, lambda day: day, self.valid_native, self.zero_native, self.day_text, day_of_date, self.day_text
        )

    def naive(self, zone: str) -> Reading:
        """Read a timestamp without zone as wall-clock time in ``zone``."""
        step = bucket_step(zone)
        return Reading(
            lambda c: c,
            lambda day: naive_bound(day, zone),
            self.valid_native,
            self.zero_native,
            lambda c: self.minute_text(c, step),
            day_of_hour(lambda value: naive_day(value, zone), step),
            lambda c: self.day_text(self.shifted(c, least_shift(zone))),
        )

    def instant(self) -> Reading:
        """Read an instant."""
        return Reading(
            lambda c: c,
            self.instant_bound,
            self.valid_native,
            self.zero_native,
            lambda c: self.minute_text(self.in_utc(c), timedelta(hours=1)),
            day_of_hour(lambda value: seoul_day(value.replace(tzinfo=UTC)), timedelta(hours=1)),
            lambda c: self.day_text(self.shifted(self.in_utc(c), least_shift("UTC"))),
        )

    def text_date(self) -> Reading:
        """Read a text ``YYYY-MM-DD``."""
        return Reading(
            lambda c: c,
            lambda day: day.isoformat(),
            lambda c: self.matches(c, DAY),
            self.empty_text,
            lambda c: func.substr(c, 1, 10),
            day_of_date,
            lambda c: func.substr(c, 1, 10),
        )

    def text_timestamp(self, zone: str) -> Reading:
        """Read a text ``YYYY-MM-DD HH:MM:SS[.f]`` as wall-clock time in ``zone``."""
        step = timedelta(minutes=1)
        return Reading(
            lambda c: c,
            lambda day: naive_bound(day, zone).strftime("%Y-%m-%d %H:%M:%S"),
            lambda c: self.matches(c, f"{DAY} {TIME}"),
            self.empty_text,
            lambda c: func.substr(c, 1, 16),
            day_of_hour(lambda value: naive_day(value, zone), step),
            lambda c: self.day_text(self.shifted(self.parsed_timestamp(c), least_shift(zone))),
        )

    def yyyymmdd(self, kind: ColumnKind) -> Reading:
        """Read eight digits, as text or as a number."""
        as_text = kind is ColumnKind.TEXT

        def dashed(column: Sql) -> Sql:
            text = column if as_text else self.integer_text(column)
            return func.substr(text, 1, 4).concat("-").concat(func.substr(text, 5, 2)).concat("-") + func.substr(
                text, 7, 2
            )

        def valid(column: Sql) -> Sql:
            text = column if as_text else self.integer_text(column)
            return (func.length(text) == 8) & self.matches(dashed(column), DAY)  # noqa: PLR2004 - eight digits

        return Reading(
            lambda c: c,
            lambda day: day.strftime("%Y%m%d") if as_text else int(day.strftime("%Y%m%d")),
            valid,
            self.empty_text if as_text else (lambda c: c == 0),
            dashed,
            day_of_date,
            dashed,
        )

    def epoch(self, kind: ColumnKind, per_second: int) -> Reading:
        """Read seconds or milliseconds since 1970, as a number or as a text of digits."""
        digits = "[0-9]{1,15}"
        as_text = kind is ColumnKind.TEXT

        def value(column: Sql) -> Sql:
            return self.number_of(column, digits) if as_text else column

        def hour(column: Sql) -> Sql:
            return self.integer_text(func.floor(value(column) / literal(per_second * 3600)))

        shift = int(timedelta(hours=9).total_seconds()) * per_second
        return Reading(
            value,
            lambda day: int(day_start(day).timestamp()) * per_second,
            (lambda c: self.matches(c, digits)) if as_text else self.valid_number,
            self.empty_text if as_text else None,
            hour,
            lambda text: seoul_day(datetime.fromtimestamp((int(float(text)) + 1) * 3600 - 1, UTC)),
            lambda c: self.epoch_day_text(value(c) + shift, per_second),
        )

    # --- what the readings are made of --------------------------------------------------------------------------

    def valid_native(self, column: Sql) -> Sql:
        """Return whether a date or timestamp of the engine's own type is one that exists."""
        return column.is_not(None)

    def valid_number(self, column: Sql) -> Sql:
        """Return whether a column of a number's type holds one."""
        return column.is_not(None)

    def zero_native(self, column: Sql) -> Sql:
        """Return whether a date or timestamp of the engine's own type is the zero date."""
        return literal(False) & column.is_(None)

    def empty_text(self, column: Sql) -> Sql:
        """Return whether a text stands for nothing."""
        return column.in_(["", "0000-00-00", "0000-00-00 00:00:00", "00000000"])

    def matches(self, column: Sql, pattern: str) -> Sql:
        """Return whether the whole text matches the pattern."""
        return column.regexp_match(f"^({pattern}){self.pattern_end}")

    def fits(self, column: Sql, pattern: str) -> Sql:
        """Return whether the whole text has the format of a surrogate."""
        return Dialect.matches(self, column, pattern)

    def number_of(self, column: Sql, digits: str) -> Sql:
        """Return the number a text of digits stands for, null for any other text."""
        return case((self.matches(column, digits), cast(column, BigInteger)), else_=None)

    def integer_text(self, column: Sql) -> Sql:
        """Return an integral number as text."""
        return cast(cast(column, BigInteger), String(32))

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text, the same for equal values."""
        return cast(column, String(255))

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

    def day_text(self, column: Sql) -> Sql:
        """Return a date or timestamp as ``YYYY-MM-DD``."""
        return func.substr(column, 1, 10)

    def minute_text(self, column: Sql, step: timedelta) -> Sql:
        """Return a timestamp as ``YYYY-MM-DD HH:MM``, cut off to ``step`` or finer."""
        del step
        return func.substr(column, 1, 16)

    def shifted(self, column: Sql, by: timedelta) -> Sql:
        """Return a timestamp moved by an interval."""
        return column + literal(by)

    def parsed_timestamp(self, column: Sql) -> Sql:
        """Return a well-formed text as a timestamp."""
        return cast(column, DateTime)

    @abc.abstractmethod
    def epoch_day_text(self, column: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``."""

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


def bucket_step(zone: str) -> timedelta:
    """Return how fine a bucket must be so that a Seoul day never begins inside one."""
    offset = ZoneInfo(zone).utcoffset(datetime(2024, 1, 1))  # noqa: DTZ001 - only the minutes of the offset matter
    whole = offset is not None and offset.total_seconds() % 3600 == 0
    return timedelta(hours=1) if whole else timedelta(minutes=1)


def least_shift(zone: str) -> timedelta:
    """Return the smallest difference between Seoul's wall clock and that of ``zone`` over a year."""
    seoul, other = ZoneInfo(_SEOUL), ZoneInfo(zone)
    differences = []
    for month in range(1, 13):
        moment = datetime(2024, month, 15, tzinfo=UTC)
        there, here = moment.astimezone(other).utcoffset(), moment.astimezone(seoul).utcoffset()
        if there is not None and here is not None:
            differences.append(here - there)
    return min(differences)
