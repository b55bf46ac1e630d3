"""Which URL a connection's name stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from sqlalchemy import URL, exc, make_url

from retention.errors import Refused

ConnectionSource = Callable[[str], URL]
"""Gives a connection's URL by its name in the matrix; raises :class:`Refused` where there is none."""

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite+pysqlite",
}
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}
_HERE = ("localhost", "127.0.0.1", "::1")
_SUPPORTED = ("postgresql", "mysql", "mariadb", "sqlite")


def variable_of(connection: str) -> str:
    """Return the environment variable that holds the connection's URL."""
    return "RETENTION_CONN_" + re.sub(r"[^A-Z0-9]", "_", connection.upper())


def from_environment(environment: Mapping[str, str]) -> ConnectionSource:
    """Return a source that reads ``RETENTION_CONN_<NAME>``."""

    def look_up(connection: str) -> URL:
        variable = variable_of(connection)
        text = environment.get(variable)
        if not text:
            raise Refused(f"connection {connection}: no URL is known; set {variable} to a SQLAlchemy URL")
        return parse(text, f"connection {connection} ({variable})")

    return look_up


def nowhere(connection: str) -> URL:
    """Know no connection.

    Raises:
        Refused: always.
    """
    raise Refused(f"connection {connection}: no URL is known")


def parse(text: str, where: str) -> URL:
    """Return the URL with the driver this product uses.

    Raises:
        Refused: the text is no URL, or of an engine that isn't supported. The text itself is never shown.
    """
    try:
        url = make_url(text)
    except (exc.ArgumentError, ValueError):
        raise Refused(f"{where}: this is no SQLAlchemy URL; write it like postgresql://user@host/database") from None
    if url.get_backend_name() == "postgres":
        url = url.set(drivername="postgresql")
    if url.get_backend_name() not in _SUPPORTED:
        raise Refused(
            f"{where}: {url.get_backend_name()} is not supported; use one of {', '.join(_SUPPORTED)}",
        )
    return url.set(drivername=_DRIVERS[url.get_backend_name()])


def same_server(one: URL, other: URL) -> bool:
    """Whether two URLs lead to one server: where its address is written in two ways, nobody knows and it is False."""
    address = _address(one)
    return address is not None and address == _address(other)


def _address(url: URL) -> tuple[str, int] | None:
    """Return what tells one server from another; None where there is none, or where it may be any of several."""
    port = _PORTS.get(url.get_backend_name())
    if port is None or not {"host", "hostaddr", "port", "service", "unix_socket"}.isdisjoint(url.query):
        return None
    host = (url.host or "localhost").lower()
    return "localhost" if host in _HERE else host, url.port or port


def refuse_clashes(connections: Iterable[str]) -> None:
    """Refuse two names that share one environment variable.

    Raises:
        Refused: naming both.
    """
    seen: dict[str, str] = {}
    for connection in connections:
        variable = variable_of(connection)
        other = seen.setdefault(variable, connection)
        if other != connection:
            raise Refused(f"connections {other} and {connection} both read {variable}; rename one in the matrix")
