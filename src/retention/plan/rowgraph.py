"""Rows of a unit's sets as numbered nodes, and their references as edges: what only a walk over a graph can tell."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, FromClause, Index, Table, and_, func, insert, literal, select

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, joined
from retention.database.temporary import empty_table
from retention.plan.circles import Numbers

if TYPE_CHECKING:
    from retention.plan.going import Going

NODE = "retention_node"
_CHUNK = 50_000


class RowGraph:
    """The rows of some tables' sets that are still there. ``count`` nodes are numbered table by table."""

    def __init__(self, going: Going, tables: Collection[TableKey]) -> None:
        self.going = going
        self.count = 0
        self.first: dict[TableKey, int] = {}
        self._nodes: dict[TableKey, Table] = {}
        for number, table in enumerate(table for table in going.sets if table in tables):
            self._nodes[table] = self._numbered(table, number)
        self._marked: Table | None = None

    @property
    def _connection(self) -> Connection:
        return self.going.connection

    def drop(self) -> None:
        """Drop the numbers."""
        for table in [*self._nodes.values(), *([self._marked] if self._marked is not None else [])]:
            table.drop(self._connection)

    def tables(self) -> list[tuple[TableKey, range]]:
        """Return the tables with their nodes."""
        ends = [*list(self.first.values())[1:], self.count]
        return [(table, range(first, end)) for (table, first), end in zip(self.first.items(), ends, strict=True)]

    def nodes(self, table: TableKey) -> FromClause:
        """Return the table's keys with their nodes."""
        return self._nodes[table]

    def edges(self, relations: Iterable[Relation]) -> tuple[Numbers, Numbers]:
        """Return an edge for each reference: from the row referred to, to the row that refers to it."""
        pieces = [self._edges(relation) for relation in relations]
        if not pieces:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        both = np.concatenate(pieces)
        return both[:, 0], both[:, 1]

    def find(self, table: TableKey, rows: FromClause, which: Sql) -> list[int]:
        """Return the nodes of the rows of ``table`` whose keys are in ``rows``."""
        if table not in self._nodes:
            return []
        named = self._nodes[table]
        same = self.going.unit.same(table, rows, named)
        return list(self._connection.execute(select(named.c[NODE]).where(same, which)).scalars())

    def mark(self, nodes: Sequence[int]) -> dict[TableKey, FromClause]:
        """Return, by table, the keys of these nodes; tables without any are left out."""
        if self._marked is None:
            self._marked = empty_table(self._connection, "retention_marked", [literal(0).label(NODE)])
        if not nodes:
            return {}
        self._connection.execute(insert(self._marked), [{NODE: node} for node in nodes])
        places = np.array(nodes, dtype=np.int64)
        found: dict[TableKey, FromClause] = {}
        for table, range_ in self.tables():
            if bool(np.any((places >= range_.start) & (places < range_.stop))):
                named = self._nodes[table]
                keys = select(*(named.c[name] for name in self.going.unit.key(table)))
                found[table] = keys.where(named.c[NODE] == self._marked.c[NODE]).subquery()
        return found

    def _numbered(self, table: TableKey, number: int) -> Table:
        going, staged = self.going, self.going.sets[table]
        keys = [staged.c[name] for name in going.unit.key(table)]
        place = func.row_number().over(order_by=keys) + literal(self.count - 1)
        named = empty_table(self._connection, f"retention_node_{number}", [*keys, place.label(NODE)])
        row = going.unit.binding.shape(table).sql.alias()
        there = exists(select(literal(1)).where(going.unit.same(table, staged, row)).correlate(staged))
        self._connection.execute(insert(named).from_select(named.c.keys(), select(*keys, place).where(there)))
        rows = int(self._connection.execute(select(func.count()).select_from(named)).scalar_one())
        Index(f"{named.name}_key", *(named.c[name] for name in going.unit.key(table))).create(self._connection)
        Index(f"{named.name}_node", named.c[NODE]).create(self._connection)
        self.first[table] = self.count
        self.count += rows
        return named

    def _edges(self, relation: Relation) -> Numbers:
        shape, same = self.going.unit.binding.shape, self.going.unit.same
        child, parent = shape(relation.child).sql.alias(), shape(relation.parent).sql.alias()
        below, above = self._nodes[relation.child].alias(), self._nodes[relation.parent].alias()
        query = select(above.c[NODE], below.c[NODE]).where(
            and_(
                same(relation.child, below, child),
                joined(relation, child, parent),
                same(relation.parent, above, parent),
            )
        )
        found = self._connection.execute(query, execution_options={"stream_results": True})
        pieces = [np.array([tuple(pair) for pair in chunk], dtype=np.int64) for chunk in found.partitions(_CHUNK)]
        return np.concatenate([np.empty((0, 2), dtype=np.int64), *pieces])
