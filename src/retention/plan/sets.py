"""The sets of rows that go on a day, with the holds in force on it, beside those of other days or other matrices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, FromClause, Table, and_, delete, except_, insert, or_, select

from retention.database.keyset import columns_of
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.temporary import empty_table
from retention.plan.going import Going
from retention.plan.held import Held
from retention.plan.units import Unit
from retention.register import Hold


@contextmanager
def sets(
    connection: Connection, unit: Unit, day: date, holds: Sequence[Hold], name: str, between: Between | None = None
) -> Iterator[Going]:
    """Build the sets of a day, and drop them afterwards; ``name`` tells their tables from those of others.

    With ``between``, a day between two others, only rows in which those differ are judged.
    """
    held = Held.copied(connection, unit, holds, f"retention_held_{name}")
    going = (
        Going(connection, unit, day, held.covers, name=f"retention_{name}")
        if between is None
        else GoingBetween(
            connection, unit, day, held.covers, name=f"retention_{name}", kept=between.kept, between=between
        )
    )
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


@dataclass
class Between:
    """The sets of an earlier and a later day, and the keys of the rows that go on the later one only.

    ``kept`` are the tables that the days between use.
    """

    earlier: Going
    later: Going
    open: dict[TableKey, Table] = field(default_factory=dict)
    kept: dict[TableKey, Table] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def of(cls, earlier: Going, later: Going) -> Iterator[Between]:
        """Stage the keys in which the days differ, and drop everything afterwards."""
        connection, between = later.connection, cls(earlier, later)
        for number, (table, end) in enumerate(later.sets.items()):
            keys = empty_table(connection, f"retention_open_{number}", list(end.c))
            begin = earlier.sets[table]
            connection.execute(insert(keys).from_select(list(end.c.keys()), except_(select(*end.c), select(*begin.c))))
            between.open[table] = keys
        yield between
        for keys in (*between.open.values(), *between.kept.values()):
            keys.drop(connection)


@dataclass
class GoingBetween(GoingAgain):
    """The sets of a day between two others: what goes on the earlier day goes now, what stays on the later one stays.

    That is so because as the days move on nothing but the end of a period, of a purpose or of a hold changes.
    """

    between: Between | None = None

    def goes(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a row goes: on the earlier day already, or by this day's sets."""
        now = super().goes(table, row)
        if self.between is None or table not in self.sets:
            return now
        return or_(self.between.earlier.goes(table, row), now)

    def _fill(self, table: TableKey, row: FromClause, condition: Sql) -> None:
        assert self.between is not None
        keys = self.between.open[table]
        undecided = columns_of(row, keys.c.keys()).in_(select(*keys.c))
        super()._fill(table, row, and_(undecided, condition))
