"""SQLite 3.37 and later. Columns declared DATE, DATETIME or TIMESTAMP hold ISO text."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from sqlalchemy import URL, Connection, Engine, Text, and_, cast, event, func, literal, or_, type_coerce, types
from sqlalchemy.pool import ConnectionPoolEntry

from retention.database.columns import ColumnKind
from retention.database.dialect import DAY, TIME, Dialect, bucket_step, least_shift
from retention.database.reading import Reading, Sql, day_of_date, day_of_hour
from retention.errors import Refused
from retention.law import naive_bound, naive_day

_DASHED = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
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
    leftovers = (
        "deleted content is overwritten with zeros (secure_delete), but the WAL, the file system and backups may "
        "still hold pages; checkpoint the WAL, run VACUUM, and let backups expire"
    )
    _held: ClassVar[dict[str, int]] = {}

    def engine(self, url: URL) -> Engine:
        """Return an engine on an existing file, with foreign keys enforced and freed pages overwritten.

        Raises:
            Refused: the file isn't there; SQLite would make an empty one.
        """
        path = url.database or ""
        if path in ("", ":memory:") or not Path(path).is_file():
            raise Refused(f"sqlite: the file {Path(path).name or ':memory:'} does not exist; make it, or mend the URL")
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

    def column_type(self, type_: types.TypeEngine[Any], kind: ColumnKind) -> types.TypeEngine[Any]:
        """Return a type that leaves values as they are stored: a declared DATE may hold anything."""
        if kind in (ColumnKind.TEXT, ColumnKind.INTEGER):
            return type_
        return types.NullType()

    def native_date(self) -> Reading:
        """Read a column declared DATE: text ``YYYY-MM-DD``."""
        return self.text_date()

    def naive(self, zone: str) -> Reading:
        """Read a column declared DATETIME or TIMESTAMP: ISO text with a space or a T, no offset."""
        return self._timestamp(zone, separators=" T")

    def text_timestamp(self, zone: str) -> Reading:
        """Read a text ``YYYY-MM-DD HH:MM:SS[.f]``."""
        return self._timestamp(zone, separators=" ")

    def text_date(self) -> Reading:
        """Read a text ``YYYY-MM-DD``."""
        return Reading(
            _as_text,
            lambda day: day.isoformat(),
            lambda c: self.matches(c, DAY),
            self.empty_text,
            lambda c: func.substr(c, 1, 10),
            day_of_date,
            lambda c: func.substr(c, 1, 10),
        )

    def _timestamp(self, zone: str, separators: str) -> Reading:
        step = bucket_step(zone)

        def bound(day: date) -> str:
            return naive_bound(day, zone).strftime("%Y-%m-%d %H:%M:%S")

        def below(column: Sql, day: date) -> Sql:
            # 'T' sorts after ' ': the first comparison takes in both spellings and is the one an index serves.
            upper = bound(day).replace(" ", "T")
            return and_(_as_text(column) < upper, func.replace(column, "T", " ") < bound(day))

        def well_formed(column: Sql) -> Sql:
            return and_(
                func.substr(column, 11, 1).in_(list(separators)), self.matches(func.replace(column, "T", " "), TIME)
            )

        return Reading(
            _as_text,
            bound,
            well_formed,
            self.empty_text,
            lambda c: func.strftime("%Y-%m-%d %H:00" if step >= timedelta(hours=1) else "%Y-%m-%d %H:%M", c),
            day_of_hour(lambda value: naive_day(value, zone), step),
            lambda c: func.strftime("%Y-%m-%d", c, f"{int(least_shift(zone).total_seconds())} seconds"),
            below if "T" in separators else None,
        )

    def matches(self, column: Sql, pattern: str) -> Sql:
        """Check a format by SQLite's own functions: writing the value back must give the same text."""
        is_text = func.typeof(column) == "text"
        if pattern == DAY:
            return and_(is_text, column.op("GLOB")(_DASHED), func.date(column, _AS_IT_IS) == column)
        if pattern in (TIME, f"{DAY} {TIME}"):
            head, rest = func.substr(column, 1, 19), func.substr(column, 20)
            fraction = and_(
                func.substr(rest, 1, 1) == ".",
                func.length(rest) > 1,
                ~func.substr(rest, 2).op("GLOB")("*[^0-9]*"),
            )
            return and_(is_text, func.strftime("%Y-%m-%d %H:%M:%S", head, _AS_IT_IS) == head, or_(rest == "", fraction))
        return and_(is_text, func.length(column).between(1, 15), ~column.op("GLOB")("*[^0-9]*"))

    def fits(self, column: Sql, pattern: str) -> Sql:
        """Return whether the whole text has the format: REGEXP is a function that SQLAlchemy adds to the connection."""
        return column.regexp_match(f"^({pattern})$")

    def valid_number(self, column: Sql) -> Sql:
        """Return whether a value is stored as a number: the declared type binds nobody here."""
        return func.typeof(column).in_(["integer", "real"])

    def empty_text(self, column: Sql) -> Sql:
        """Return whether a text stands for nothing."""
        return _as_text(column).in_(["", "0000-00-00", "0000-00-00 00:00:00", "00000000"])

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text, the same for equal values."""
        return cast(column, Text)

    def timestamp(self, instant: datetime, kind: ColumnKind, zone: str) -> str:
        """Return an instant as ISO text in ``zone``."""
        del kind
        return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")

    def epoch_day_text(self, column: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``."""
        return func.strftime("%Y-%m-%d", column / literal(per_second), "unixepoch")

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take an operating-system lock on a file beside the database; it dies with the process."""
        path = _lock_path(connection, name)
        if path in self._held:
            return False
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        if not _is_still_there(handle, path):
            # Its last holder took the file away while this one was waiting to open it.
            os.close(handle)
            return False
        self._held[path] = handle
        return True

    def unlock(self, connection: Connection, name: str) -> None:
        """Let the file's lock go, and the file."""
        path = _lock_path(connection, name)
        handle = self._held.pop(path, None)
        if handle is not None:
            Path(path).unlink(missing_ok=True)
            os.close(handle)

    def lock_timeout(self, connection: Connection, milliseconds: int) -> None:
        """Bound how long a statement of this session waits for another's lock."""
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(milliseconds)}")


def _as_text(column: Sql) -> Sql:
    return type_coerce(column, Text)


def _is_still_there(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), Path(path).stat())
    except FileNotFoundError:
        return False


def _lock_path(connection: Connection, name: str) -> str:
    digest = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
    return f"{connection.engine.url.database}.retention-{digest}.lock"
