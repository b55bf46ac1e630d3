"""PostgreSQL 13 and later, over psycopg 3."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Interval, Select, cast, column, func, literal, select, table, text
from sqlalchemy.dialects import postgresql

from retention.database.dialect import Dialect
from retention.database.reading import Sql


class PostgreSQL(Dialect):
    """Row locks, transactional snapshots, session advisory locks."""

    name = "postgresql"
    label = "PostgreSQL"
    plan_isolation = "REPEATABLE READ"
    run_isolation = "READ COMMITTED"
    leftovers = (
        "dead row versions stay in the table's files until VACUUM, and in the WAL and its archives until they are "
        "recycled; VACUUM the tables named here, and let archives and backups expire"
    )

    def engine_options(self) -> dict[str, Any]:
        """Keep the session in UTC, whatever the role's default is, and let it be found by name."""
        return {"connect_args": {"options": "-c timezone=UTC -c application_name=retention", "connect_timeout": 10}}

    def schemas(self, connection: Connection, named: set[str | None]) -> list[str | None]:
        """Return every schema that isn't the server's own: a row of any of them may refer to the named ones."""
        query: Select[str] = (
            select(column("nspname")).select_from(table("pg_namespace")).where(column("nspname").not_like("pg\\_%"))
        )
        names = connection.execute(query).scalars()
        default = connection.dialect.default_schema_name
        others = {name for name in names if name not in ("information_schema", default)}
        return sorted(others | named | {None}, key=lambda name: name or "")

    def partitions(self, connection: Connection, schema: str | None) -> set[str]:
        """Return the partitions of the schema, which belong to their parent."""
        classes, spaces = table("pg_class", schema="pg_catalog"), table("pg_namespace", schema="pg_catalog")
        query: Select[str] = (
            select(column("relname"))
            .select_from(classes.join(spaces, text("pg_class.relnamespace = pg_namespace.oid")))
            .where(text("pg_class.relispartition"))
            .where(column("nspname") == (schema or connection.dialect.default_schema_name))
        )
        return set(connection.execute(query).scalars())

    def in_utc(self, column: Sql) -> Sql:
        """Return an instant as wall-clock time in UTC."""
        return func.timezone("UTC", column)

    def day_text(self, column: Sql) -> Sql:
        """Return a date or timestamp as ``YYYY-MM-DD``."""
        return func.to_char(column, "YYYY-MM-DD")

    def minute_text(self, column: Sql, step: timedelta) -> Sql:
        """Return a timestamp as ``YYYY-MM-DD HH:MM``, cut off to ``step``."""
        return func.to_char(column, "YYYY-MM-DD HH24:00" if step >= timedelta(hours=1) else "YYYY-MM-DD HH24:MI")

    def shifted(self, column: Sql, by: timedelta) -> Sql:
        """Return a timestamp moved by an interval."""
        return column + cast(literal(by), Interval)

    def parsed_timestamp(self, column: Sql) -> Sql:
        """Return a well-formed text as a timestamp."""
        return func.to_timestamp(column, "YYYY-MM-DD HH24:MI:SS").op("AT TIME ZONE")(literal("UTC"))

    def epoch_day_text(self, column: Sql, per_second: int) -> Sql:
        """Return the UTC day of an epoch as ``YYYY-MM-DD``."""
        return func.to_char(
            func.timezone("UTC", func.to_timestamp(cast(column, postgresql.DOUBLE_PRECISION) / per_second)),
            "YYYY-MM-DD",
        )

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Take a session's advisory lock."""
        return bool(connection.execute(select(func.pg_try_advisory_lock(func.hashtextextended(name, 0)))).scalar())

    def unlock(self, connection: Connection, name: str) -> None:
        """Let the advisory lock go."""
        connection.execute(select(func.pg_advisory_unlock(func.hashtextextended(name, 0))))

    def lock_timeout(self, connection: Connection, milliseconds: int) -> None:
        """Bound how long a statement of this session waits for another's lock."""
        connection.execute(select(func.set_config("lock_timeout", f"{milliseconds}ms", False)))
