"""Foreign keys that only some partitions of a table have; and partitions to be dropped."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.database.catalog import Facts
from retention.database.relations import Relation
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import columns_of_clock

_SHOWN = 3


def partitions(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such key from or to a table that the matrix names, and rules whose partitions can never be dropped."""
    named = {table_key(name) for name in binding.matrix.tables if name.database == binding.entry.name}
    for relation in (*binding.graph.relations, *binding.schema.alone):
        if relation.partitions and named & {relation.child, relation.parent}:
            table = str(binding.name_of(relation.child))
            what = (
                f"{table} itself has no foreign key ({', '.join(relation.columns)}) to "
                f"{binding.name_of(relation.parent)}, only {_some(relation.partitions)}: {_meant(relation)}"
            )
            yield finding("RET224", table, what, table)
    for rule in binding.rules:
        counted = {clock.column for keep in rule.keeps for clock in columns_of_clock(keep.since) if not clock.via}
        if rule.drop_partitions and not counted & facts.partition_columns.get(table_key(rule.table), frozenset()):
            what = f"rule {rule.id}: {rule.table} isn't partitioned by a clock of its `keep`, so none can be dropped"
            yield finding("RET250", rule.place, what, rule.id)


def _meant(relation: Relation) -> str:
    if relation.refuses:
        return "it isn't taken for the table's, and the database refuses to let go of what such rows refer to"
    return (
        f"as it says ON DELETE {relation.on_delete}, rows of every partition hold what they refer to, though the "
        "database looks after no others"
    )


def _some(partitions: tuple[str, ...]) -> str:
    more = len(partitions) - _SHOWN
    names = ", ".join(partitions[:_SHOWN])
    one = "its partition" if len(partitions) == 1 else "its partitions"
    return f"{one} {names}" + (f" and {more} more" if more > 0 else "")
