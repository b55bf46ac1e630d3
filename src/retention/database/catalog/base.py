"""What every engine's catalog answers, and what most of them answer alike."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table
from sqlalchemy.engine.interfaces import Dialect as SqlDialect
from sqlalchemy.schema import CreateIndex

from retention.database.names import TableKey

Right = Literal["SELECT", "INSERT", "UPDATE", "DELETE", "USAGE"]
_NAME = 60


@dataclass(frozen=True, slots=True)
class Need:
    """A right that a role must have; ``columns`` narrows an UPDATE, empty is the whole table.

    USAGE is that of the table's schema; it is never asked for, and only told where it is lacking.
    """

    table: TableKey
    right: Right
    columns: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.right == "USAGE" and self.table.schema:
            return f"USAGE on the schema {self.table.schema}"
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        return f"{self.right}{columns} on {self.table}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger, or what acts like one, on a table; ``body`` is its text as the engine keeps it.

    One that a single partition has is the partitioned table's; its ``name`` says of which partition. ``columns``: those
    whose UPDATE alone sets it off; empty is any. ``rewrites``: it runs before a row is written, or instead, and may
    write another one or none.
    """

    name: str
    table: TableKey
    events: frozenset[str]
    body: str
    columns: frozenset[str] = frozenset()
    rewrites: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a catalog says. ``rows`` are the engine's own estimates, and only there where they were asked for."""

    triggers: tuple[Trigger, ...] = ()
    partitions: Mapping[TableKey, TableKey] = field(default_factory=dict)
    """Per partition the table it belongs to."""
    partition_columns: Mapping[TableKey, frozenset[str]] = field(default_factory=dict)
    """Per partitioned table the columns that say in which partition a row lies."""
    versioned: frozenset[TableKey] = frozenset()
    """Tables that keep a history of what was deleted from them."""
    made_from: Mapping[TableKey, Mapping[str, frozenset[str]]] = field(default_factory=dict)
    """Per table with generated columns, the columns that each of them is made from; these may be generated as well."""
    hidden: frozenset[TableKey] = frozenset()
    """Tables of which the role may not see every row."""
    unseen: Mapping[TableKey, tuple[str, ...]] = field(default_factory=dict)
    """Per table the names of those that refer to it and that the role may not see at all."""
    blind: bool = False
    """Whether nobody can tell which unseen tables refer to one."""
    inherited: Mapping[TableKey, tuple[TableKey, ...]] = field(default_factory=dict)
    """Per table those that inherit it: their rows are taken for its own."""
    without_rollback: frozenset[TableKey] = frozenset()
    """Tables of a storage engine that can't take back what a transaction did."""
    foreign: frozenset[TableKey] = frozenset()
    """Tables whose rows another server or a file holds, all of them or those of a partition."""
    unlogged: frozenset[TableKey] = frozenset()
    """Tables that a crash of the server empties."""
    lacking: tuple[Need, ...] = ()
    """Rights that the role was asked for and doesn't have."""
    excess: str | None = None
    """Why the role may do far more than it needs, in words."""
    rows: Mapping[TableKey, int] = field(default_factory=dict)


class Catalog(abc.ABC):
    """One engine's catalog."""

    locks_need_update: ClassVar[bool] = False
    """Whether SELECT … FOR UPDATE wants the right to update a column of the table."""

    def facts(self, connection: Connection, needs: Sequence[Need], *, sizes: bool) -> Facts:
        """Return everything that is known; rows are only estimated where ``sizes`` asks for it."""
        found = self.read(connection)
        return replace(
            found,
            lacking=tuple(self.lacking(connection, needs)),
            excess=self.excess(connection),
            rows=self.rows(connection) if sizes else {},
        )

    @abc.abstractmethod
    def read(self, connection: Connection) -> Facts:
        """Return triggers, partitions and what else the schema doesn't say."""

    @abc.abstractmethod
    def rows(self, connection: Connection) -> dict[TableKey, int]:
        """Return about how many rows each table has, by the engine's own statistics."""

    @abc.abstractmethod
    def lacking(self, connection: Connection, needs: Sequence[Need]) -> Iterable[Need]:
        """Yield the rights that the connection's role doesn't have."""

    @abc.abstractmethod
    def excess(self, connection: Connection) -> str | None:
        """Return why the role may do far more than it needs, or None."""

    @abc.abstractmethod
    def grants(self, connection: Connection, role: str, needs: Sequence[Need]) -> list[str]:
        """Return the statements that give a role these rights and no others."""

    def index_statement(self, dialect: SqlDialect, table: TableKey, columns: Sequence[str]) -> str:
        """Return the statement that makes an index on the columns, quoted as the engine quotes."""
        name = "_".join([table.name, *columns])[:_NAME]
        shape = Table(table.name, MetaData(), *(Column(one, Integer) for one in columns), schema=table.schema)
        index = Index(name, *(shape.c[one] for one in columns))
        return " ".join(str(CreateIndex(index).compile(dialect=dialect)).split())


def own(schema: str | None, connection: Connection) -> str | None:
    """Return a schema's name as the matrix spells it: none for the connection's default."""
    return None if schema == connection.dialect.default_schema_name else schema


def spelled(connection: Connection, table: TableKey) -> str:
    """Return a table's name for a statement, with its schema, quoted where it has to be."""
    quote = connection.dialect.identifier_preparer.quote
    schema = table.schema or connection.dialect.default_schema_name
    return f"{quote(schema)}.{quote(table.name)}" if schema else quote(table.name)


def listed(connection: Connection, columns: Iterable[str]) -> str:
    """Return columns for a statement, quoted where they have to be."""
    quote = connection.dialect.identifier_preparer.quote
    return ", ".join(quote(column) for column in columns)


def by_table(needs: Sequence[Need]) -> dict[TableKey, list[Need]]:
    """Return the needs grouped by table, an UPDATE of several rules as one."""
    grouped: dict[TableKey, dict[Right, Need]] = {}
    for need in needs:
        mine = grouped.setdefault(need.table, {})
        known = mine.get(need.right)
        if known is None:
            mine[need.right] = need
        elif known.columns and need.columns:
            mine[need.right] = Need(need.table, need.right, tuple(dict.fromkeys([*known.columns, *need.columns])))
        else:
            mine[need.right] = Need(need.table, need.right)
    return {table: list(mine.values()) for table, mine in grouped.items()}
