"""Making the shop in a database: its tables, its rows, its ugly rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, MetaData, Table, insert, inspect

from retention.database.boundary import guarded
from retention.database.connect import open_database
from retention.database.ddl import script, split
from retention.demo.calendar import Calendar
from retention.demo.members import Table as Drawn
from retention.demo.members import make_members, member_tables
from retention.demo.pools import Objects, Pools
from retention.demo.records import record_tables
from retention.demo.trade import courses, trade_tables
from retention.demo.ugly import ugly_rows
from retention.errors import Refused

_CHUNK = 20_000


def build_shop(
    url: URL, *, members: int, seed: int, as_of: date, progress: Callable[[str], None] = lambda _line: None
) -> dict[str, int]:
    """Make the shop in an empty database and return its rows per table.

    ``as_of`` is the day the eight years end. Memory holds one table at a time.

    Raises:
        Refused: the database holds tables of the shop already, or can't be reached.
    """
    if url.get_backend_name() == "sqlite" and url.database:
        file = Path(url.database)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    database = open_database("demo", 0, "demo", url)
    try:
        with database.session() as connection:
            name = database.dialect.name
            _make_tables(connection, name)
            tables = MetaData()
            with connection.begin():
                tables.reflect(connection)
            counts: dict[str, int] = {}
            for table, columns in _drawn(members, seed, as_of):
                progress(f"filling {table}")
                counts[table] = _fill(connection, tables.tables[table], columns)
            for ugly in ugly_rows(as_of):
                with connection.begin():
                    connection.execute(insert(tables.tables[ugly.table]), ugly.row)
                counts[ugly.table] += 1
    finally:
        database.close()
    return counts


def _make_tables(connection: Connection, engine: str) -> None:
    with connection.begin():
        if inspect(connection).has_table("member"):
            raise Refused("demo: the database holds a table `member` already; name an empty one, or remove the shop")
        for statement in split(script(f"shop/{engine}.sql")):
            connection.exec_driver_sql(statement)


def _drawn(members: int, seed: int, as_of: date) -> Iterator[Drawn]:
    pools, calendar = Pools.fill(seed), Calendar(as_of)
    everybody = make_members(pools, calendar, members)
    yield courses(pools, calendar)
    yield from member_tables(pools, calendar, everybody)
    yield from trade_tables(pools, calendar, everybody)
    yield from record_tables(pools, calendar, everybody)


def _fill(connection: Connection, table: Table, columns: dict[str, Objects]) -> int:
    names = list(columns)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    count = 0
    with guarded(f"demo: table {table.name}"):
        while True:
            chunk: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in islice(rows, _CHUNK)]
            if not chunk:
                return count
            with connection.begin():
                connection.execute(insert(table), chunk)
            count += len(chunk)
