"""The sets of rows that go on a day, with the holds in force on it, beside those of other days or other matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, Table, delete

from retention.database.names import TableKey
from retention.plan.going import Going
from retention.plan.held import Held
from retention.plan.units import Unit
from retention.register import Hold


@contextmanager
def sets(connection: Connection, unit: Unit, day: date, holds: Sequence[Hold], name: str) -> Iterator[Going]:
    """Build the sets of a day, and drop them afterwards; ``name`` tells their tables from those of others."""
    held = Held.copied(connection, unit, holds, f"retention_held_{name}")
    going = Going(connection, unit, day, held.covers, name=f"retention_{name}")
    going.build()
    yield going
    going.drop()
    held.drop(connection)


@dataclass
class GoingAgain(Going):
    """Sets for one day after another in the same tables: a statement is then written once, whatever the day.

    ``kept`` are those tables, which are left to the next day and not dropped.
    """

    kept: dict[TableKey, Table] = field(default_factory=dict)

    def drop(self) -> None:
        """Leave the tables to the next day."""
        self.sets.clear()

    def _empty(self, table: TableKey, number: int) -> Table:
        if table in self.kept:
            self.connection.execute(delete(self.kept[table]))
        else:
            self.kept[table] = super()._empty(table, number)
        return self.kept[table]
