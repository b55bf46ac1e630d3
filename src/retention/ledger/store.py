"""The ledger's own database: opening it, its schema's version, and its errors in one line each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, inspect, make_url, text
from sqlalchemy.pool import ConnectionPoolEntry

from retention.errors import Refused, RetentionError
from retention.ledger.tables import REVISION

VERSION_TABLE = "ledger_version"
_SQLITE = b"SQLite format 3\0"
_LOCK_WAIT_S = 5
_UNHEARD_S = 10
"""After how long without a sign of the server's machine its connection is given up."""
_SILENT_S = 60
"""For how long MariaDB may look for the first row of an answer."""
# An entry that the server has confirmed has to outlast its crash: the rows it tells of have gone for good by then.
_POSTGRESQL = (
    f"SET client_encoding = 'UTF8'; SET timezone = 'UTC'; SET lock_timeout = '{_LOCK_WAIT_S}s'; "
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)
_MARIADB = (
    f"SET innodb_lock_wait_timeout = {_LOCK_WAIT_S}, lock_wait_timeout = {_LOCK_WAIT_S}, "
    "sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', sql_select_limit = 18446744073709551615, "
    "sql_quote_show_create = 1, sql_safe_updates = 0"
)
_OVERTAKEN = {"40001", "40P01", 1020, 1213}
_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite+pysqlite",
}


class LedgerFault(RetentionError):
    """The ledger can't be written or read now; nothing is destroyed without it."""


class Overtaken(LedgerFault):
    """Another writer came first; the same transaction may succeed when it is begun anew."""


class LedgerRefused(Refused):
    """The ledger can't be opened or used, or what it says can't be believed."""


@contextmanager
def opening() -> Iterator[None]:
    """Refuse what can't be opened.

    Raises:
        LedgerRefused: in place of a fault.
    """
    try:
        yield
    except LedgerFault as fault:
        raise LedgerRefused(str(fault)) from None


class Store:
    """An engine on the ledger's database, with a transaction whose errors name the ledger."""

    def __init__(self, url: URL, engine: Engine) -> None:
        self.url = url
        self.engine = engine

    @property
    def label(self) -> str:
        """Return how errors and reports name the ledger."""
        return label_of(self.url)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a transaction that is durable when it ends.

        Raises:
            Overtaken: another writer came first.
            LedgerFault: the ledger is locked, full or out of reach.
        """
        with self._guarded(), self.engine.connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def reading(self, *, at_one_moment: bool = False) -> Iterator[Connection]:
        """Give a connection for reading; what is read ``at_one_moment`` belongs together, whoever writes meanwhile.

        Raises:
            LedgerFault: the ledger is out of reach.
        """
        with self._guarded(), self.engine.connect() as connection:
            # A file's transactions always do.
            if at_one_moment and connection.dialect.name != "sqlite":
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except exc.DBAPIError as error:
            overtaken = isinstance(error, exc.IntegrityError) or _code(error) in _OVERTAKEN
            fault = Overtaken if overtaken else LedgerFault
            raise fault(f"{self.label}: {_reason(error)}; nothing is destroyed that it doesn't hold") from None


def label_of(url: str | URL) -> str:
    """Return the ledger's URL without its password, and without options, of which some are passwords too.

    Raises:
        LedgerRefused: the URL is of no supported engine.
    """
    plain = (_url(url) if isinstance(url, str) else url).set(query={})
    return f"ledger {plain.render_as_string(hide_password=True)}"


def is_made(text_url: str) -> bool:
    """Whether there is a ledger at a URL; nothing is made, or changed in a file, by asking.

    Raises:
        LedgerRefused: the URL is of no supported engine.
        LedgerFault: it is out of reach.
    """
    url = _url(text_url)
    if url.get_backend_name() == "sqlite" and not _is_database(Path(url.database or "")):
        return False
    store = Store(url, _engine(url))
    try:
        with store.reading() as connection:
            return _version(connection) is not None
    finally:
        store.engine.dispose()


def open_store(text_url: str, *, any_version: bool = False) -> Store:
    """Open the ledger's database, making its file and tables where they are new.

    Raises:
        LedgerRefused: the URL is of no supported engine, or the schema is of another version.
        LedgerFault: it is out of reach.
    """
    url = _url(text_url)
    if url.get_backend_name() == "sqlite":
        _make_file(url)
    try:
        engine = _engine(url)
        if url.get_backend_name() == "sqlite":
            _prepare_sqlite(engine)
        store = Store(url, engine)
        with store.reading() as connection:
            found = _version(connection)
    except (TypeError, ValueError, exc.ArgumentError):
        raise LedgerRefused("the ledger's driver doesn't take an option of its URL; mend what follows the ?") from None
    if found is not None and found > REVISION:
        raise LedgerRefused(
            f"{store.label}: a newer version of this product wrote it (schema {found}, here {REVISION}); "
            "install that version"
        )
    if any_version:
        return store
    if found is None:
        upgrade(store)
    elif found < REVISION:
        raise LedgerRefused(
            f"{store.label}: its schema is {found}, this version writes {REVISION}; run `retention ledger upgrade`"
        )
    return store


def upgrade(store: Store) -> None:
    """Bring the schema to this version, by Alembic's migrations."""
    from alembic import command  # noqa: PLC0415 - half a second that an ordinary night doesn't need
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with store.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _url(text: str) -> URL:
    try:
        url = make_url(text)
        return url.set(drivername=_DRIVERS[url.get_backend_name()])
    except (exc.ArgumentError, KeyError, ValueError):
        raise LedgerRefused("the ledger's URL is none of sqlite, postgresql, mysql or mariadb") from None


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - a constant


