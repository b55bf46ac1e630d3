"""SQLite 3.37 and later. Columns declared DATE, DATETIME or TIMESTAMP hold ISO text."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    cast,
    collate,
    event,
    func,
    literal,
    not_,
    or_,
    select,
    text,
    true,
    type_coerce,
    types,
)
from sqlalchemy.dialects import sqlite as sqlite_words
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.sql.visitors import replacement_traverse

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.dialect import Dialect
from retention.database.enforced import by_parents
from retention.database.explain import Explain
from retention.database.file_locks import FileLocks
from retention.database.names import ForeignKey, TableKey
from retention.database.reading import EARLIEST, Reading, Sql
from retention.database.relations import Relation
from retention.database.textformat import TextFormat
from retention.database.texts import IsoShape, text_reading
from retention.database.worded import Worded, words_of
from retention.errors import Refused

_WATCHED = 1.0
_STEPS = 10_000
"""After how many of the engine's own steps a watched statement's time is looked at: a fraction of a millisecond."""
_DASHED = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_OFFSETS = ("[-+][0-9][0-9]", "[-+][0-9][0-9][0-9][0-9]", "[-+][0-9][0-9]:[0-9][0-9]")
_FRACTION = len(".123456789")
_ANYTHING = (ColumnKind.DATE, ColumnKind.NAIVE, ColumnKind.INTEGER, ColumnKind.DECIMAL)
_SEARCHED = re.compile(r"SEARCH .* USING (?:(?:COVERING )?INDEX (?P<name>.+?)|(?:INTEGER )?PRIMARY KEY) \(")
_PLUS = custom_op[Any]("+")
_KEEPS = "retention keeps the journal"
_KEYS = text("""
SELECT m.name, k.id, k."table", k.on_delete, k.on_update, k."from"
FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) k WHERE m.type = 'table' ORDER BY m.name, k.id, k.seq
""")
_AS_IT_IS = "+0 days"
"""A modifier makes SQLite work a date out: without one it gives 30 February back as it was written."""


class SQLite(Dialect):
    """One writer at a time: a batch begins with BEGIN IMMEDIATE, which stands for row locks."""

    name = "sqlite"
    label = "SQLite"
    plan_isolation = "SERIALIZABLE"
    run_isolation = "SERIALIZABLE"
    locks_rows = False
    deletes_by_join = False
    numbers_rows = True
    bounds_values = False
    walks_clocks = True
    replicates = False
    leftovers = (
        "deleted content is overwritten with zeros (secure_delete), but the WAL, the journal of a run that was killed, "
        "the file system and backups may still hold pages; checkpoint the WAL, run VACUUM, and let backups expire"
    )
    _locks: ClassVar[FileLocks] = FileLocks()

    def engine(self, url: URL) -> Engine:
        """Return an engine on an existing file, with foreign keys enforced and freed pages overwritten.

        Raises:
            Refused: the file isn't there; SQLite would make an empty one.
        """
        path = url.database or ""
        if path in ("", ":memory:") or not Path(path).is_file():
            problem = "is a folder" if Path(path).is_dir() else "does not exist"
            raise Refused(f"sqlite: the file {Path(path).name or ':memory:'} {problem}; make the file, or mend the URL")
        engine = super().engine(url)

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
            connection.isolation_level = None
            for pragma in ("foreign_keys = ON", "secure_delete = ON", "temp_store = FILE", "busy_timeout = 5000"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
            connection.exec_driver_sql(f"BEGIN {mode}")

        return engine

    def watch_engine(self, url: URL) -> Engine:
        """Return an engine that can't write and whose statements end after a second."""
        engine = self.engine(url)
        until = float("inf")

        @event.listens_for(engine, "connect")
        def prepare(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
            for pragma in ("query_only = ON", "busy_timeout = 1000"):
                connection.execute(f"PRAGMA {pragma}")
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)

        @event.listens_for(engine, "before_cursor_execute")
        def bound(*_execution: object) -> None:
            nonlocal until
            until = time.monotonic() + _WATCHED

        return engine

    def as_enforced(
        self, connection: Connection, relations: Sequence[Relation], tables: Mapping[TableKey, Table]
    ) -> Iterable[Relation]:
        """Return declared relations as the engine compares them: the parent's collation counts."""
        return by_parents(connection, relations, tables)

    def column_type(self, type_: types.TypeEngine[Any], kind: ColumnKind) -> types.TypeEngine[Any]:
        """Return a type that leaves values as they are stored: a declared DATE may hold anything."""
        if kind in (ColumnKind.TEXT, ColumnKind.INTEGER):
            return type_
        return types.NullType()

    def holds_text(self, kind: ColumnKind) -> bool:
        """Whether a column may hold texts: the declared type binds nobody here."""
        return kind in _ANYTHING or kind is ColumnKind.TEXT

    def holds_numbers(self, kind: ColumnKind) -> bool:
        """Whether a column may hold numbers: a text of digits becomes one, except in a column of texts."""
        return kind in _ANYTHING

    def json_text(self, column: Sql) -> Sql:
        """Return the column: JSON is stored as text."""
        return column

    def json_of(self, text: Sql, column: Sql) -> Sql:
        """Return the text: JSON is stored as it is."""
        del column
        return text

    def native_date(self) -> Reading:
        """Read a column declared DATE: text ``YYYY-MM-DD``."""
        return text_reading(self, IsoShape(has_time=False), None, EARLIEST)

    def native_naive(self, zone: str, floor: date) -> Reading:
        """Read a column declared DATETIME or TIMESTAMP: ISO text with a blank or a T, no offset."""
        return text_reading(self, IsoShape(has_time=True, separators=" T"), zone, floor)

    def as_text(self, column: Sql) -> Sql:
        """Return a column of any declared type as one that is compared with texts."""
        return type_coerce(column, Text)

    def is_iso(self, text: Sql, shape: IsoShape) -> Sql:
        """Return whether a text is a day, and a time and an offset where the shape has them."""
        return Worded(_iso_words(shape), text)

    def _iso(self, text: Sql, shape: IsoShape) -> Sql:
        whole = self._iso_in_parts(text, shape)
        if shape.has_offset:
            return whole
        # Nearly every text is what the engine itself would write, which one call tells; a value that is no text never
        # equals its answer, and a year before 0 sorts below the other. CASE, since both arms of an OR are worked out.
        written = collate(func.datetime(text, _AS_IT_IS) if shape.has_time else func.date(text, _AS_IT_IS), "BINARY")
        return case((and_(written == text, text >= "0000-"), true()), else_=whole)

    def _iso_in_parts(self, text: Sql, shape: IsoShape) -> Sql:
        is_text = func.typeof(text) == "text"
        if not shape.has_time:
            return and_(is_text, _like(text, _DASHED), self.exists(text, with_time=False))
        rest = func.substr(text, 20, type_=String())
        tail = self.offset_tail(rest) if shape.has_offset else literal("", String())
        cut = func.length(rest) - func.length(tail)
        fraction = func.substr(rest, 1, cut, type_=String()) if shape.has_offset else rest
        digits = func.substr(fraction, 2, type_=String())
        return and_(
            is_text,
            func.substr(text, 11, 1).in_(list(shape.separators)),
            self.exists(shape.canonical(text), with_time=True),
            or_(fraction == "", and_(_like(fraction, ".[0-9]*"), not_(_like(digits, "*[^0-9]*")))),
            func.length(fraction) <= _FRACTION,
            or_(tail == "Z", *(_offset(tail, form) for form in _OFFSETS)) if shape.has_offset else true(),
        )

    def layout(self, text: Sql, one: TextFormat) -> Sql:
        """Return whether a text has a format's layout."""
        offset = one.part(text, "z")
        laid_out = and_(func.typeof(text) == "text", _like(text, one.glob))
        return laid_out if offset is None else and_(laid_out, _offset(offset, _OFFSETS[1]))

    def exists(self, canonical: Sql, *, with_time: bool) -> Sql:
        """Return whether a moment exists: written back by the engine's own functions it is the same."""
        if with_time:
            return func.strftime("%Y-%m-%d %H:%M:%S", canonical, _AS_IT_IS) == canonical
        return func.date(canonical, _AS_IT_IS) == canonical

    def has_digits(self, column: Sql, most: int) -> Sql:
        """Return whether a text is a whole number from 0 on, as it would be written back."""
        text = self.as_text(column)
        return and_(
            func.typeof(text) == "text",
            func.length(text).between(1, most),
            not_(_like(text, "*[^0-9]*")),
            or_(func.substr(text, 1, 1) != "0", func.length(text) == 1),
        )

    def fits(self, column: Sql, pattern: str) -> Sql:
        """Return whether the whole text has the format: REGEXP is a function that SQLAlchemy adds to the connection."""
        return column.regexp_match(f"^({pattern})$")

    def whole_number(self, column: Sql) -> Sql:
        """Return whether a value is stored as a whole number: the declared type binds nobody here."""
        return and_(func.typeof(column).in_(["integer", "real"]), column == cast(column, BigInteger))

    def folded(self, name: str) -> str:
        """Return a name in small letters: of those in ASCII the engine looks at no case."""
        return "".join(one.lower() if one.isascii() else one for one in name)

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text, the same for equal values; bytes, which need be no text, as they are quoted."""
        text = cast(column, Text)
        if isinstance(column.type, Integer):
            return text
        return case((func.typeof(column) == "blob", func.quote(column)), else_=text)

    def timestamp(self, instant: datetime, kind: ColumnKind, zone: str) -> str:
        """Return an instant as ISO text in ``zone``."""
        del kind
        return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")

    def day_text(self, column: Sql) -> Sql:
        """Return a date or timestamp as ``YYYY-MM-DD``."""
        return func.substr(column, 1, 10, type_=String())

    def shifted(self, column: Sql, by: timedelta) -> Sql:
        """Return a timestamp moved by an interval."""
        return func.datetime(column, f"{int(by.total_seconds())} seconds", type_=String())

    def text_day(self, canonical: Sql, by: timedelta) -> Sql:
        """Return the day of ``YYYY-MM-DD HH:MM:SS`` moved by an interval, as ``YYYY-MM-DD``."""
        return func.date(canonical, f"{int(by.total_seconds())} seconds", type_=String())

    def utc_text(self, canonical: Sql, offset: Sql) -> Sql:
        """Return ``YYYY-MM-DD HH:MM:SS`` at an offset ``±HHMM`` as the same in UTC."""
        colon = func.substr(offset, 1, 3, type_=String()).concat(":").concat(func.substr(offset, 4, 2, type_=String()))
        return func.datetime(canonical.concat(colon), type_=String())

    def offset_tail(self, text: Sql) -> Sql:
        """Return what follows an optional fraction of a second."""
        return func.ltrim(text, ".0123456789", type_=String())

    def weekday(self, day: Sql) -> Sql:
        """Return the number of the weekday of ``YYYY-MM-DD``; Sunday is 0."""
        return cast(func.strftime("%w", day), Integer)

    def epoch_day(self, number: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``."""
        return func.date(number / float(per_second), "unixepoch", type_=String())

    def plus(self, day: Sql, *, months: int = 0, days: int = 0) -> Sql:
        """Return a day ``YYYY-MM-DD`` later by months or days; a month that lacks the day gives its last one."""
        if not months:
            return func.date(day, f"{days:+} days", type_=String())
        # The engine goes on into the next month where the day is missing.
        there = func.date(day, f"{months:+} months", type_=String())
        same = func.substr(there, 9, 2) == func.substr(day, 9, 2)
        return case((same, there), else_=func.date(there, "start of month", "-1 days", type_=String()))

    def indexes_used(self, connection: Connection, query: Select[Any]) -> tuple[str, ...]:
        """Return the indexes that EXPLAIN QUERY PLAN searches; a row's own number counts as the primary key."""
        lines = [str(row[-1]) for row in connection.execute(Explain("EXPLAIN QUERY PLAN", query))]
        found = [match for line in lines if (match := _SEARCHED.match(line)) is not None]
        return tuple(dict.fromkeys(match["name"] or "PRIMARY" for match in found))

    def rows_about(self, connection: Connection, which: Table) -> int:
        """Return the number of rows: counting them is quick here."""
        return int(connection.execute(select(func.count()).select_from(which)).scalar_one())

    def without_seeking(self, condition: Sql, which: Table, clocks: Collection[str]) -> Sql:
        """Return the condition with a plus before the clocks: the documented way to keep an index from being used."""
        ruled_out: dict[int, UnaryExpression[Any]] = {
            id(which.c[name]): UnaryExpression(which.c[name], operator=_PLUS) for name in clocks
        }

        def written(element: Any, **_options: Any) -> Any:
            return ruled_out.get(id(element))

        found: Sql = replacement_traverse(condition, {}, written)
        return found

    def counts(self, column: Column[Any], shape: ColumnShape) -> bool:
        """Whether the column is the row's own number: any other may hold anything."""
        del column
        return shape.row_number

    def numbers(self, column: Sql) -> Sql:
        """Return the numbers as one text."""
        return func.group_concat(column, type_=String())

    def key_options(self, connection: Connection) -> Mapping[ForeignKey, Mapping[str, str]]:
        """Return those of every key: reflection reads them from texts, and not where a column's own says REFERENCES."""
        columns: dict[tuple[str, ...], list[str]] = {}
        for *key, column in connection.execute(_KEYS):
            columns.setdefault(tuple(map(str, key)), []).append(column)
        return {
            (name, tuple(names), parent): {"ondelete": on_delete, "onupdate": on_update}
            for (name, _id, parent, on_delete, on_update), names in columns.items()
        }

    def changes_by_others(self, connection: Connection) -> int:
        """Return the file's ``data_version`` as this connection sees it, outside of any transaction."""
        try:
            return int(_file(connection).execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            # It is locked: somebody is just writing.
            return -1

    def take_up(self, connection: Connection) -> None:
        """Keep the file of the rollback journal from batch to batch: to make and delete it takes as long as to sync it.

        What it held is worth nothing any more after each commit, but stands there until the next batch overwrites it.
        """
        with suppress(sqlite3.OperationalError):
            if _file(connection).execute("PRAGMA journal_mode").fetchone()[0] == "delete":
                _file(connection).execute("PRAGMA journal_mode = PERSIST")
                connection.info[_KEEPS] = True

    def leave(self, connection: Connection) -> None:
        """Let the journal go; where somebody else is just writing, that is the one who lets it go."""
        if connection.info.pop(_KEEPS, False):
            with suppress(sqlite3.OperationalError):
                _file(connection).execute("PRAGMA journal_mode = DELETE")

    def defer_checks(self, connection: Connection) -> None:
        """Check every foreign key when the transaction commits, RESTRICT included."""
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take an operating-system lock on a file beside the database; it dies with the process."""
        return self._locks.take(_lock_path(connection, name))

    def unlock(self, connection: Connection, name: str) -> None:
        """Let the file's lock go, and the file."""
        self._locks.let_go(_lock_path(connection, name))

    def lock_timeout(self, connection: Connection, milliseconds: int) -> None:
        """Bound how long a statement of this session waits for another's lock."""
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(milliseconds)}")


def _file(connection: Connection) -> sqlite3.Connection:
    """Return the driver's own connection: a pragma of the file is no statement of a transaction."""
    file: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment]
    return file


@cache
def _iso_words(shape: IsoShape) -> str:
    return words_of(lambda text: SQLite()._iso(text, shape), sqlite_words.dialect())


def _like(text: Sql, pattern: str) -> Sql:
    """Return whether a text has a pattern, in its very letters."""
    return text.op("GLOB", is_comparison=True)(pattern)


def _offset(text: Sql, form: str) -> Sql:
    """Return whether an offset of this form is one that a zone has."""
    hours, minutes = func.substr(text, 1, 3), func.substr(text, -2, 2)
    in_range = or_(hours.between("+00", "+14"), hours.between("-01", "-12"))
    return and_(_like(text, form), in_range, *([minutes <= "59"] if form != _OFFSETS[0] else []))


def _lock_path(connection: Connection, name: str) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return f"{connection.engine.url.database}.retention-{digest}.lock"
