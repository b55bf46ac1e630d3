"""Foreign keys that only some partitions of a table have: they aren't the table's."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.database.catalog import Facts
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key


def partitions(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such key of a table that the matrix names."""
    named = {table_key(name) for name in binding.matrix.tables if name.database == binding.entry.name}
    for partition, names in facts.partition_keys.items():
        parent = facts.partitions.get(partition)
        if parent in named:
            assert parent is not None
            table = str(binding.name_of(parent))
            for name in names:
                what = f"the foreign key {name} is declared on the partition {partition} alone, so it holds nothing"
                yield finding("RET224", table, what, table)
