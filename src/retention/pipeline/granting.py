"""The rights that a role needs on one connection, as statements for whoever administers that database."""

from __future__ import annotations

from dataclasses import replace

from retention.check.needs import needs_of
from retention.database.catalog import catalog_of
from retention.errors import Refused
from retention.pipeline.base import Pipeline


def grant_statements(pipeline: Pipeline, connection: str, role: str) -> list[str]:
    """Return the statements that give a role what the matrix needs on a connection, and nothing else.

    Raises:
        Refused: the matrix doesn't name the connection, or its engine has no roles.
    """
    named = [entry.name for entry in pipeline.matrix.databases.values() if connection in entry.connections]
    if not named:
        raise Refused(f"init {connection}: the matrix names no such connection; name one of its `databases:`")
    narrowed = replace(pipeline, databases=frozenset(named))
    with narrowed.bindings(identity=False) as bindings:
        binding = next(one for one in bindings if one.database.connection_name == connection)
        with binding.database.planning() as session:
            found = catalog_of(binding.database).grants(session, role, needs_of(binding))
    if not found:
        label = binding.database.dialect.label
        raise Refused(f"init {connection}: {label} has no roles; the rights are those of the file and its folder")
    return found
