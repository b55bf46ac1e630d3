"""Temporary tables of one session: keys that go together, and the new values of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, delete, false, insert, select
from sqlalchemy.schema import CreateTableAs

from retention.database.reading import Sql


def empty_table(connection: Connection, name: str, columns: Sequence[Sql]) -> Table:
    """Make an empty temporary table with these columns: the types are the engine's own, never guessed."""
    none = select(*columns).where(false())
    connection.execute(CreateTableAs(none, name, temporary=True))
    copies = [Column(column.key or "", column.type) for column in columns]
    return Table(name, MetaData(), *copies, prefixes=["TEMPORARY"])


class Stage:
    """A temporary table that holds one batch at a time."""

    def __init__(self, connection: Connection, name: str, columns: Sequence[Sql]) -> None:
        self.table = empty_table(connection, name, columns)

    def load(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Replace what the table holds."""
        connection.execute(delete(self.table))
        names = [column.name for column in self.table.c]
        if rows:
            connection.execute(insert(self.table), [dict(zip(names, row, strict=True)) for row in rows])

    def drop(self, connection: Connection) -> None:
        """Drop the table; a pooled connection would keep it."""
        self.table.drop(connection)
