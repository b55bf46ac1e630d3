"""``then: delete``: the row goes, its parts before it, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, FromClause, delete, not_, select

from retention.database.keyset import columns_of
from retention.database.reading import Sql
from retention.errors import DatabaseFault
from retention.execute.batch import Done
from retention.execute.kept_clock import KeptClocks
from retention.execute.walk import Found, Walk, latest
from retention.matrix.binding import BoundPart
from retention.plan.rules import joined


@dataclass
class Delete:
    """Deletes one rule's rows, a batch at a time."""

    walk: Walk
    kept_clocks: KeptClocks | None

    def prepare(self, connection: Connection) -> None:
        """Nothing is to be staged."""
        del connection

    def finish(self, connection: Connection) -> None:
        """Nothing was staged."""
        del connection

    def batch(self, connection: Connection, rows: int) -> Done | None:
        """Delete the next batch of at most ``rows`` rows inside the open transaction.

        Raises:
            DatabaseFault: the statement took other rows than the locking read found; nothing is to be committed.
        """
        started = time.monotonic()
        found = self.walk.next(connection, rows)
        if found is None:
            return None
        rule = self.walk.rule
        names: list[str] = []
        if self.kept_clocks is not None:
            self.kept_clocks.keep(connection, rule.table, found.chosen)
            names = self.kept_clocks.names(connection, found.chosen)
        parts: dict[str, int] = {}
        self._parts(connection, found, rule.parts, rule.row, found.chosen, parts)
        deleted = connection.execute(delete(rule.row).where(found.chosen, self.walk.parted)).rowcount  # type: ignore[arg-type]
        if deleted != len(found.keys):
            raise DatabaseFault(
                f"rule {rule.id}: a statement would have deleted {deleted} rows where {len(found.keys)} were read; "
                "the batch was rolled back",
                retryable=True,
            )
        if self.kept_clocks is not None:
            self.kept_clocks.forget(connection, names)
        took = (time.monotonic() - started) * 1000
        return Done(deleted, found.keys, latest(found.days), parts, took)

    def _parts(
        self,
        connection: Connection,
        found: Found,
        parts: Sequence[BoundPart],
        owner: FromClause,
        chosen: Sql,
        counts: dict[str, int],
    ) -> None:
        """Delete parts of the chosen owners, the parts' own parts first."""
        binding = self.walk.unit.binding
        for part in parts:
            member, relation = binding.shape(part.table).sql, part.relation
            owners = select(*(owner.c[name] for name in relation.parent_columns)).where(chosen)
            mine = columns_of(member, relation.columns).in_(owners)
            if self.kept_clocks is not None:
                self.kept_clocks.keep(connection, part.table, mine)
            self._parts(connection, found, part.parts, member, mine, counts)
            name = str(binding.name_of(part.table))
            statement = (
                delete(member).where(joined(relation, member, owner), chosen)
                if binding.database.dialect.deletes_by_join
                else delete(member).where(mine)
            ).where(not_(self.walk.covers(part.table, member)))
            counts[name] = counts.get(name, 0) + connection.execute(statement).rowcount
