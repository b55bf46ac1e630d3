"""Foreign keys that only some partitions of a table have, which aren't the table's; and partitions to be dropped."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.database.catalog import Facts
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import columns_of_clock


def partitions(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such key of a table that the matrix names, and rules none of whose partitions can ever be dropped."""
    named = {table_key(name) for name in binding.matrix.tables if name.database == binding.entry.name}
    for partition, names in facts.partition_keys.items():
        parent = facts.partitions.get(partition)
        if parent in named:
            assert parent is not None
            table = str(binding.name_of(parent))
            for name in names:
                what = f"the foreign key {name} is declared on the partition {partition} alone, so it holds nothing"
                yield finding("RET224", table, what, table)
    for rule in binding.rules:
        counted = {clock.column for keep in rule.keeps for clock in columns_of_clock(keep.since) if not clock.via}
        if rule.drop_partitions and not counted & facts.partition_columns.get(table_key(rule.table), frozenset()):
            what = f"rule {rule.id}: {rule.table} isn't partitioned by a clock of its `keep`, so none can be dropped"
            yield finding("RET250", rule.place, what, rule.id)
