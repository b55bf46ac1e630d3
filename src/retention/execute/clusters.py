"""What is left of a knot once its free rows have gone: rows that only go together, or one after the other.

A batch takes whole clusters, in an order in which nothing that stays refers to what goes, and deletes the rows of all
their tables in one transaction.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import Connection, Index, Table, delete, insert, literal, select

from retention.database.names import TableKey
from retention.database.temporary import empty_table
from retention.execute.ahead import Ahead
from retention.execute.done import Done
from retention.execute.kept_clock import kept_clocks
from retention.execute.moving import Moving
from retention.execute.moving_together import move
from retention.execute.order import Order
from retention.execute.placed import CIRCLED, CLUSTER, STEP, Batch, ClusterStatements
from retention.execute.seal import Seal
from retention.execute.staging import Staging
from retention.plan.held import Covers
from retention.plan.rowgraph import NODE, RowGraph
from retention.plan.rules import BoundRule

_CHUNK = 5_000


@dataclass
class Clusters:
    """The clusters of one knot, in their order; ``last`` is the next one to have its turn.

    ``beyond`` says by rule how many rows the largest one has of it that was left for want of room.
    """

    staging: Staging
    tables: frozenset[TableKey]
    rules: Sequence[BoundRule]
    seals: Mapping[str, Seal | None]
    covers: Covers
    last: int = 0
    beyond: dict[str, int] = field(default_factory=dict)
    order: Order = field(init=False)
    statements: ClusterStatements = field(init=False)
    moves: dict[str, Moving | None] = field(init=False)
    _placed: dict[TableKey, Table] = field(default_factory=dict)

    def arrange(self, connection: Connection) -> None:
        """Find the clusters of all rows that were going and are still there, and their order."""
        going = self.staging.going
        self.moves = {rule.id: Moving.of(rule) for rule in self.rules}
        with going.unit.binding.database.transaction(connection):
            graph = RowGraph(going, self.tables)
            try:
                self.order = Order.of(graph, going.unit, self.tables)
                self._place(connection, graph)
            finally:
                graph.drop()
        self.renew()

    def renew(self) -> None:
        """Make the statements anew: the holds in force have changed."""
        going = self.staging.going
        clocks = {rule.id: kept_clocks(going.unit, rule) for rule in self.rules}
        self.statements = ClusterStatements(
            going.unit, going.as_of, self.covers, self.tables, self.rules, self._placed, clocks
        )

    def drop(self, connection: Connection) -> None:
        """Drop the order; a pooled connection would keep it."""
        with self.staging.going.unit.binding.database.transaction(connection):
            for table in self._placed.values():
                table.drop(connection)
        self._placed.clear()

    @property
    def ended(self) -> bool:
        """Whether every cluster has had its turn."""
        return self.last >= len(self.order.sizes)

    def end_of(self, rows: int) -> int:
        """Return where the next batch ends that takes at most ``rows`` rows, or one cluster that is larger."""
        sizes = self.order.sizes
        end, taken = self.last + 1, sizes[self.last]
        while end < len(sizes) and taken + sizes[end] <= rows:
            taken += sizes[end]
            end += 1
        return end

    def batch(self, connection: Connection, ahead: Ahead, end: int, room: Mapping[str, int]) -> list[Done]:
        """Delete the clusters up to ``end`` inside the open transaction, without those that may not go any more.

        Raises:
            DatabaseFault: a row stayed although everything let it go; nothing is to be committed.
        """
        # Several rules' rows are told together, when they have gone.
        del ahead
        started = time.monotonic()
        work = self.statements.batch(connection, self.last, end)
        work.lock()
        while out := work.stuck() or work.unapproved(self.seals) or self._without_room(work, room):
            self._leave(connection, out)
        dones = work.read()
        if dones:
            names = work.keep(dones)
            work.count_parts(dones)
            move(work, dones, self.moves)
            work.delete(self.order.turns(self.last, end), circles=self.order.circles(self.last, end))
            work.require_gone()
            work.forget(names)
        for done in dones:
            done.statement_ms = (time.monotonic() - started) * 1000
        return dones

    def tables_of(self, end: int) -> set[TableKey]:
        """Return the tables of the clusters from the next one up to ``end``."""
        return {table for _step, table in self.order.turns(self.last, end)}

    def _without_room(self, work: Batch, room: Mapping[str, int]) -> list[int]:
        """Return clusters with more rows than their rule may take."""
        for rule in self.rules:
            rows = work.beyond(rule, room[rule.id])
            if rows:
                self.beyond[rule.id] = max(self.beyond.get(rule.id, 0), *rows.values())
                return sorted(rows)
        return []

    def _leave(self, connection: Connection, out: Sequence[int]) -> None:
        """Leave clusters out: their rows stay, and with them what they refer to."""
        for placed in self._placed.values():
            connection.execute(delete(placed).where(placed.c[CLUSTER].in_(out)))

    def _place(self, connection: Connection, graph: RowGraph) -> None:
        """Note beside each row's key the cluster it is in."""
        place = empty_table(
            connection, "retention_place", [literal(0).label(name) for name in (NODE, CLUSTER, STEP, CIRCLED)]
        )
        order = self.order
        rows = np.stack([np.arange(graph.count), order.cluster, order.step, order.circled], axis=1)
        names = [column.name for column in place.c]
        for at in range(0, len(rows), _CHUNK):
            some = [dict(zip(names, row, strict=True)) for row in rows[at : at + _CHUNK].tolist()]
            connection.execute(insert(place), some)
        Index("retention_place_node", place.c[NODE]).create(connection)
        for number, (table, _nodes) in enumerate(order.tables):
            nodes, key = graph.nodes(table), self.staging.going.unit.key(table)
            columns = [*(nodes.c[name] for name in key), place.c[CLUSTER], place.c[STEP], place.c[CIRCLED]]
            placed = empty_table(connection, f"retention_placed_{number}", columns)
            chosen = select(*columns).where(nodes.c[NODE] == place.c[NODE])
            connection.execute(insert(placed).from_select(placed.c.keys(), chosen))
            Index(f"{placed.name}_key", *(placed.c[name] for name in key)).create(connection)
            Index(f"{placed.name}_cluster", placed.c[CLUSTER]).create(connection)
            self._placed[table] = placed
        place.drop(connection)
