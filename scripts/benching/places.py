"""Where a contest takes place: a private throwaway server, or a file, with fresh copies of a shape's tables."""

from __future__ import annotations

import abc
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from benching.matrix import CONNECTION, IDENTITY
from benching.shapes import Shape
from benching.words import WORDS
from retention.database.connect import open_database
from retention.database.identity import give_identity
from retention.pipeline import wall_clock
from support.servers import Server, mariadb, postgresql

if TYPE_CHECKING:
    from benching.contest import Figure

_PATIENCE = 900.0


class Place(abc.ABC):
    """What every engine has in common. ``prepare`` makes a shape once, ``copy`` gives a copy nobody has touched."""

    name: str

    def __init__(self) -> None:
        self.made: set[tuple[str, int]] = set()

    def prepare(self, shape: Shape, rows: int) -> None:
        """Make the shape's tables, filled and analysed, with the pipeline's own tables beside them."""
        if (shape.name, rows) not in self.made:
            self._make(shape, rows)
            self.made.add((shape.name, rows))

    @abc.abstractmethod
    def copy(self, shape: Shape, rows: int) -> AbstractContextManager[str]:
        """Give the URL of a copy, and drop it afterwards."""

    def settled(self, figure: Figure, shape: Shape) -> Figure:
        """Wait until the engine is at rest, and return the figure with that counted, where the engine has such work."""
        del shape
        return figure

    @abc.abstractmethod
    def stop(self) -> None:
        """Stop the server and drop everything."""

    @abc.abstractmethod
    def _make(self, shape: Shape, rows: int) -> None:
        """Make the shape's tables where copies are taken from."""

    def _fill(self, url: str, shape: Shape, rows: int) -> None:
        words = WORDS[self.name]
        with connected(url) as connection:
            for statement in (*shape.schema(words), *words.before_fill, *shape.fill(words, rows)):
                connection.exec_driver_sql(statement.replace("%", "%%") if self.name != "sqlite" else statement)
        _identify(url)


class ServerPlace(Place):
    """A server of its own, with a database for each shape that copies are taken from."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        server.start()
        self.server = server

    def stop(self) -> None:
        """Stop the server and drop everything."""
        self.server.stop()

    def _make(self, shape: Shape, rows: int) -> None:
        name = _template(shape, rows)
        with connected(self.server.url) as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        self._fill(_in(self.server, name), shape, rows)


class PostgreSQLPlace(ServerPlace):
    """Copies are databases made from a template: block for block the same, statistics and all."""

    name = "postgresql"

    def __init__(self) -> None:
        super().__init__(postgresql())

    @contextmanager
    def copy(self, shape: Shape, rows: int) -> Iterator[str]:
        """Give the URL of a copy, and drop it afterwards."""
        with connected(self.server.url) as connection:
            connection.execute(text(f"CREATE DATABASE contest TEMPLATE {_template(shape, rows)} STRATEGY FILE_COPY"))
            connection.execute(text("CHECKPOINT"))
        try:
            yield _in(self.server, "contest")
        finally:
            with connected(self.server.url) as connection:
                connection.execute(text("DROP DATABASE contest WITH (FORCE)"))

    def _make(self, shape: Shape, rows: int) -> None:
        super()._make(shape, rows)
        with connected(_in(self.server, _template(shape, rows))) as connection:
            connection.execute(text("VACUUM ANALYZE"))


class MariaDBPlace(ServerPlace):
    """Copies are databases filled from a first one; durable, with a binary log of rows, as a shop's server is."""

    name = "mariadb"
    _durable = ("--innodb-flush-log-at-trx-commit=1", "--sync-binlog=1", "--innodb-buffer-pool-size=1G")

    def __init__(self) -> None:
        super().__init__(mariadb(*self._durable))
        self.marked = 0
        with connected(self.server.url) as connection:
            connection.execute(text("SET GLOBAL innodb_monitor_enable = 'purge_del_mark_records'"))

    @contextmanager
    def copy(self, shape: Shape, rows: int) -> Iterator[str]:
        """Give the URL of a copy, and drop it afterwards."""
        first, words = _template(shape, rows), WORDS[self.name]
        with connected(self.server.url) as connection:
            connection.execute(text("CREATE DATABASE contest"))
        url = _in(self.server, "contest")
        with connected(url) as connection:
            for statement in (*shape.schema(words), *words.before_fill):
                connection.exec_driver_sql(statement)
            for name in shape.names:
                connection.exec_driver_sql(f"INSERT INTO {name} SELECT * FROM {first}.{name} ORDER BY id")
            connection.exec_driver_sql(f"ANALYZE TABLE {', '.join(shape.names)}")
        _identify(url)
        self.marked = self._metric("purge_del_mark_records")
        try:
            yield url
        finally:
            with connected(self.server.url) as connection:
                connection.execute(text("DROP DATABASE contest"))

    def settled(self, figure: Figure, shape: Shape) -> Figure:
        """Wait until InnoDB has purged every row that was marked as deleted, or has nothing left to purge.

        It doesn't count every row of a cascade, and empties its history only some time after the last row: what counts
        is when a row was last purged.
        """
        if not shape.removes:
            return figure
        deadline, last, seen = time.monotonic() + _PATIENCE, figure.ended, self.marked
        while time.monotonic() < deadline:
            purged, history = self._metric("purge_del_mark_records"), self._metric("trx_rseg_history_len")
            if purged > seen:
                last, seen = time.monotonic(), purged
            if seen - self.marked >= figure.rows or history == 0:
                break
            time.sleep(0.02)
        return replace(figure, settled=figure.seconds + last - figure.ended)

    def _metric(self, name: str) -> int:
        query = text("SELECT count FROM information_schema.innodb_metrics WHERE name = :name")
        with connected(self.server.url) as connection:
            return int(connection.execute(query, {"name": name}).scalar_one())


class SQLitePlace(Place):
    """Copies are copies of a file."""

    name = "sqlite"

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="retention-bench-sqlite-"))

    @contextmanager
    def copy(self, shape: Shape, rows: int) -> Iterator[str]:
        """Give the URL of a copy, and drop it afterwards."""
        file = self.folder / "contest.sqlite"
        shutil.copyfile(self.folder / _template(shape, rows), file)
        try:
            yield f"sqlite:///{file}"
        finally:
            for left in self.folder.glob("contest.sqlite*"):
                left.unlink()

    def stop(self) -> None:
        """Drop everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self, shape: Shape, rows: int) -> None:
        file = self.folder / _template(shape, rows)
        file.touch()
        self._fill(f"sqlite:///{file}", shape, rows)
        with connected(f"sqlite:///{file}") as connection:
            connection.execute(text("ANALYZE"))


PLACES: dict[str, Callable[[], Place]] = {"sqlite": SQLitePlace, "postgresql": PostgreSQLPlace, "mariadb": MariaDBPlace}


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """Give a connection on which every statement is its own transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def _template(shape: Shape, rows: int) -> str:
    return f"{'_'.join(shape.name.replace(',', '').split())}_{rows}"


def _in(server: Server, database: str) -> str:
    return make_url(server.url).set(database=database).render_as_string(hide_password=False)


def _identify(url: str) -> None:
    database = open_database("bench", 0, CONNECTION, make_url(url))
    give_identity(database, IDENTITY, wall_clock())
    database.close()