def _is_database(path: Path) -> bool:
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise LedgerFault(f"ledger {path}: it can't be read ({error.strerror})") from None


def _make_file(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise LedgerRefused("the ledger has to be a file or a server's database, not memory")
    path = Path(url.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            begins = os.read(handle, len(_SQLITE))
        finally:
            os.close(handle)
    except OSError as error:
        raise LedgerFault(f"ledger {path}: it can't be made or written ({error.strerror}); name another file") from None
    # A file shorter than a page is empty to the engine, which would write over it.
    if begins not in (b"", _SQLITE):
        raise LedgerRefused(f"ledger {path}: it is no database; name another file")


def _engine(url: URL) -> Engine:
    """Return an engine: while a batch is written, the shop's rows are locked, so no lock is waited for long.

    A statement may take its time: who verifies a ledger of years reads for minutes.
    """
    if url.get_backend_name() == "sqlite":
        return create_engine(url, hide_parameters=True, pool_pre_ping=True)
    arguments: dict[str, Any] = {"connect_timeout": 10}
    if url.get_backend_name() == "postgresql":
        arguments |= {"tcp_user_timeout": _UNHEARD_S * 1000, "keepalives_idle": _UNHEARD_S, "keepalives_interval": 5}
        settings = _POSTGRESQL
    else:
        arguments |= {"charset": "utf8mb4", "read_timeout": _SILENT_S, "write_timeout": _UNHEARD_S}
        settings = _MARIADB
    engine = create_engine(
        url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments, isolation_level="READ COMMITTED"
    )

    # Not along with the connection, where it would take the place of what the URL asks for, such as a schema.
    @event.listens_for(engine, "connect", insert=True)
    def prepare(connection: Any, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(settings)
        cursor.close()
        connection.commit()

    return engine


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None
        for pragma in ("busy_timeout = 10000", "journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _code(error: exc.DBAPIError) -> str | int:
    # MariaDB's numbers come before its SQLSTATE, which is the same for most of them.
    args = getattr(error.orig, "args", ())
    if args and isinstance(args[0], int):
        return args[0]
    code = getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None)
    return code or type(error.orig).__name__


def _reason(error: exc.DBAPIError) -> str:
    code = _code(error)
    words = {
        "SQLITE_BUSY": "it is locked by another process",
        "SQLITE_FULL": "its disk is full",
        "SQLITE_READONLY": "it is read-only",
        "SQLITE_IOERR": "its disk failed",
        "SQLITE_NOTADB": "it is no database",
        "53100": "its disk is full",
        "55P03": "it is locked by another process",
        1205: "it is locked by another process",
        1021: "its disk is full",
    }
    return (
        f"{words[code]} ({code})" if code in words else f"it does not answer ({code}); check its URL, and that it is up"
    )
