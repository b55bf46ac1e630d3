"""From an Airflow connection to a SQLAlchemy URL, one small class per kind of connection.

Only Airflow's own look-up is used, so that secrets backends work. ``Connection.get_uri()`` is no SQLAlchemy URL, and
the MySQL provider's driver isn't the one this product uses: the URL is put together here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError
from sqlalchemy import URL

from retention.errors import Refused


class Server:
    """A connection to a database server."""

    kinds: ClassVar[tuple[str, ...]]
    driver: ClassVar[str]
    extras: ClassVar[tuple[str, ...]]

    def url(self, connection: Connection) -> URL:
        """Return the URL, with those extras that the driver knows."""
        return URL.create(
            self.driver,
            username=connection.login or None,
            password=connection.password or None,
            host=connection.host or None,
            port=int(connection.port) if connection.port else None,
            database=connection.schema or None,
            query=self.query(connection.extra_dejson),
        )

    def query(self, extra: Mapping[str, Any]) -> dict[str, str]:
        """Return the driver's options among a connection's extras."""
        named = extra.get("sqlalchemy_query")
        found = {key: str(extra[key]) for key in self.extras if extra.get(key) is not None}
        return {**found, **{key: str(value) for key, value in (named.items() if isinstance(named, dict) else ())}}


class PostgreSQLConnection(Server):
    """``postgres``, by psycopg."""

    kinds = ("postgres", "postgresql")
    driver = "postgresql+psycopg"
    extras = (
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "application_name",
        "connect_timeout",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "target_session_attrs",
        "gssencmode",
        "channel_binding",
    )


class MySQLConnection(Server):
    """``mysql`` and ``mariadb``, by PyMySQL; the extra ``ssl`` is a mapping as the MySQL provider takes it."""

    kinds = ("mysql", "mariadb")
    driver = "mysql+pymysql"
    extras = (
        "charset",
        "unix_socket",
        "connect_timeout",
        "read_timeout",
        "write_timeout",
        "ssl_ca",
        "ssl_cert",
        "ssl_key",
    )

    def query(self, extra: Mapping[str, Any]) -> dict[str, str]:
        """Return PyMySQL's options, those of ``ssl`` among them."""
        ssl = extra.get("ssl")
        nested = {f"ssl_{key}": str(value) for key, value in ssl.items()} if isinstance(ssl, dict) else {}
        return {**nested, **super().query(extra)}


class SQLiteConnection(Server):
    """``sqlite``: the file's path is the host, the schema, or both joined, as an Airflow URI divides it."""

    kinds = ("sqlite",)
    driver = "sqlite+pysqlite"
    extras = ()

    def url(self, connection: Connection) -> URL:
        """Return the URL of the file."""
        path = "/".join(part for part in (connection.host, connection.schema) if part)
        if not path:
            raise Refused(f"connection {connection.conn_id}: it names no file; put the path into its host")
        return URL.create(self.driver, database=path)


_KINDS: Mapping[str, Server] = {
    kind: one for one in (PostgreSQLConnection(), MySQLConnection(), SQLiteConnection()) for kind in one.kinds
}


def airflow_connection(name: str) -> URL:
    """Return the SQLAlchemy URL of the Airflow connection with this id.

    Raises:
        Refused: Airflow has no such connection, can't look it up, or it is of a kind that isn't supported.
    """
    try:
        connection = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        raise Refused(
            f"connection {name}: Airflow has none of this id; add it under Admin → Connections, as AIRFLOW_CONN_"
            f"{name.upper()}, or in the secrets backend"
        ) from None
    except AirflowRuntimeError:
        raise Refused(f"connection {name}: Airflow can't look it up now; see its secrets backend") from None
    return url_of(connection)


def url_of(connection: Connection) -> URL:
    """Return the SQLAlchemy URL of a connection.

    Raises:
        Refused: it is of a kind that isn't supported, or names no database.
    """
    kind = _KINDS.get(connection.conn_type or "")
    if kind is None:
        raise Refused(
            f"connection {connection.conn_id}: its type {connection.conn_type} is not supported; use one of "
            f"{', '.join(sorted(_KINDS))}"
        )
    if connection.extra_dejson.get("iam"):
        raise Refused(f"connection {connection.conn_id}: the extra iam isn't supported; give it a role's password")
    return kind.url(connection)
