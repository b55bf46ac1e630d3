"""The order in which rows of a knot go: clusters that only go together, each after all that refer to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from retention.database.names import TableKey
from retention.database.relations import Relation
from retention.plan.circles import Numbers, components, in_circles, levels
from retention.plan.rowgraph import RowGraph
from retention.plan.units import Unit


@dataclass(frozen=True)
class Order:
    """For each node its ``cluster``; those of a lower number go first. ``sizes``: rows per cluster.

    Inside a transaction rows go step by step: ``step`` is the order that the database's own checks ask for, and
    ``circled`` tells which rows lie in a circle of foreign keys. ``tables`` says which nodes are whose.
    """

    tables: tuple[tuple[TableKey, range], ...]
    cluster: Numbers
    step: Numbers
    circled: Numbers
    sizes: tuple[int, ...]

    @classmethod
    def of(cls, graph: RowGraph, unit: Unit, tables: Iterable[TableKey]) -> Order:
        """Order the rows of these tables by who refers to whom, and by what belongs to one record."""
        inside = unit.inside(frozenset(tables))
        later, earlier = graph.edges(inside)
        parts = {relation for owners in unit.part_owners.values() for _owner, relation in owners}
        owner, part = graph.edges([one for one in inside if one in parts])
        tails, heads = np.concatenate([later, part]), np.concatenate([earlier, owner])
        found = components(graph.count, tails, heads)
        height = levels(found, tails, heads)
        # Clusters of one height don't wait for each other: a batch takes as many of them as fit.
        _names, cluster = np.unique(height * (graph.count + 1) + found, return_inverse=True)
        cluster = cluster.astype(np.int64)
        step, circled = _steps(graph, unit, inside)
        return cls(tuple(graph.tables()), cluster, step, circled, tuple(np.bincount(cluster).tolist()))

    def turns(self, low: int, high: int) -> list[tuple[int, TableKey]]:
        """Return the steps of clusters from ``low`` up to ``high``, each with the tables it has rows of, in order."""
        here = (self.cluster >= low) & (self.cluster < high)
        found: set[tuple[int, TableKey]] = set()
        for table, nodes in self.tables:
            mine = slice(nodes.start, nodes.stop)
            found.update((int(step), table) for step in np.unique(self.step[mine][here[mine]]))
        return sorted(found)

    def circles(self, low: int, high: int) -> bool:
        """Whether clusters from ``low`` up to ``high`` have a circle of foreign keys."""
        return bool(np.any(self.circled[(self.cluster >= low) & (self.cluster < high)]))


def _steps(graph: RowGraph, unit: Unit, inside: list[Relation]) -> tuple[Numbers, Numbers]:
    """Return the order that the database's own checks ask for, and which rows lie in a circle of them."""
    dialect = unit.binding.database.dialect
    declared = [relation for relation in inside if relation.declared]
    every = graph.edges(declared)
    circled = in_circles(components(graph.count, *every), *every).astype(np.int64)
    # Where checks can wait for the transaction's end, only what the database does by itself has an order.
    ordering = [one for one in declared if dialect.checks_each_row or not one.refuses]
    tails, heads = graph.edges(ordering)
    found = components(graph.count, tails, heads)
    # Inside a circle only a reference that can't be emptied, and that the database refuses to lose, orders its rows.
    firm = [graph.edges([one]) for one in ordering if one.refuses and not one.nullable]
    between = found[tails] != found[heads]
    tails = np.concatenate([tails[between], *(one for one, _other in firm)])
    heads = np.concatenate([heads[between], *(other for _one, other in firm)])
    return levels(components(graph.count, tails, heads), tails, heads), circled
