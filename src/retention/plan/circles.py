"""Circles in a graph: which of its nodes reach each other, and an order of the rest.

Nodes are numbers from 0. The work is proportional to nodes and edges, however long a chain is.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


def components(count: int, tails: Numbers, heads: Numbers) -> Numbers:
    """Return each node's component: nodes that reach each other share one.

    Components are numbered so that an edge (from ``tails`` to ``heads``) leads to the same or a lower number; where the
    edges leave a choice, nodes keep their order.
    """
    starts, targets = _adjacency(count, tails, heads)
    component = [-1] * count
    seen = [0] * count
    low = [0] * count
    path: list[int] = []
    clock = found = 0
    for root in range(count):
        if seen[root]:
            continue
        clock += 1
        seen[root] = low[root] = clock
        path.append(root)
        visiting = [(root, starts[root])]
        while visiting:
            node, place = visiting.pop()
            if place < starts[node + 1]:
                visiting.append((node, place + 1))
                target = targets[place]
                if not seen[target]:
                    clock += 1
                    seen[target] = low[target] = clock
                    path.append(target)
                    visiting.append((target, starts[target]))
                elif component[target] < 0:
                    low[node] = min(low[node], seen[target])
                continue
            if visiting:
                above = visiting[-1][0]
                low[above] = min(low[above], low[node])
            if low[node] == seen[node]:
                member = -1
                while member != node:
                    member = path.pop()
                    component[member] = found
                found += 1
    return np.array(component, dtype=np.int64)


def levels(component: Numbers, tails: Numbers, heads: Numbers) -> Numbers:
    """Return each node's level: 0 where no edge leaves its component, else one more than the highest it leads to."""
    count = int(component.max(initial=-1)) + 1
    level = [0] * count
    out, into = component[tails], component[heads]
    between = out != into
    order = np.argsort(out[between], kind="stable")
    for tail, head in zip(out[between][order].tolist(), into[between][order].tolist(), strict=True):
        level[tail] = max(level[tail], level[head] + 1)
    return np.array(level, dtype=np.int64)[component] if count else component


def in_circles(component: Numbers, tails: Numbers, heads: Numbers) -> NDArray[np.bool_]:
    """Return which nodes lie on a circle, an edge to itself included."""
    sizes = np.bincount(component, minlength=1)
    circled = sizes[component] > 1
    circled[tails[tails == heads]] = True
    return np.asarray(circled, dtype=np.bool_)


def reached(count: int, tails: Numbers, heads: Numbers, starts: Iterable[int]) -> list[int]:
    """Return the nodes that edges lead to from ``starts``, these included."""
    first, targets = _adjacency(count, tails, heads)
    found = dict.fromkeys(starts)
    waiting = list(found)
    while waiting:
        node = waiting.pop()
        for target in targets[first[node] : first[node + 1]]:
            if target not in found:
                found[target] = None
                waiting.append(target)
    return list(found)


def array(numbers: Iterable[int]) -> Numbers:
    """Return numbers as an array, also where there are none."""
    return np.fromiter(numbers, dtype=np.int64)


def _adjacency(count: int, tails: Numbers, heads: Numbers) -> tuple[list[int], list[int]]:
    order = np.argsort(tails, kind="stable")
    starts = np.searchsorted(tails[order], np.arange(count + 1))
    return starts.tolist(), heads[order].tolist()
