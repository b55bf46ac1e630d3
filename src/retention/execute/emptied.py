"""``drop_partitions``: after a rule's rows have gone, partitions that are empty and lie wholly before its cutoff.

Rows go first, batch by batch, each in the ledger: dropping a partition destroys nothing, it gives back what the rows
had filled. A partition of days to come is empty too, so that its range decides, not its emptiness alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from sqlalchemy import Connection

from retention.database.partitions import Slice, drop_empty, slices
from retention.errors import DatabaseFault
from retention.plan.rules import BoundRule


def drop_emptied(
    connection: Connection, rule: BoundRule, as_of: date, progress: Callable[[str], None]
) -> tuple[str, ...]:
    """Drop the rule's partitions that have nothing left; return their names.

    One that can't be dropped now, because somebody is at work on the table or the role may not, is told of and left.
    """
    database, table = rule.binding.database, rule.shape.sql
    dropped: list[str] = []
    with database.transaction(connection):
        past = list(_past(rule, as_of, slices(connection, table)))
    for one in past:
        try:
            with database.transaction(connection):
                if drop_empty(connection, table, one):
                    dropped.append(one.name)
        except DatabaseFault as fault:
            if fault.lost:
                raise
            progress(f"{rule.id}: the partition {one.name} stays: {fault}")
    if dropped:
        progress(f"{rule.id}: dropped the empty partitions {', '.join(dropped)}")
    return tuple(dropped)


def _past(rule: BoundRule, as_of: date, every: list[Slice]) -> Iterator[Slice]:
    """Yield those whose whole range lies before the cutoff of each period that is counted from their column."""
    for one in every:
        lies_before = [
            one.before(keep.cutoff(as_of, rule.calendar), clock.clock.format)
            for keep in rule.keeps
            for clock in keep.clock.columns
            if clock.column == one.column and not clock.steps
        ]
        if lies_before and all(lies_before):
            yield one
