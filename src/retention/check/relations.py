"""Relations over which every destroyed row costs a scan."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key


def references_without_index(binding: Binding) -> Iterator[Finding]:
    """Yield each relation to a table of a rule that no index of the child serves, with the statement that makes it."""
    targets = {table_key(rule.table) for rule in binding.rules}
    for relation in binding.graph.relations:
        if relation.parent not in targets or not relation.holds:
            continue
        shape = binding.schema.tables.get(relation.child)
        if shape is None or shape.indexed(relation.columns):
            continue
        columns = ", ".join(relation.columns)
        name = f"{binding.name_of(relation.child)}({columns})"
        make = f"CREATE INDEX ON {relation.child} ({columns})"
        yield finding("RET205", name, f"{name} refers to {relation.parent} and has no index", name, do=make)
