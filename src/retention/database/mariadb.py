"""MariaDB 10.6 and later, and MySQL 8, over PyMySQL."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    Select,
    String,
    Table,
    and_,
    case,
    cast,
    column,
    create_engine,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    table,
    text,
    types,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.elements import KeyedColumnElement

from retention.database.columns import BYTES, ColumnKind, Declared
from retention.database.dialect import PATIENCE_S, Dialect
from retention.database.enforced import by_storage
from retention.database.explain import Explain
from retention.database.loading import as_bound, into
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation
from retention.database.session import set_up
from retention.database.versions import by_digest, columns_in
from retention.law import day_start

_SEARCHES = {"const", "eq_ref", "ref", "ref_or_null", "range", "index_merge", "unique_subquery", "index_subquery"}

_SHORTEST = 28

_BEHIND = ("Seconds_Behind_Master", "Seconds_Behind_Source")
# In UTC, strict, with quotes that mean what they mean elsewhere, and a key of 0 as it is. What is asked is answered in
# full, and tables are described so that their columns and keys are found.
_AS_WRITTEN = (
    "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO', "
    "group_concat_max_len = 4194304, sql_select_limit = 18446744073709551615, sql_quote_show_create = 1, "
    "sql_safe_updates = 0"
)
# MariaDB and MySQL have other names for the same; each reads its own comment only.
_WATCHING = (
    "/*M! , max_statement_time = 1, tx_read_only = 1 */"
    " /*!80000 , max_execution_time = 1000, transaction_read_only = 1 */"
)
_LOGGED = ("VARIABLES LIKE 'log_bin'", "STATUS LIKE 'Binlog_commits'")
_WAITING = text(
    "SELECT count(DISTINCT w.requesting_trx_id) FROM information_schema.innodb_lock_waits w "
    "JOIN information_schema.innodb_trx t ON t.trx_id = w.blocking_trx_id WHERE t.trx_mysql_thread_id = :session"
)


class MariaDB(Dialect):
    """Row locks; counting runs at READ COMMITTED, where INSERT … SELECT locks none of the shop's rows."""

    name = "mariadb"
    label = "MariaDB"
    plan_isolation = "READ COMMITTED"
    run_isolation = "READ COMMITTED"
    snapshot = "REPEATABLE READ"
    snapshot_locks_all = True
    workers = 2
    counts_writes = True
    checks_each_row = True
    joins_itself = False
    target_ms = 40.0
    pattern_end = "\\z"
    leftovers = (
        "row images stay in the binary log until it expires, and in InnoDB's undo log until it is purged; pages are "
        "reused, not overwritten: OPTIMIZE TABLE rebuilds them, and binary logs and backups have to expire"
    )

    def engine(self, url: URL) -> Engine:
        """Return an engine whose sessions give up waiting for a table's lock, for which the server would take a day."""
        return set_up(super().engine(url), f"{_AS_WRITTEN}, lock_wait_timeout = {PATIENCE_S}")

    def engine_options(self) -> dict[str, Any]:
        """Have every text, and give up a server that doesn't answer."""
        return {"connect_args": {"charset": "utf8mb4", "connect_timeout": 10}}

    def watch_engine(self, url: URL) -> Engine:
        """Return an engine whose transactions can't write and whose statements end after a second."""
        arguments = {"charset": "utf8mb4", "connect_timeout": 3, "read_timeout": 3}
        engine = create_engine(url, hide_parameters=True, poolclass=NullPool, connect_args=arguments)
        return set_up(engine, f"{_AS_WRITTEN} {_WATCHING}")

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

    def declared(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], Declared]:
        """Return type and character set of every column, and ON UPDATE: a default of null hides it from reflection."""
        names = ("TABLE_NAME", "COLUMN_NAME", "COLUMN_TYPE", "CHARACTER_SET_NAME", "EXTRA")
        query: Select[*tuple[Any, ...]] = (
            select(*map(column, names))
            .select_from(table("COLUMNS", schema="information_schema"))
            .where(column("TABLE_SCHEMA") == (schema or connection.dialect.default_schema_name))
        )
        return {
            (owner, name): Declared(type_, charset, on_update="on update" in extra.lower())
            for owner, name, type_, charset, extra in connection.execute(query)
        }

    def key_columns(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], tuple[str, ...]]:
        """Return those of every unique key: WITHOUT OVERLAPS adds a period's, of which reflection knows nothing."""
        query: Select[str, str, str | None] = (
            select(column("TABLE_NAME"), column("INDEX_NAME"), column("COLUMN_NAME"))
            .select_from(table("STATISTICS", schema="information_schema"))
            .where(column("TABLE_SCHEMA") == (schema or connection.dialect.default_schema_name))
            .where(column("NON_UNIQUE") == 0)
            .order_by(column("SEQ_IN_INDEX"))
        )
        found: dict[tuple[str, str], tuple[str | None, ...]] = {}
        for owner, key, name in connection.execute(query):
            found[owner, key] = (*found.get((owner, key), ()), name)
        # MySQL's keys on expressions name no column there.
        whole = {key: tuple(one for one in names if one is not None) for key, names in found.items()}
        return {key: names for key, names in whole.items() if len(names) == len(found[key])}

    def json_columns(self, connection: Connection, schema: str | None) -> set[tuple[str, str]]:
        """Return the columns declared JSON: to MariaDB that is a text whose own check is json_valid."""
        if not getattr(connection.dialect, "is_mariadb", False):
            return set()
        checks = table("CHECK_CONSTRAINTS", schema="information_schema")
        named: Sql = column("CONSTRAINT_NAME")
        checked = func.lower(column("CHECK_CLAUSE"))
        query: Select[str, str] = (
            select(column("TABLE_NAME"), named)
            .select_from(checks)
            .where(column("CONSTRAINT_SCHEMA") == (schema or connection.dialect.default_schema_name))
            .where(column("LEVEL") == "Column", checked == func.lower(func.concat("json_valid(`", named, "`)")))
        )
        return {(owner, name) for owner, name in connection.execute(query)}

    def as_enforced(
        self, connection: Connection, relations: Sequence[Relation], tables: Mapping[TableKey, Table]
    ) -> Iterable[Relation]:
        """Return declared relations as the engine compares them: by the bytes that InnoDB stores."""
        del connection
        return by_storage(relations, tables)

    def json_text(self, column: Sql) -> Sql:
        """Return the column where it is a text already."""
        return column if isinstance(column.type, types.String) else super().json_text(column)

    def json_of(self, text: Sql, column: Sql) -> Sql:
        """Return the text where the column is one too."""
        return text if isinstance(column.type, types.String) else super().json_of(text, column)

    def kind(self, type_: types.TypeEngine[Any]) -> ColumnKind:
        """A TIMESTAMP is an instant here, a DATETIME is not; TINYINT(1) is how a truth value is stored."""
        if isinstance(type_, mysql.TIMESTAMP):
            return ColumnKind.INSTANT
        if isinstance(type_, mysql.TINYINT) and getattr(type_, "display_width", None) == 1:
            return ColumnKind.BOOLEAN
        return super().kind(type_)

    def is_null(self, column: Sql) -> Sql:
        """Return whether a value is null: in a NOT NULL column the engine's IS NULL finds zero dates as well."""
        return column.is_not_distinct_from(None)

    def valid_native(self, column: Sql) -> Sql:
        """Return whether month and day are set and exist: the engine stores zero ones, and may store 31 February."""
        day = func.dayofmonth(column)
        # Nearly every day is one that all months have, and what a month ends with is asked of the others alone.
        exists = or_(day <= _SHORTEST, day <= func.coalesce(func.dayofmonth(func.last_day(column)), 0))
        return and_(func.month(column) > 0, day > 0, exists)

    def zero_native(self, column: Sql) -> Sql:
        """Return whether a date or timestamp is the zero date."""
        return and_(func.year(column) == 0, func.month(column) == 0, func.dayofmonth(column) == 0)

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text, the same for equal values."""
        return cast(_readable(column), mysql.CHAR(255))

    def whole_text(self, column: Sql) -> Sql:
        """Return a key's value as text, however long it is."""
        return cast(_readable(column), mysql.CHAR())

    def text_digest(self, text: Sql) -> Sql:
        """Return 64 hexadecimal digits that tell a text from any other."""
        return func.sha2(text, 256, type_=String())

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
        return func.substr(cast(column, mysql.CHAR(32)), 1, 10, type_=String())

    def shifted(self, column: Sql, by: timedelta) -> Sql:
        """Return a timestamp moved by an interval."""
        return func.timestampadd(text("SECOND"), int(by.total_seconds()), column)

    def matches(self, text: Sql, pattern: str) -> Sql:
        """Return whether the whole text matches the pattern, in its very letters whatever the collation is."""
        return text.regexp_match(f"(?-i)^({pattern}){self.pattern_end}")

    def plain_text(self, text: Sql) -> Sql:
        """Return a text that compares with any other: of two columns' own collations the engine can't choose."""
        return cast(text, mysql.CHAR(32))

    def text_day(self, canonical: Sql, by: timedelta) -> Sql:
        """Return the day of ``YYYY-MM-DD HH:MM:SS`` moved by an interval, as ``YYYY-MM-DD``."""
        return self.day_text(self.shifted(cast(canonical, mysql.DATETIME), by))

    def utc_text(self, canonical: Sql, offset: Sql) -> Sql:
        """Return ``YYYY-MM-DD HH:MM:SS`` at an offset ``±HHMM`` as the same in UTC."""
        hours, minutes = (cast(func.substr(offset, place, 2), mysql.INTEGER) for place in (2, 4))
        west = case((func.substr(offset, 1, 1) == "-", 1), else_=-1)
        moved = func.timestampadd(text("MINUTE"), west * (hours * 60 + minutes), cast(canonical, mysql.DATETIME))
        return func.substr(cast(moved, mysql.CHAR(32)), 1, 19, type_=String())

    def offset_tail(self, text: Sql) -> Sql:
        """Return what follows an optional fraction of a second."""
        return func.regexp_replace(text, "^[.][0-9]+", "", type_=String())

    def weekday(self, day: Sql) -> Sql:
        """Return the number of the weekday of ``YYYY-MM-DD``; Sunday is 0."""
        return func.dayofweek(day) - 1

    def epoch_day(self, number: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``: FROM_UNIXTIME ends in 2038."""
        seconds = func.floor(number / literal(per_second))
        return self.day_text(func.timestampadd(text("SECOND"), seconds, literal("1970-01-01 00:00:00")))

    def plus(self, day: Sql, *, months: int = 0, days: int = 0) -> Sql:
        """Return a day ``YYYY-MM-DD`` later by months or days; a month that lacks the day gives its last one."""
        unit, number = ("MONTH", months) if months else ("DAY", days)
        return self.day_text(func.timestampadd(text(unit), number, cast(day, mysql.DATETIME)))

    def rows_about(self, connection: Connection, which: Table) -> int:
        """Return InnoDB's estimate."""
        known = table("TABLES", schema="information_schema")
        schema = which.schema or connection.dialect.default_schema_name
        query: Select[int] = (
            select(func.coalesce(column("TABLE_ROWS"), 0))
            .select_from(known)
            .where(column("TABLE_SCHEMA") == schema, column("TABLE_NAME") == which.name)
        )
        return int(connection.execute(query).scalar_one())

    def cascades(self, connection: Connection, owner: Table, parts: Sequence[Table]) -> bool:
        """Whether foreign keys are enforced and, as far as the role may see, no trigger of a part would be left out.

        A cascade sets off none, and isn't written into the binary log: a replica's own foreign keys do the same there.
        """
        del owner
        triggers = table("TRIGGERS", schema="information_schema")
        schema: Sql = column("EVENT_OBJECT_SCHEMA")
        name: Sql = column("EVENT_OBJECT_TABLE")
        default = connection.dialect.default_schema_name
        of_parts = or_(*(and_(schema == (one.schema or default), name == one.name) for one in parts))
        none = not_(exists(select(literal(1)).select_from(triggers).where(of_parts)))
        return bool(connection.execute(select(and_(text("@@foreign_key_checks = 1"), none))).scalar_one())

    def in_order(self, column: KeyedColumnElement[Any]) -> Sql:
        """Return the text of an enumeration: it is compared with texts as one, and sorted by a number of its own."""
        by_number = isinstance(column.type, mysql.ENUM | mysql.SET)
        # So, unlike by CAST, it keeps its collation.
        return func.concat(column, "", type_=String()).label(column.key) if by_number else column

    def keeps_snapshot(self, connection: Connection) -> bool:
        """Set it so: servers before 10.6.18, 10.11.8 and 11.4.2 can't, and would delete what was never looked at."""
        if connection.execute(text("SHOW VARIABLES LIKE 'innodb_snapshot_isolation'")).first() is None:
            return False
        connection.execute(text("SET SESSION innodb_snapshot_isolation = ON"))
        return True

    def numbers(self, column: Sql) -> Sql:
        """Return the numbers as one text."""
        return func.group_concat(column, type_=String())

    def version(self, row: Table, read: Iterable[Sql]) -> Sql | None:
        """Return a digest of what was read: the number of the transaction that wrote a row isn't told."""
        return by_digest(columns_in(row, read))

    def load(self, connection: Connection, which: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Insert them: the driver makes one statement of them."""
        values = ", ".join(["%s"] * len(which.c))
        statement = f"INSERT INTO {into(connection, which)} VALUES ({values})"  # noqa: S608 - names of our own making
        connection.exec_driver_sql(statement, [tuple(row) for row in as_bound(connection, which, rows)])

    def indexes_used(self, connection: Connection, query: Select[Any]) -> tuple[str, ...]:
        """Return the keys that the optimizer searches rather than reads through."""
        plan = json.loads(connection.execute(Explain("EXPLAIN FORMAT=JSON", query)).scalar_one())
        return tuple(dict.fromkeys(_keys(plan)))

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take a session's named lock."""
        return connection.execute(select(func.get_lock(_lock_name(name), 0))).scalar() == 1

    def unlock(self, connection: Connection, name: str) -> None:
        """Let the named lock go."""
        connection.execute(select(func.release_lock(_lock_name(name))))

    def lock_timeout(self, connection: Connection, milliseconds: int) -> None:
        """Bound how long a statement of this session waits for another's lock; the engine counts whole seconds.

        Locks of a whole table or server have a bound of their own.
        """
        bounds = text("SET innodb_lock_wait_timeout = :seconds, lock_wait_timeout = :seconds")
        connection.execute(bounds, {"seconds": max(1, milliseconds // 1000)})

    def session_id(self, connection: Connection) -> int:
        """Return the connection's number."""
        return int(connection.execute(select(func.connection_id())).scalar_one())

    def waiting(self, connection: Connection, session: int) -> int:
        """Return how many transactions wait for one of InnoDB's locks of a session; the role needs PROCESS.

        The tables are a copy that the engine renews only when nobody has asked for a tenth of a second.
        """
        return int(connection.execute(_WAITING, {"session": session}).scalar_one())

    def writes(self, connection: Connection) -> int | None:
        """Return how many transactions went into the binary log; None where there is none to count them."""
        logs, found = (connection.execute(text(f"SHOW GLOBAL {what}")).one_or_none() for what in _LOGGED)
        return int(found[1]) if found and logs and logs[1] == "ON" else None

    def replica_lag(self, connection: Connection) -> float | None:
        """Return what the slowest of a replica's channels says; the role needs REPLICA MONITOR."""
        rows = connection.execute(text("SHOW REPLICA STATUS")).mappings().all()
        lags = [row[name] for row in rows for name in _BEHIND if name in row]
        return None if not lags or None in lags else max(map(float, lags))


def _readable(column: Sql) -> Sql:
    """Return what may become a text: bytes that are no text lose what isn't, and different ones become equal."""
    return func.hex(column, type_=String()) if isinstance(column.type, (*BYTES, mysql.BIT)) else column


def _lock_name(name: str) -> str:
    """Return a name within the engine's 64 characters."""
    return "retention:" + hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _keys(plan: object) -> Iterator[str]:
    """Yield the keys of every table that the plan searches, wherever it stands in the plan."""
    if isinstance(plan, dict):
        if plan.get("access_type") in _SEARCHES and "key" in plan:
            yield str(plan["key"])
        for inner in plan.values():
            yield from _keys(inner)
    elif isinstance(plan, list):
        for inner in plan:
            yield from _keys(inner)
