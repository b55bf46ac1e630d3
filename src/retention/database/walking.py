"""How an engine lets a table be walked and its rows be told of: what a batch of many rows is made of."""

from __future__ import annotations

import abc
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy import Column, Connection, Table, delete, insert
from sqlalchemy.sql.elements import KeyedColumnElement

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.reading import Sql


class Walking(abc.ABC):
    """What the engines' classes say of their tables and statements."""

    name: ClassVar[str]
    snapshot: ClassVar[str | None] = None
    """The isolation at which a DELETE takes just the rows that a read before it has seen, or fails; if there is one."""
    snapshot_locks_all: ClassVar[bool] = False
    """Whether the DELETE locks, and fails at, every row of the range then that it looks at, and not only what goes."""
    tells_of_deleted: ClassVar[bool] = False
    """Whether a DELETE can tell sums over the rows that it deletes."""
    sums_what_it_locks: ClassVar[bool] = True
    """Whether a locking read may be one of sums; elsewhere it stands in a subquery."""
    workers: ClassVar[int] = 1
    """How many may work on one table at a time where it pays: an engine that lets one write at a time has one."""
    gathers: ClassVar[bool] = False
    """Whether values of any type can be gathered into an array."""
    counts_deleted: ClassVar[bool] = False
    """Whether the engine counts the rows that go of a table, by a statement or by a foreign key."""

    seeks_alternatives: ClassVar[bool] = False
    """Whether an index is sought for each of several alternatives, and alone tells that a clock can't be read."""
    walks_clocks: ClassVar[bool] = False
    """Whether many rows are walked best by a clock's index, where they lie in its order: it has their keys as well."""

    def in_order(self, column: KeyedColumnElement[Any]) -> Sql:
        """Return a column of a key so that it is sorted as it is compared; mostly it is."""
        return column

    def keeps_snapshot(self, connection: Connection) -> bool:
        """Set the session to fail as :attr:`snapshot` says, where there is one, and return whether it will."""
        del connection
        return True

    @abc.abstractmethod
    def rows_about(self, connection: Connection, which: Table) -> int:
        """Return how many rows a table has, as far as the engine knows without counting for long."""

    def blocks(self, connection: Connection, which: Table) -> int:
        """Return how many blocks a table's rows lie in; 0 where they can't be walked by their address."""
        del connection, which
        return 0

    def in_blocks(self) -> Sql:
        """Return whether a row of a statement's only table lies in the blocks of :meth:`block_range`."""
        raise AssertionError(self.name)

    def block_range(self, start: int, end: int) -> Mapping[str, Any]:
        """Return the parameters that stand for blocks from ``start`` on and before ``end``."""
        raise AssertionError(self.name, start, end)

    def without_seeking(self, condition: Sql, which: Table, clocks: Collection[str]) -> Sql:
        """Return the condition written so that the engine walks a range beside it, and seeks nothing by the clocks."""
        del which, clocks
        return condition

    def cascades(self, connection: Connection, owner: Table, parts: Sequence[Table]) -> bool:
        """Whether the foreign keys of ``parts`` take just what statements would, and nothing escapes who counts it."""
        del connection, owner, parts
        return False

    def deleted(self, which: Table) -> Sql:
        """Return how many rows of a table the session has counted as deleted; null where it no longer counts.

        It grows by what goes; only within one transaction is nothing taken off.
        """
        raise AssertionError(self.name, which)

    def counts(self, column: Column[Any], shape: ColumnShape) -> bool:
        """Whether each value of a column is a whole number of 64 bits."""
        return shape.kind is ColumnKind.INTEGER and not getattr(column.type, "unsigned", False)

    @abc.abstractmethod
    def numbers(self, column: Sql) -> Sql:
        """Return the whole numbers of all rows as a text, a comma between them, or as bytes: eight each, high first."""

    def gathered(self, column: Sql) -> Sql:
        """Return the values of all rows as an array that the driver knows, where any can be had."""
        raise AssertionError(self.name, column)

    def version(self, row: Table, read: Iterable[Sql]) -> Sql | None:
        """Return what is another value once anything of a row has changed that expressions were ``read`` from.

        None where nobody writes beside a transaction that has read: it needs no lock to know a row unchanged.
        """
        del row, read
        return None

    def empty(self, connection: Connection, which: Table) -> None:
        """Empty a temporary table."""
        connection.execute(delete(which))

    def load(self, connection: Connection, which: Table, rows: Sequence[Sequence[Any]]) -> None:
        """Load rows into a temporary table, the values in the order of its columns."""
        names = [column.name for column in which.c]
        connection.execute(insert(which), [dict(zip(names, row, strict=True)) for row in rows])
