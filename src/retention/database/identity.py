"""Which database this is: the name it carries itself, so that a matrix never destroys in another one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, inspect, select

from retention.database.connect import Database
from retention.database.ddl import statements
from retention.database.own_tables import IDENTITY, NAMES
from retention.errors import DatabaseFault, Refused

_VERSION = 1


def identity_of(connection: Connection) -> str | None:
    """Return the identity the database carries, or None where the pipeline's tables aren't there."""
    if not inspect(connection).has_table(IDENTITY.name):
        return None
    return connection.execute(select(IDENTITY.c.identity)).scalar()


def require_identity(connection: Connection, database: Database, identity: str) -> None:
    """See that the database is the one that the matrix names.

    Raises:
        Refused: it carries no identity or another one, or one that the role may not see, or lacks one of the
            pipeline's own tables.
    """
    found = identity_of(connection)
    shut = database.dialect.shut_schema(connection, IDENTITY.name) if found is None else None
    if shut is not None:
        raise Refused(
            f"{database.label}: its role lacks USAGE on the schema {shut}, where its identity is; grant it, `retention "
            f"init {database.connection_name} --grants ROLE` prints the statements where another role connects"
        )
    if found is None:
        raise Refused(
            f"{database.label}: it carries no identity, the matrix names {identity}; if it is that database, "
            f"run `retention init {database.connection_name} --identity {identity}` once"
        )
    if found != identity:
        raise Refused(
            f"{database.label}: its identity is {found}, the matrix names {identity}; nothing is done in a database "
            "that isn't the matrix's: mend the connection or the matrix"
        )
    missing = NAMES - set(inspect(connection).get_table_names())
    if missing:
        raise Refused(
            f"{database.label}: an older version made the pipeline's tables there, {', '.join(sorted(missing))} is "
            f"missing; run `retention init {database.connection_name} --identity {identity}` once"
        )


def give_identity(database: Database, identity: str, at: datetime) -> bool:
    """Make the pipeline's own tables and write the identity; False where it was there already.

    Raises:
        Refused: the database carries another identity, or the role may not make tables.
    """
    try:
        return _give_identity(database, identity, at)
    except DatabaseFault as fault:
        if not fault.denied:
            raise
        raise Refused(
            f"{database.label}: its role may not make the pipeline's own tables; run "
            f"`retention init {database.connection_name} --identity {identity}` once as a role that may create tables"
        ) from None


def _give_identity(database: Database, identity: str, at: datetime) -> bool:
    with database.session() as connection:
        with connection.begin():
            found = identity_of(connection)
            missing = NAMES - set(inspect(connection).get_table_names())
        if found is not None and found != identity:
            raise Refused(
                f"{database.label}: it already carries the identity {found}; an identity is never changed, "
                "name that one in the matrix"
            )
        with connection.begin():
            for table, made in statements(f"pipeline/{database.dialect.name}.sql").items():
                for statement in made if table in missing else ():
                    connection.exec_driver_sql(statement)
            if found is None:
                connection.execute(
                    insert(IDENTITY).values(identity=identity, version=_VERSION, created_at=at.isoformat())
                )
    return found is None
