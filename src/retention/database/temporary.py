"""Temporary tables of one session: keys that go together, and the new values of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, delete, false, select
from sqlalchemy.schema import CreateTableAs

from retention.database.reading import Sql
from retention.database.walking import Walking


def empty_table(connection: Connection, name: str, columns: Sequence[Sql]) -> Table:
    """Make an empty temporary table with these columns: the types are the engine's own, never guessed."""
    none = select(*columns).where(false())
    connection.execute(CreateTableAs(none, name, temporary=True))
    copies = [Column(column.key or "", column.type) for column in columns]
    return Table(name, MetaData(), *copies, prefixes=["TEMPORARY"])


_CLEANED_EVERY = 32


class Stage:
    """A temporary table that holds one batch at a time."""

    def __init__(self, connection: Connection, dialect: Walking, name: str, columns: Sequence[Sql]) -> None:
        self.table = empty_table(connection, name, columns)
        self._dialect = dialect
        self._loads = 0

    def load(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Replace what the table holds."""
        # Nobody cleans up after the deletes of a temporary table; doing so takes longer than the delete of one batch.
        self._loads += 1
        if self._loads % _CLEANED_EVERY:
            connection.execute(delete(self.table))
        else:
            self._dialect.empty(connection, self.table)
        if rows:
            self._dialect.load(connection, self.table, rows)

    def drop(self, connection: Connection) -> None:
        """Drop the table; a pooled connection would keep it."""
        self.table.drop(connection)
