"""What every engine does alike, and the names of what they do differently.

One subclass per engine holds only its differences; capabilities are attributes, so that nothing outside this folder
asks which engine it is.
"""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date
from typing import Any, ClassVar

from sqlalchemy import (
    URL,
    Boolean,
    Connection,
    Date,
    DateTime,
    Delete,
    Engine,
    Executable,
    Float,
    Integer,
    Numeric,
    Select,
    String,
    Table,
    Text,
    Time,
    Uuid,
    cast,
    create_engine,
    types,
)

from retention.database.clock_words import ClockWords
from retention.database.columns import BYTES, ColumnKind, Declared
from retention.database.names import ForeignKey, TableKey
from retention.database.native import DigitsReading, NativeReading, NumberReading, by_stretch
from retention.database.onlooker import Onlooker
from retention.database.reading import EARLIEST, Reading, Sql
from retention.database.relations import Relation
from retention.database.textformat import parse_format
from retention.database.texts import IsoShape, Shape, StrptimeShape, text_reading
from retention.database.walking import Walking
from retention.errors import Refused
from retention.law import Stretch, day_start, naive_bound, stretches

PATIENCE_S = 60
"""For how many seconds a session that says nothing else waits for another's lock."""
_NUMBERS = (ColumnKind.INTEGER, ColumnKind.DECIMAL)


class Dialect(ClockWords, Onlooker, Walking):
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

    def shut_schema(self, connection: Connection, table: str) -> str | None:
        """Return a schema that has a table of that name and that the role may not look into, if there is one."""
        del connection, table
        return None

    def partitions(self, connection: Connection, schema: str | None) -> Mapping[str, TableKey]:
        """Return the names of tables that are partitions of another one, each with that table's."""
        del connection, schema
        return {}

    def folded(self, name: str) -> str:
        """Return a name so that two are equal where the engine takes them for the same."""
        return name

    def declared(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], Declared]:
        """Return how columns (table, column) are declared, where reflection doesn't say all of it."""
        del connection, schema
        return {}

    def key_columns(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Return the columns of unique keys (table, key), where reflection may leave some of them out."""
        del connection, schema
        return {}

    def json_columns(self, connection: Connection, schema: str | None) -> set[tuple[str, str]]:
        """Return table and name of columns that hold JSON though their type doesn't say so."""
        del connection, schema
        return set()

    def key_options(self, connection: Connection) -> Mapping[ForeignKey, Mapping[str, str]]:
        """Return what foreign keys do ON DELETE and ON UPDATE, where reflection doesn't say so of every one."""
        del connection
        return {}

    def as_enforced(
        self, connection: Connection, relations: Sequence[Relation], tables: Mapping[TableKey, Table]
    ) -> Iterable[Relation]:
        """Return declared relations, each with how the engine itself compares its columns."""
        del connection, tables
        return relations

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
            (BYTES, ColumnKind.BINARY),
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

    # --- a session that works ----------------------------------------------------------------------------------------

    def take_up(self, connection: Connection) -> None:
        """Ready a session, outside of any transaction, for many small ones."""
        del connection

    def leave(self, connection: Connection) -> None:
        """Put back what :meth:`take_up` has set."""
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
