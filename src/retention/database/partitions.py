"""Partitions by ranges of one column, as PostgreSQL and MariaDB tell of them, and dropping empty ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection, Table, literal, select, text

_ONE_DAY = timedelta(days=1)
_UPPER = re.compile(r"TO \('?([^',()]+)'?\)$")
_CALL = re.compile(r"^(?:(\w+)\()?`([^`]+)`\)?$")
_ISO = re.compile(r"^(\d{4})-(\d\d)-(\d\d)(?:[ T].*)?$")
_EIGHT_DIGITS = 8
_TO_DAYS = 365
"""What MariaDB's TO_DAYS counts more than Python's ordinals."""

_POSTGRESQL = text("""
SELECT c.relname, n.nspname, a.attname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_partitioned_table p ON p.partrelid = i.inhparent
JOIN pg_attribute a ON a.attrelid = i.inhparent AND a.attnum = p.partattrs[0]
WHERE i.inhparent = CAST(:name AS regclass) AND c.relkind = 'r'
AND p.partstrat = 'r' AND p.partnatts = 1 AND p.partexprs IS NULL
ORDER BY 1
""")
_MARIADB = text("""
SELECT PARTITION_NAME, PARTITION_EXPRESSION, PARTITION_DESCRIPTION
FROM information_schema.PARTITIONS
WHERE TABLE_SCHEMA = coalesce(:schema, DATABASE()) AND TABLE_NAME = :name
AND PARTITION_METHOD IN ('RANGE', 'RANGE COLUMNS') AND SUBPARTITION_NAME IS NULL
ORDER BY PARTITION_ORDINAL_POSITION
""")


@dataclass(frozen=True, slots=True)
class Slice:
    """One partition: all values of ``column`` in it lie below ``below``, as the catalog writes it.

    ``function`` is what MariaDB applies to the column first, in lower case; empty where nothing is.
    """

    name: str
    schema: str | None
    column: str
    below: str
    function: str = ""

    def before(self, day: date, as_: str | None) -> bool:
        """Whether every value lies before ``day`` in Seoul, a day to spare; False where that can't be told.

        ``as_`` is how the matrix reads the column, if it says so.
        """
        end = self._end(as_)
        return end is not None and end + _ONE_DAY <= day

    def _end(self, as_: str | None) -> date | None:
        iso = _ISO.match(self.below)
        try:
            if iso and not self.function:
                return date(*map(int, iso.groups()))
            number = int(self.below)
            if self.function == "to_days":
                return date.fromordinal(number - _TO_DAYS)
            if self.function == "year":
                return date(number, 1, 1)
            if self.function == "unix_timestamp" or as_ == "epoch_s":
                return datetime.fromtimestamp(number, UTC).date() + _ONE_DAY
            if as_ == "epoch_ms":
                return datetime.fromtimestamp(number / 1000, UTC).date() + _ONE_DAY
            if as_ == "yyyymmdd" and len(self.below) == _EIGHT_DIGITS:
                return date.fromisoformat(self.below)
        except (ValueError, OverflowError, OSError):
            return None
        return None


def slices(connection: Connection, which: Table) -> list[Slice]:
    """Return the table's partitions by ranges of one column; none where it has no such, or the engine has none."""
    if connection.dialect.name == "postgresql":
        return list(_of_postgresql(connection, which))
    if connection.dialect.name in ("mariadb", "mysql"):
        return list(_of_mariadb(connection, which))
    return []


def drop_empty(connection: Connection, which: Table, one: Slice) -> bool:
    """Drop a partition that nobody can fill meanwhile, in the open transaction; False where a row lies in it.

    MariaDB commits by itself: nothing else may be open.
    """
    if connection.dialect.name == "postgresql":
        return _drop_on_postgresql(connection, which, one)
    return _drop_on_mariadb(connection, which, one)


def _of_postgresql(connection: Connection, which: Table) -> Iterator[Slice]:
    name = connection.dialect.identifier_preparer.format_table(which)
    for partition, schema, column, bound in connection.execute(_POSTGRESQL, {"name": name}):
        upper = _UPPER.search(bound or "")
        if upper:
            yield Slice(partition, schema, column, upper.group(1))


def _of_mariadb(connection: Connection, which: Table) -> Iterator[Slice]:
    found = connection.execute(_MARIADB, {"schema": which.schema, "name": which.name}).all()
    # A table keeps at least one partition.
    for partition, expression, description in found if len(found) > 1 else ():
        call = _CALL.match(expression or "")
        if call:
            yield Slice(
                partition, which.schema, call.group(2), str(description).strip("'"), (call.group(1) or "").lower()
            )


def _drop_on_postgresql(connection: Connection, which: Table, one: Slice) -> bool:
    quote = connection.dialect.identifier_preparer
    parent, name = quote.format_table(which), f"{quote.quote(one.schema or '')}.{quote.quote(one.name)}"
    # In the order in which everybody locks them; the drop would ask for both anyway.
    connection.exec_driver_sql(f"LOCK TABLE ONLY {parent} IN ACCESS EXCLUSIVE MODE")
    connection.exec_driver_sql(f"LOCK TABLE ONLY {name} IN ACCESS EXCLUSIVE MODE")
    if _holds_a_row(connection, name):
        return False
    connection.exec_driver_sql(f"DROP TABLE {name}")
    return True


def _drop_on_mariadb(connection: Connection, which: Table, one: Slice) -> bool:
    quote = connection.dialect.identifier_preparer
    name, partition = quote.format_table(which), quote.quote(one.name)
    patience = connection.exec_driver_sql("SELECT @@lock_wait_timeout").scalar_one()
    connection.exec_driver_sql("SET lock_wait_timeout = 1")
    try:
        connection.exec_driver_sql(f"LOCK TABLES {name} WRITE")
        if _holds_a_row(connection, f"{name} PARTITION ({partition})"):
            return False
        connection.exec_driver_sql(f"ALTER TABLE {name} DROP PARTITION {partition}")
    finally:
        connection.exec_driver_sql("UNLOCK TABLES")
        # The session goes on with the unit's other rules.
        connection.exec_driver_sql(f"SET lock_wait_timeout = {patience}")
    return True


def _holds_a_row(connection: Connection, quoted: str) -> bool:
    return connection.execute(select(literal(1)).select_from(text(quoted)).limit(1)).first() is not None
