"""PostgreSQL 13 and later, over psycopg 3."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import psycopg
from sqlalchemy import (
    CHAR,
    TEXT,
    URL,
    VARCHAR,
    BigInteger,
    Connection,
    Date,
    Delete,
    Engine,
    Executable,
    Integer,
    Interval,
    LargeBinary,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    collate,
    column,
    create_engine,
    exc,
    extract,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.sql.visitors import replacement_traverse
from sqlalchemy.types import NullType, UserDefinedType

from retention.database.columns import Declared
from retention.database.declared import by_format
from retention.database.dialect import PATIENCE_S, Dialect
from retention.database.enforced import by_operators
from retention.database.explain import Explain, nodes_of
from retention.database.loading import as_bound, as_copied, into
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation
from retention.database.session import set_up
from retention.database.versions import by_transaction

_TEXTS = (String, VARCHAR, TEXT, Text, CHAR)
"""Those that compare as texts do: CITEXT and enumerations look like them."""
_NO_BYTES = literal_column("''::bytea", LargeBinary())
_LEAVES = text(
    "relkind = 'r' AND (oid = CAST(:name AS regclass)"
    " OR oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(CAST(:name AS regclass))))"
)
"""The tables that hold a table's rows: itself, or its partitions."""
# Who waits is asked of those only who do wait: the function takes the lock manager's own locks.
_WAITING = text(
    "SELECT count(DISTINCT pid) FROM pg_locks "
    "WHERE CASE WHEN granted THEN false ELSE :session = ANY (pg_blocking_pids(pid)) END"
)
_PARTITIONS = text(
    "SELECT c.relname, rn.nspname, r.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_class r ON r.oid = pg_partition_root(c.oid) JOIN pg_namespace rn ON rn.oid = r.relnamespace "
    "WHERE c.relispartition AND n.nspname = :schema"
)
_SHUT = text(
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relname = :name AND c.relkind IN ('r', 'p') AND NOT has_schema_privilege(n.oid, 'USAGE') ORDER BY 1"
)
_WORDS = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
# How values become texts: those of keys are kept from night to night, and looked for as they were written. In which
# order day and month are read isn't touched: nothing here is written so, and triggers may have their way.
_AS_WRITTEN = (
    "SET client_encoding = 'UTF8'; SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres'; "
    "SET bytea_output = 'hex'; SET extra_float_digits = 1"
)
_NEXT_TRANSACTION = text("SELECT txid_snapshot_xmax(txid_current_snapshot())")
# A table's own trigger or rule, or one of the foreign keys' switched off, and a cascade may leave rows behind. What
# partitions hold is counted of each of them, and they may become more.
_CASCADES = text("""
SELECT current_setting('track_counts') = 'on' AND current_setting('session_replication_role') <> 'replica'
  AND bool_and(c.relkind = 'r' AND NOT c.relispartition AND NOT c.relhassubclass AND NOT c.relhasrules
    AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid
      AND CASE WHEN t.tgisinternal THEN t.tgenabled NOT IN ('O', 'A') ELSE t.tgenabled <> 'D' END))
FROM pg_class c WHERE c.oid = ANY (CAST(CAST(:names AS text[]) AS regclass[])::oid[])
""")
# Where nobody is there to receive, all may be replayed and the age of the last transaction grows without end.
_LAG = text(
    "SELECT CASE WHEN NOT pg_is_in_recovery() OR NOT EXISTS (SELECT FROM pg_stat_wal_receiver) THEN NULL "
    "WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
    "ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END"
)


