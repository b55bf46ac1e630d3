"""A shop made once for each size and server of this process, and copied into the database of every test."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect
from sqlalchemy.pool import NullPool

from retention.database.ddl import script, split
from retention.demo import build_shop
from support.days import DAY
from support.identity import identify

_MADE: dict[tuple[URL, int, int], URL] = {}


def shop_in(url: URL, *, members: int, seed: int, identity: str) -> None:
    """Put a shop with an identity into an empty database."""
    engine = url.get_backend_name()
    server = url.set(database={"postgresql": "postgres", "mariadb": "mysql"}.get(engine))
    known = (server, members, seed)
    if known not in _MADE:
        _MADE[known] = _made(server, members, seed)
    {"sqlite": _copy_file, "postgresql": _copy_database, "mariadb": _copy_tables}[engine](_MADE[known], url)
    identify(url.render_as_string(hide_password=False), identity)
    # Servers gather statistics by themselves some time after a load; a plan's index would change in between.
    if engine == "mariadb":
        _administer(url, f"ANALYZE TABLE {', '.join(_tables(url))}")


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
    rows = (f"INSERT INTO {table} SELECT * FROM {pristine.database}.{table}" for table in _tables(pristine))
    _administer(url, *split(script("shop/mariadb.sql")), "SET foreign_key_checks = 0", *rows)


def _tables(url: URL) -> list[str]:
    return inspect(create_engine(url, poolclass=NullPool)).get_table_names()


def _administer(url: URL, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
