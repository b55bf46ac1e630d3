"""Opening an operational database: the engine for a URL, and the connections a plan and a run use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import URL, Connection, Engine

from retention.database.boundary import guarded, reaching
from retention.database.dialect import Dialect
from retention.database.mariadb import MariaDB
from retention.database.postgresql import PostgreSQL
from retention.database.sqlite import SQLite
from retention.database.url import ConnectionSource
from retention.database.watch import Watch
from retention.errors import Refused

_DIALECTS: dict[str, Dialect] = {
    "postgresql": PostgreSQL(),
    "mysql": MariaDB(),
    "mariadb": MariaDB(),
    "sqlite": SQLite(),
}


@dataclass(frozen=True, slots=True)
class Database:
    """One shard of one database of the matrix. ``label`` names it in errors: the matrix's name and connection."""

    name: str
    shard: int
    connection_name: str
    dialect: Dialect
    engine: Engine

    @property
    def label(self) -> str:
        """Return the name a person knows it by."""
        return _label(self.name, self.connection_name)

    @contextmanager
    def planning(self) -> Iterator[Connection]:
        """Give a connection in one transaction that is rolled back: what a plan reads, as of one moment.

        Raises:
            DatabaseFault: in place of any error of the driver.
        """
        with guarded(self.label), self.engine.connect() as plain:
            connection = plain.execution_options(isolation_level=self.dialect.plan_isolation)
            with connection.begin() as transaction:
                yield connection
                transaction.rollback()

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """Give a connection for many small writing transactions.

        Raises:
            DatabaseFault: in place of any error of the driver.
        """
        with guarded(self.label), self.engine.connect() as plain:
            yield plain.execution_options(isolation_level=self.dialect.run_isolation, writes=True)

    @contextmanager
    def working(self, connection: Connection) -> Iterator[None]:
        """Ready a session for many small transactions, and leave it as it was."""
        self.dialect.take_up(connection)
        try:
            yield
        finally:
            if not connection.closed and not connection.invalidated:
                self.dialect.leave(connection)

    @contextmanager
    def transaction(self, connection: Connection) -> Iterator[None]:
        """Give one transaction of a session: committed at its end, rolled back at an error.

        Raises:
            DatabaseFault: in place of any error of the driver, so that what caused it can be tried again.
        """
        with guarded(self.label), connection.begin():
            yield

    @contextmanager
    def rehearsal(self, connection: Connection) -> Iterator[None]:
        """Give one transaction of a session that is rolled back, and takes no lock before its first statement.

        Raises:
            DatabaseFault: in place of any error of the driver.
        """
        connection.execution_options(writes=False)
        try:
            with guarded(self.label), connection.begin() as transaction:
                yield
                transaction.rollback()
        finally:
            connection.execution_options(writes=True)

    def keep_snapshot(self, connection: Connection) -> bool:
        """Let each transaction of a session fail where others change what it has seen; return whether it will.

        Raises:
            DatabaseFault: in place of any error of the driver.
        """
        if self.dialect.snapshot is None:
            return False
        with self.transaction(connection):
            kept = self.dialect.keeps_snapshot(connection)
        if kept:
            connection.execution_options(isolation_level=self.dialect.snapshot)
        return kept

    def forget_snapshot(self, connection: Connection) -> None:
        """Let a session go on as it began."""
        connection.execution_options(isolation_level=self.dialect.run_isolation)

    def watch(self) -> Watch:
        """Return a connection beside those that work."""
        return Watch(self.label, lambda: self.dialect.watch_engine(self.engine.url))

    def replica_watch(self, connection_name: str, connections: ConnectionSource) -> Watch:
        """Return a connection to one of its replicas; one without a URL is told of when it is asked."""
        return Watch(f"connection {connection_name}", lambda: self._replica_engine(connection_name, connections))

    def _replica_engine(self, connection_name: str, connections: ConnectionSource) -> Engine:
        """Return an engine for watching one of its replicas.

        Raises:
            Refused: the connection has no URL, or one of another engine.
        """
        url = connections(connection_name)
        if url.get_backend_name() != self.engine.url.get_backend_name():
            raise Refused(f"connection {connection_name}: it is no {self.dialect.label}, so no replica of {self.label}")
        return self.dialect.watch_engine(url)

    def close(self) -> None:
        """Let all connections go."""
        self.engine.dispose()


def open_database(name: str, shard: int, connection_name: str, url: URL) -> Database:
    """Open one shard and see that it answers.

    Raises:
        Refused: it does not answer, or its driver doesn't take the URL.
    """
    dialect = _DIALECTS[url.get_backend_name()]
    with reaching(_label(name, connection_name)):
        engine = dialect.engine(url)
        engine.connect().close()
    return Database(name, shard, connection_name, dialect, engine)


def _label(name: str, connection_name: str) -> str:
    return f"database {name} (connection {connection_name})"
