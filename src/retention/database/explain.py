"""EXPLAIN before a query, with the query's own parameters."""

from __future__ import annotations

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
