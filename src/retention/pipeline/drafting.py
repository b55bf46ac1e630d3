"""``init CONNECTION``: a draft of a matrix from a live schema."""

from __future__ import annotations

from retention.database.connect import Database
from retention.database.identity import identity_of
from retention.database.reflect import reflect
from retention.draft import draft
from retention.errors import DatabaseFault, Refused


def draft_matrix(database: Database) -> str:
    """Return the draft; the schema is read, and of rows nothing but the database's own identity.

    Raises:
        Refused: the schema can't be read.
    """
    name = database.connection_name
    try:
        with database.planning() as connection:
            identity = identity_of(connection)
            schema = reflect(connection, database.dialect, {None})
    except DatabaseFault as fault:
        raise Refused(str(fault)) from None
    return draft(schema, database=name, connection=name, identity=identity)