class PostgreSQL(Dialect):
    """Row locks, transactional snapshots, session advisory locks."""

    name = "postgresql"
    label = "PostgreSQL"
    plan_isolation = "REPEATABLE READ"
    run_isolation = "READ COMMITTED"
    workers = 2
    counts_writes = True
    snapshot = "REPEATABLE READ"
    seeks_alternatives = True
    tells_of_deleted = True
    sums_what_it_locks = False
    gathers = True
    counts_deleted = True
    leftovers = (
        "dead row versions stay in the table's files until VACUUM, and in the WAL and its archives until they are "
        "recycled; VACUUM the tables named here, and let archives and backups expire"
    )

    def engine(self, url: URL) -> Engine:
        """Return an engine whose sessions write values in one way, and count days in UTC.

        Without just-in-time compilation: conditions over other rows cost much in the planner's eyes and little in
        truth, so that compiling them took many times as long as the statements.
        """
        return set_up(super().engine(url), f"{_AS_WRITTEN}; SET jit = off; SET lock_timeout = '{PATIENCE_S}s'")

    def engine_options(self) -> dict[str, Any]:
        """Let the session be found by name where the URL gives it none, and never prepare a statement.

        A plan for any range reads the whole of a clock's index, batch after batch. What the server prepares by itself,
        to check foreign keys, it goes on planning once, and not for each row.
        """
        arguments = {"fallback_application_name": "retention", "connect_timeout": 10, "prepare_threshold": None}
        return {"connect_args": arguments}

    def watch_engine(self, url: URL) -> Engine:
        """Return an engine whose transactions can't write and whose statements end after a second."""
        # Without the last of them a host that has vanished is waited for as long as the kernel likes.
        named = {"fallback_application_name": "retention-watch", "connect_timeout": 3, "tcp_user_timeout": 3000}
        engine = create_engine(url, hide_parameters=True, poolclass=NullPool, connect_args=named)
        return set_up(engine, f"{_AS_WRITTEN}; SET default_transaction_read_only = on; SET statement_timeout = 1000")

    def schemas(self, connection: Connection, named: set[str | None]) -> list[str | None]:
        """Return every schema that isn't the server's own: a row of any of them may refer to the named ones."""
        query: Select[str] = (
            select(column("nspname")).select_from(table("pg_namespace")).where(column("nspname").not_like("pg\\_%"))
        )
        names = connection.execute(query).scalars()
        default = connection.dialect.default_schema_name
        others = {name for name in names if name not in ("information_schema", default)}
        return sorted(others | named | {None}, key=lambda name: name or "")

    def shut_schema(self, connection: Connection, table: str) -> str | None:
        """Return one without USAGE: what lies there is as if it weren't, though the catalog tells of it."""
        return connection.execute(_SHUT, {"name": table}).scalar()

    def partitions(self, connection: Connection, schema: str | None) -> Mapping[str, TableKey]:
        """Return the partitions of the schema, which belong to the table that is partitioned."""
        default = connection.dialect.default_schema_name
        return {
            name: TableKey(None if root_schema == default else root_schema, root)
            for name, root_schema, root in connection.execute(_PARTITIONS, {"schema": schema or default})
        }

    def declared(self, connection: Connection, schema: str | None) -> Mapping[tuple[str, str], Declared]:
        """Return the type of every column with all that is said in it."""
        return by_format(connection, schema)

    def as_enforced(
        self, connection: Connection, relations: Sequence[Relation], tables: Mapping[TableKey, Table]
    ) -> Iterable[Relation]:
        """Return declared relations as the engine compares them: by the operators that it keeps with each key."""
        del tables
        return by_operators(connection, relations)

    def in_utc(self, column: Sql) -> Sql:
        """Return an instant as wall-clock time in UTC."""
        return func.timezone("UTC", column)

    def day_text(self, column: Sql) -> Sql:
        """Return a date or timestamp as ``YYYY-MM-DD``."""
        return func.to_char(column, "YYYY-MM-DD", type_=String())

    def shifted(self, column: Sql, by: timedelta) -> Sql:
        """Return a timestamp moved by an interval."""
        return column + cast(literal(by), Interval)

    def text(self, value: str, column: Sql) -> Sql:
        """Return a text to compare the column with: as CHAR for a CHAR column, whose index serves no other."""
        return cast(literal(value, String()), CHAR(len(value))) if isinstance(column.type, CHAR) else literal(value)

    def key_text(self, column: Sql) -> Sql:
        """Return a key's value as text; of an amount of money, which each country writes otherwise, its bytes."""
        return super().key_text(_of_no_country(column))

    def whole_text(self, column: Sql) -> Sql:
        """Return a key's value as text, however long it is."""
        return super().whole_text(_of_no_country(column))

    def text_digest(self, text: Sql) -> Sql:
        """Return 64 hexadecimal digits that tell a text from any other."""
        return func.encode(func.sha256(func.convert_to(text, "UTF8")), "hex", type_=String())

    def one_of(self, column: Sql, values: Sequence[Any]) -> Sql:
        """Return whether a column is one of the values: a parameter for each of 2,000 took five times as long.

        An array of the column's own type would cut texts off where the column ends.
        """
        texts = type(column.type) in _TEXTS
        if not texts and not isinstance(column.type, Integer):
            return super().one_of(column, values)
        every = bindparam(None, list(values), type_=postgresql.ARRAY(String() if texts else BigInteger()))
        return column.in_(select(func.unnest(every)))

    def matches(self, text: Sql, pattern: str) -> Sql:
        """Return whether the whole text matches the pattern; a CHAR's padding is no part of it."""
        return super().matches(collate(cast(text, Text), "C"), pattern)

    def plain_text(self, text: Sql) -> Sql:
        """Return a text that compares with any other: of two columns' own collations the engine can't choose."""
        return collate(cast(text, Text), "C")

    def text_day(self, canonical: Sql, by: timedelta) -> Sql:
        """Return the day of ``YYYY-MM-DD HH:MM:SS`` moved by an interval, as ``YYYY-MM-DD``."""
        return self.day_text(self.shifted(cast(canonical, postgresql.TIMESTAMP), by))

    def utc_text(self, canonical: Sql, offset: Sql) -> Sql:
        """Return ``YYYY-MM-DD HH:MM:SS`` at an offset ``±HHMM`` as the same in UTC."""
        moment = cast(canonical.concat(offset), postgresql.TIMESTAMP(timezone=True))
        return func.to_char(self.in_utc(moment), "YYYY-MM-DD HH24:MI:SS", type_=String())

    def offset_tail(self, text: Sql) -> Sql:
        """Return what follows an optional fraction of a second."""
        return func.regexp_replace(text, "^[.][0-9]+", "", type_=String())

    def weekday(self, day: Sql) -> Sql:
        """Return the number of the weekday of ``YYYY-MM-DD``; Sunday is 0."""
        return cast(extract("dow", cast(day, Date)), Integer)

    def epoch_day(self, number: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``."""
        seconds = cast(number, postgresql.DOUBLE_PRECISION) / float(per_second)
        return self.day_text(self.in_utc(func.to_timestamp(seconds)))

    def plus(self, day: Sql, *, months: int = 0, days: int = 0) -> Sql:
        """Return a day ``YYYY-MM-DD`` later by months or days; a month that lacks the day gives its last one."""
        by = cast(literal(f"{months} months {days} days", String()), Interval)
        return self.day_text(cast(day, postgresql.TIMESTAMP) + by)

    def indexes_used(self, connection: Connection, query: Select[Any]) -> tuple[str, ...]:
        """Return the indexes with a condition in the planner's choice."""
        plan = connection.execute(Explain("EXPLAIN (FORMAT JSON)", query)).scalar_one()
        nodes = nodes_of((plan if isinstance(plan, list) else json.loads(plan))[0]["Plan"])
        return tuple(dict.fromkeys(node["Index Name"] for node in nodes if "Index Cond" in node))

    def rows_about(self, connection: Connection, which: Table) -> int:
        """Return the estimate of the last ANALYZE or VACUUM; of a partitioned table, of all its partitions."""
        known = func.coalesce(func.sum(func.greatest(column("reltuples"), 0)), 0)
        return self._of_leaves(connection, which, known)

    def blocks(self, connection: Connection, which: Table) -> int:
        """Return the blocks of the table, or of its largest partition: an address is one of each partition's own."""
        size = func.coalesce(func.max(func.pg_relation_size(column("oid"))), 0)
        return self._of_leaves(connection, which, size / cast(func.current_setting("block_size"), Integer))

    def _of_leaves(self, connection: Connection, which: Table, value: Sql) -> int:
        query = select(value).select_from(table("pg_class", schema="pg_catalog")).where(_LEAVES)
        name = connection.dialect.identifier_preparer.format_table(which)
        return int(connection.execute(query, {"name": name}).scalar_one())

    def in_blocks(self) -> Sql:
        """Return whether the row's address lies in the range: PostgreSQL 14 and later seek to it."""
        address: Sql = literal_column("ctid")
        low, high = (cast(bindparam(name, type_=Text), _Address) for name in ("low", "high"))
        return and_(address >= low, address < high)

    def block_range(self, start: int, end: int) -> Mapping[str, Any]:
        """Return the addresses of the first row that each block may have."""
        return {"low": f"({start},0)", "high": f"({end},0)"}

    def without_seeking(self, condition: Sql, which: Table, clocks: Collection[str]) -> Sql:
        """Return the condition with lower bounds of the clocks that no index answers.

        To estimate how many rows lie beyond one, the planner seeks the clock's lowest value in its index: for every
        statement anew, over the entries of all rows that were just deleted. Upper bounds still rule partitions out.
        """
        columns = {id(which.c[name]) for name in clocks}

        def written(element: Any, **_options: Any) -> Any:
            bound = isinstance(element, BinaryExpression) and element.operator is operators.ge
            if not bound or id(element.left) not in columns:
                return None
            return func.coalesce(element.left, element.left) >= element.right

        found: Sql = replacement_traverse(condition, {}, written)
        return found

    def numbers(self, column: Sql) -> Sql:
        """Return the numbers as bytes, which takes half as long as to write them as a text."""
        return func.string_agg(func.int8send(cast(column, BigInteger)), _NO_BYTES, type_=LargeBinary())

    def gathered(self, column: Sql) -> Sql:
        """Return an array of the type that a value travels in alone: a domain's base, and text where none is known."""
        if isinstance(column.type, NullType):
            return func.array_agg(column)
        unknown = isinstance(column.type, String) and type(column.type) not in _TEXTS
        return func.array_agg(cast(column, Text() if unknown else column.type))

    def cascades(self, connection: Connection, owner: Table, parts: Sequence[Table]) -> bool:
        """Whether these are plain tables without triggers of their own, whose foreign keys are enforced."""
        names = [_WORDS.format_table(one) for one in (owner, *parts)]
        return bool(connection.execute(_CASCADES, {"names": names}).scalar_one())

    def deleted(self, which: Table) -> Sql:
        """Return the session's own count, which the server adds to its statistics between transactions."""
        name = cast(literal(_WORDS.format_table(which), Text), postgresql.REGCLASS)
        counted = func.pg_stat_get_xact_tuples_deleted(name, type_=BigInteger)
        return case((func.current_setting("track_counts") == "on", counted))

    def together(self, statements: Sequence[Delete]) -> Executable:
        """Return deletes as one statement: all of them see the rows as they were, and checks come at its end."""
        parts = [one.returning(literal(1)).cte(f"deleted_{number}") for number, one in enumerate(statements)]
        counts = [select(func.count()).select_from(part).scalar_subquery() for part in parts]
        return select(*counts)

    def weigh(self, connection: Connection, own: Table) -> None:
        """Gather its statistics.

        Autovacuum comes a minute late and never to a temporary table; until then the planner takes the table for all
        but empty, and joins a million rows to it by comparing each with each.
        """
        connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {connection.dialect.identifier_preparer.format_table(own)}")

    def just_emptied(self, connection: Connection, *, alone: bool) -> None:
        """Keep the planner from what an index alone could tell, and from further processes where others are at work.

        It goes by a map of pages without dead rows that is as old as the last VACUUM; after a purge every entry of the
        index leads to its page all the same, one by one: ten times as long as reading the table.
        """
        connection.execute(select(func.set_config("enable_indexonlyscan", "off", True)))
        if not alone:
            connection.execute(select(func.set_config("max_parallel_workers_per_gather", "0", True)))

    def version(self, row: Table, read: Iterable[Sql]) -> Sql | None:
        """Return the transaction that wrote the row last."""
        del read
        return by_transaction(row)

    def empty(self, connection: Connection, which: Table) -> None:
        """Truncate it: what was deleted before goes as well."""
        connection.exec_driver_sql(f"TRUNCATE {connection.dialect.identifier_preparer.format_table(which)}")

    def load(self, connection: Connection, which: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Copy them in: one message, where an INSERT would be one for each row."""
        bound = as_bound(connection, which, rows)
        written = as_copied(rows) if bound is rows else None
        try:
            cursor: psycopg.Cursor[Any] = connection.connection.cursor()  # type: ignore[assignment]
            with cursor, cursor.copy(f"COPY {into(connection, which)} FROM STDIN") as copy:
                if written is not None:
                    copy.write(written)
                    return
                for row in bound:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise exc.DBAPIError("COPY", None, error, hide_parameters=True) from None

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take a session's advisory lock."""
        return bool(connection.execute(select(func.pg_try_advisory_lock(func.hashtextextended(name, 0)))).scalar())

    def unlock(self, connection: Connection, name: str) -> None:
        """Let the advisory lock go."""
        connection.execute(select(func.pg_advisory_unlock(func.hashtextextended(name, 0))))

    def lock_timeout(self, connection: Connection, milliseconds: int) -> None:
        """Bound how long a statement of this session waits for another's lock."""
        connection.execute(select(func.set_config("lock_timeout", f"{milliseconds}ms", False)))

    def session_id(self, connection: Connection) -> int:
        """Return the backend's process id."""
        return int(connection.execute(select(func.pg_backend_pid())).scalar_one())

    def waiting(self, connection: Connection, session: int) -> int:
        """Return how many backends wait for one: by ``pg_locks``, in which every role sees everybody's."""
        return int(connection.execute(_WAITING, {"session": session}).scalar_one())

    def writes(self, connection: Connection) -> int:
        """Return the number that the server's next transaction will have: who only reads takes none."""
        return int(connection.execute(_NEXT_TRANSACTION).scalar_one())

    def replica_lag(self, connection: Connection) -> float | None:
        """Return the age of the last transaction replayed, or 0 where all that has come in is replayed.

        A replica that hasn't replayed a transaction since its start can't tell, as long as it has some to replay.
        """
        lag = connection.execute(_LAG).scalar_one()
        return None if lag is None else max(0.0, float(lag))


class _Address(UserDefinedType[str]):
    """A row's physical address."""

    cache_ok = True

    def get_col_spec(self, **_options: Any) -> str:
        """Return the type's name."""
        return "tid"


def _of_no_country(column: Sql) -> Sql:
    """Return what is written alike in every country, where even the number of an amount's decimals differs."""
    is_money = isinstance(column.type, postgresql.MONEY)
    return func.encode(func.cash_send(column), "hex", type_=String()) if is_money else column
