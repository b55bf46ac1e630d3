"""Taking out of the sets what others hold: once over all rows, then only where something was taken out before.

A row that can't go keeps the rows it refers to, and a part that can't go keeps its owner, and an owner its parts. Only
the neighbours of what was taken out in one round can follow in the next, so the work is proportional to the rows and
their references, however long a chain of them is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import (
    Delete,
    FromClause,
    Index,
    Insert,
    Integer,
    Table,
    bindparam,
    delete,
    exists,
    insert,
    literal,
    or_,
    select,
    type_coerce,
)

from retention.database.keyset import columns_of
from retention.database.names import TableKey
from retention.database.relations import Relation, joined
from retention.database.temporary import empty_table
from retention.plan.circles import components, in_circles, reached
from retention.plan.clocks import sure
from retention.plan.rowgraph import RowGraph
from retention.plan.rules import BoundRule

if TYPE_CHECKING:
    from retention.plan.going import Going

_ROUND = "retention_round"
_DEEP = 64
"""After so many rounds a chain is followed in memory: each round costs the database some statements."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Rows of ``source`` that are out take rows of ``target`` with them: the parents they refer to, or their parts.

    ``chosen``: only rows that the first of these rules selects take with them rows that the second selects.
    """

    source: TableKey
    target: TableKey
    relation: Relation
    up: bool = True
    chosen: tuple[BoundRule, BoundRule] | None = None


@dataclass
class Spread:
    """The rounds over one unit's sets. ``apart``: by table, the rows of circles that can't be taken apart."""

    going: Going
    apart: dict[TableKey, int] = field(default_factory=dict)
    _outs: dict[TableKey, Table] = field(default_factory=dict)
    _round: int = 0

    def run(self) -> None:
        """Take out what can't go, until nothing changes."""
        for number, table in enumerate(self.going.sets):
            self._outs[table] = self._empty(table, number)
        fresh = {table for table in reversed(self.going.sets) if self._first(table)}
        self._onward(fresh)
        while circled := self._circles():
            self._onward(circled)

    def drop(self) -> None:
        """Drop what was taken out."""
        for table in self._outs.values():
            table.drop(self.going.connection)
        self._outs.clear()

    def _first(self, table: TableKey) -> bool:
        """Take out the rows that a row beside the sets holds; return whether there were any."""
        going, unit = self.going, self.going.unit
        row = unit.binding.shape(table).sql.alias()
        reasons = [going.blocked(table, row)]
        reasons.extend(going.owner_stays(owner, one, row) for owner, one in unit.part_owners.get(table, ()))
        if table in unit.row_rules:
            reasons.append(sure(unit.row_rules[table].waits(row, going.stays)))
        staged, out = going.sets[table], self._outs[table]
        stuck = exists(select(literal(1)).where(going.unit.same(table, staged, row), or_(*reasons)).correlate(staged))
        chosen = select(*staged.c, literal(self._round)).where(stuck)
        going.connection.execute(insert(out).from_select([*staged.c.keys(), _ROUND], chosen))
        return bool(going.connection.execute(self._leave(table), {"now": self._round}).rowcount)

    def _onward(self, fresh: set[TableKey]) -> None:
        """Take out the neighbours of what was taken out in the last round, round by round."""
        ways = [(way.source, way.target, self._neighbours(way), self._leave(way.target)) for way in self._ways()]
        connection = self.going.connection
        rounds = 0
        while fresh:
            reached: set[TableKey] = set()
            for source, target, enter, leave in ways:
                if source not in fresh:
                    continue
                connection.execute(enter, {"before": self._round, "now": self._round + 1})
                if connection.execute(leave, {"now": self._round + 1}).rowcount:
                    reached.add(target)
            self._round += 1
            rounds += 1
            fresh = self._follow(reached) if reached and rounds % _DEEP == 0 else reached

    def _follow(self, fresh: set[TableKey]) -> set[TableKey]:
        """Take out all that what was taken out in the last round leads to; return the tables it was in.

        References over which only some rows follow are left to the rounds.
        """
        ways = [way for way in self._ways() if way.chosen is None]
        now = self._round + 1
        for way in ways:
            if way.source in fresh:
                self.going.connection.execute(self._neighbours(way), {"before": self._round, "now": now})
        graph = RowGraph(self.going, self.going.sets)
        try:
            parents, children = graph.edges(dict.fromkeys(way.relation for way in ways if way.up))
            owners, parts = graph.edges(dict.fromkeys(way.relation for way in ways if not way.up))
            starts = [
                node for table, out in self._outs.items() for node in graph.find(table, out, out.c[_ROUND] == now)
            ]
            tails, heads = np.concatenate([children, owners]), np.concatenate([parents, parts])
            marked = graph.mark(reached(graph.count, tails, heads, starts))
            self._round = now
            for table, keys in marked.items():
                self._take(table, keys)
        finally:
            graph.drop()
        return fresh | set(marked)

    def _ways(self) -> Iterator[_Way]:
        unit, sets = self.going.unit, self.going.sets
        for table in sets:
            holding = unit.referring(table)
            for relation in holding:
                if relation.child in sets:
                    yield _Way(relation.child, table, relation)
            for owner, relation in unit.part_owners.get(table, ()):
                if owner in sets:
                    yield _Way(owner, table, relation, up=False)
            for rule in unit.row_rules[table].rules if table in unit.row_rules else ():
                for other, relation in rule.referencing:
                    if other.action.on_rows and other.table in sets and relation not in holding:
                        yield _Way(other.table, table, relation, chosen=(other, rule))

    def _neighbours(self, way: _Way) -> Insert:
        """Return the statement that notes the rows of a way's target next to those of its source taken out before."""
        going, shape = self.going, self.going.unit.binding.shape
        there, here = shape(way.source).sql.alias(), shape(way.target).sql.alias()
        out, staged, noted = self._outs[way.source].alias(), going.sets[way.target], self._outs[way.target]
        child, parent = (there, here) if way.up else (here, there)
        key = going.unit.key(way.target)
        query = (
            select(*(here.c[name] for name in key), type_coerce(bindparam("now"), Integer))
            .distinct()
            .where(
                out.c[_ROUND] == bindparam("before"),
                going.unit.same(way.source, out, there),
                joined(way.relation, child, parent),
                going.unit.same(way.target, staged, here),
            )
        )
        if way.chosen is not None:
            other, rule = way.chosen
            query = query.where(other.selected(there), rule.selected(here))
        return insert(noted).from_select([*key, _ROUND], query)

    def _leave(self, table: TableKey) -> Delete:
        """Return the statement that takes this round's rows out of a set."""
        staged, out = self.going.sets[table], self._outs[table]
        now = out.c[_ROUND] == bindparam("now")
        if self.going.unit.binding.database.dialect.deletes_by_join:
            return delete(staged).where(now, self.going.unit.same(table, out, staged))
        key = self.going.unit.key(table)
        return delete(staged).where(columns_of(staged, key).in_(select(*(out.c[name] for name in key)).where(now)))

    def _circles(self) -> set[TableKey]:
        """Take out the rows of circles that the engine can't delete; return their tables."""
        going = self.going
        hard = [
            relation
            for relation in going.unit.inside(going.sets)
            if relation.refuses and not relation.nullable and going.unit.binding.database.dialect.checks_each_row
        ]
        tables = {table for relation in hard for table in (relation.child, relation.parent)}
        if not hard:
            return set()
        graph = RowGraph(going, tables)
        try:
            tails, heads = graph.edges(hard)
            circled = in_circles(components(graph.count, tails, heads), tails, heads)
            found = graph.mark(circled.nonzero()[0].tolist())
            for table, marked in found.items():
                self.apart[table] = self.apart.get(table, 0) + self._take(table, marked)
        finally:
            graph.drop()
        return set(found)

    def _take(self, table: TableKey, marked: FromClause) -> int:
        """Take out the rows of one table that are marked."""
        out, key = self._outs[table], self.going.unit.key(table)
        chosen = select(*(marked.c[name] for name in key), literal(self._round))
        connection = self.going.connection
        connection.execute(insert(out).from_select([*key, _ROUND], chosen))
        return connection.execute(self._leave(table), {"now": self._round}).rowcount

    def _empty(self, table: TableKey, number: int) -> Table:
        columns = [*self.going.sets[table].c, literal(0).label(_ROUND)]
        out = empty_table(self.going.connection, f"retention_out_{number}", columns)
        Index(f"{out.name}_round", out.c[_ROUND]).create(self.going.connection)
        return out
