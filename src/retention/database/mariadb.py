"""MariaDB 10.6 and later, and MySQL 8, over PyMySQL."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, cast, column, func, literal, select, table, text, types
from sqlalchemy.dialects import mysql

from retention.database.columns import ColumnKind
from retention.database.dialect import Dialect
from retention.database.reading import Sql
from retention.law import day_start


class MariaDB(Dialect):
    """Row locks; counting runs at READ COMMITTED, where INSERT … SELECT locks none of the shop's rows."""

    name = "mariadb"
    label = "MariaDB"
    plan_isolation = "READ COMMITTED"
    run_isolation = "READ COMMITTED"
    target_ms = 40.0
    pattern_end = "\\z"
    leftovers = (
        "row images stay in the binary log until it expires, and in InnoDB's undo log until it is purged; pages are "
        "reused, not overwritten: OPTIMIZE TABLE rebuilds them, and binary logs and backups have to expire"
    )

    def engine_options(self) -> dict[str, Any]:
        """Keep the session in UTC, strict, and with quotes that mean what they mean elsewhere."""
        return {
            "connect_args": {
                "charset": "utf8mb4",
                "init_command": "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
                "connect_timeout": 10,
            },
        }

    def schemas(self, connection: Connection, named: set[str | None]) -> list[str | None]:
        """Return the named schemas and those with a foreign key into them."""
        default = connection.dialect.default_schema_name
        usage = table("KEY_COLUMN_USAGE", schema="information_schema")
        query: Select[str] = (
            select(column("TABLE_SCHEMA"))
            .distinct()
            .select_from(usage)
            .where(column("REFERENCED_TABLE_SCHEMA").in_([name or default for name in named | {None}]))
        )
        others = {name for name in connection.execute(query).scalars() if name != default}
        return sorted(others | named | {None}, key=lambda name: name or "")

    def charsets(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], str]:
        """Return the character set of every text column."""
        columns = table("COLUMNS", schema="information_schema")
        query: Select[str, str, str] = (
            select(column("TABLE_NAME"), column("COLUMN_NAME"), column("CHARACTER_SET_NAME"))
            .select_from(columns)
            .where(column("TABLE_SCHEMA") == (schema or connection.dialect.default_schema_name))
            .where(column("CHARACTER_SET_NAME").is_not(None))
        )
        return {(name, held): charset for name, held, charset in connection.execute(query)}

    def kind(self, type_: types.TypeEngine[Any]) -> ColumnKind:
        """A TIMESTAMP is an instant here, a DATETIME is not; TINYINT(1) is how a truth value is stored."""
        if isinstance(type_, mysql.TIMESTAMP):
            return ColumnKind.INSTANT
        if isinstance(type_, mysql.TINYINT) and getattr(type_, "display_width", None) == 1:
            return ColumnKind.BOOLEAN
        return super().kind(type_)

    def valid_native(self, column: Sql) -> Sql:
        """Return whether month and day are set and exist: the engine stores zero ones, and may store 31 February."""
        return and_(
            func.month(column) > 0,
            func.dayofmonth(column) > 0,
            func.dayofmonth(column) <= func.coalesce(func.dayofmonth(func.last_day(column)), 0),
        )

    def zero_native(self, column: Sql) -> Sql:
        """Return whether a date or timestamp is the zero date."""
        return and_(func.year(column) == 0, func.month(column) == 0, func.dayofmonth(column) == 0)

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text, the same for equal values."""
        return cast(column, mysql.CHAR(255))

    def integer_text(self, column: Sql) -> Sql:
        """Return an integral number as text."""
        return cast(cast(column, mysql.INTEGER), mysql.CHAR(32))

    def instant_bound(self, day: date) -> datetime:
        """Return the start of a Seoul day in UTC without its zone: the session's own is UTC."""
        return day_start(day).replace(tzinfo=None)

    def timestamp(self, instant: datetime, kind: ColumnKind, zone: str) -> datetime:
        """Return an instant as a column of that kind holds it; a TIMESTAMP in the session's zone, UTC."""
        moved: datetime = super().timestamp(instant, ColumnKind.NAIVE, "UTC" if kind is ColumnKind.INSTANT else zone)
        return moved

    def day_text(self, column: Sql) -> Sql:
        """Return a date or timestamp as ``YYYY-MM-DD``."""
        return func.date_format(column, "%Y-%m-%d")

    def minute_text(self, column: Sql, step: timedelta) -> Sql:
        """Return a timestamp as ``YYYY-MM-DD HH:MM``, cut off to ``step``."""
        return func.date_format(column, "%Y-%m-%d %H:00" if step >= timedelta(hours=1) else "%Y-%m-%d %H:%i")

    def shifted(self, column: Sql, by: timedelta) -> Sql:
        """Return a timestamp moved by an interval."""
        return func.timestampadd(text("SECOND"), int(by.total_seconds()), column)

    def epoch_day_text(self, column: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``."""
        return func.date_format(func.from_unixtime(column / literal(per_second)), "%Y-%m-%d")

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take a session's named lock."""
        return connection.execute(select(func.get_lock(_lock_name(name), 0))).scalar() == 1

    def unlock(self, connection: Connection, name: str) -> None:
        """Let the named lock go."""
        connection.execute(select(func.release_lock(_lock_name(name))))

    def lock_timeout(self, connection: Connection, milliseconds: int) -> None:
        """Bound how long a statement of this session waits for another's lock; the engine counts whole seconds."""
        seconds = max(1, milliseconds // 1000)
        connection.execute(text("SET innodb_lock_wait_timeout = :seconds"), {"seconds": seconds})


def _lock_name(name: str) -> str:
    """Return a name within the engine's 64 characters."""
    return "retention:" + hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
