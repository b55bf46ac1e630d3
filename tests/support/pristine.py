"""A shop made once for each size and server of this process, and copied into the database of every test."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, inspect, text
from sqlalchemy.pool import NullPool

from retention.database.connect import open_database
from retention.database.ddl import script, split
from retention.database.identity import give_identity
from retention.demo import build_shop
from retention.pipeline import wall_clock
from support.days import DAY

_MADE: dict[tuple[URL, int, int], URL] = {}


def shop_in(url: URL, *, members: int, seed: int, identity: str) -> None:
    """Put a shop with an identity into an empty database."""
    engine = url.get_backend_name()
    server = url.set(database={"postgresql": "postgres", "mariadb": "mysql"}.get(engine))
    known = (server, members, seed)
    if known not in _MADE:
        _MADE[known] = _made(server, members, seed)
    {"sqlite": _copy_file, "postgresql": _copy_database, "mariadb": _copy_tables}[engine](_MADE[known], url)
    database = open_database("shop", 0, "shop_db", url)
    give_identity(database, identity, wall_clock())
    # Servers gather statistics by themselves some time after a load; a plan's index would change in between.
    if engine == "mariadb":
        with database.engine.begin() as connection:
            connection.execute(text(f"ANALYZE TABLE {', '.join(inspect(connection).get_table_names())}"))
    database.close()


def _made(server: URL, members: int, seed: int) -> URL:
    name = f"pristine_{members}_{seed}"
    if server.get_backend_name() == "sqlite":
        folder = Path(tempfile.mkdtemp(prefix="retention-pristine-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        url = server.set(database=str(folder / f"{name}.sqlite"))
    else:
        _administer(server, f"CREATE DATABASE {name}")
        url = server.set(database=name)
    build_shop(url, members=members, seed=seed, as_of=DAY)
    if server.get_backend_name() == "postgresql":
        _administer(url, "ANALYZE")
    return url


def _copy_file(pristine: URL, url: URL) -> None:
    shutil.copyfile(str(pristine.database), str(url.database))


def _copy_database(pristine: URL, url: URL) -> None:
    server = url.set(database="postgres")
    _administer(server, f"DROP DATABASE {url.database}", f"CREATE DATABASE {url.database} TEMPLATE {pristine.database}")


def _copy_tables(pristine: URL, url: URL) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in split(script("shop/mariadb.sql")):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("SET foreign_key_checks = 0")
        for table in inspect(connection).get_table_names():
            columns = _own_columns(connection, table)
            connection.exec_driver_sql(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {pristine.database}.{table}"
            )


def _own_columns(connection: Connection, table: str) -> str:
    return ", ".join(one["name"] for one in inspect(connection).get_columns(table) if "computed" not in one)


def _administer(url: URL, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
