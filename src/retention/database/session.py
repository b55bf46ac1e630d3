"""Setting up a server's session as it opens: no role, URL or environment gives what it is asked another sense."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry


def set_up(engine: Engine, statement: str) -> Engine:
    """Return the engine; in each of its sessions the statement comes before anything else.

    What goes along with the connection itself would lose to the URL and to variables like PGTZ, or take the place of
    what the URL asks for: a schema to look in, or a command to begin with.
    """

    @event.listens_for(engine, "connect", insert=True)
    def prepare(connection: Any, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(statement)
        cursor.close()
        # What a transaction has set goes with it when it is rolled back.
        connection.commit()

    return engine
