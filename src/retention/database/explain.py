"""EXPLAIN before a query, with the query's own parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ClauseElement, Executable, Select
from sqlalchemy.ext.compiler import compiles


class Explain(Executable, ClauseElement):
    """A query's plan, by the engine's own words; the query itself isn't run."""

    inherit_cache = False

    def __init__(self, verb: str, query: Select[Any]) -> None:
        self.verb = verb
        self.query = query


@compiles(Explain)
def _write(element: Explain, compiler: Any, **options: Any) -> str:
    return f"{element.verb} {compiler.process(element.query, **options)}"


def nodes_of(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a node of a plan that PostgreSQL has written as JSON, and all below it."""
    yield node
    for inner in node.get("Plans", ()):
        yield from nodes_of(inner)
