"""What can be reached from where, over any number of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node")


def reached(ways: Mapping[Node, Iterable[Node]], starts: Iterable[Node]) -> set[Node]:
    """Return what ``ways`` lead to from the starts; a start is among it only where they lead back to it."""
    found: set[Node] = set()
    waiting = list(starts)
    while waiting:
        for there in ways.get(waiting.pop(), ()):
            if there not in found:
                found.add(there)
                waiting.append(there)
    return found
