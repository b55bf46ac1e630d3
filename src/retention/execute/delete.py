"""``then: delete``: the row goes, its parts before it, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, Table, delete, select

from retention.database.conjuncts import beside
from retention.database.keyset import columns_of
from retention.database.reading import Sql
from retention.database.relations import joined
from retention.errors import DatabaseFault
from retention.execute.batch import Done
from retention.execute.kept_clock import KeptClocks
from retention.execute.walk import Found, Walked, latest
from retention.plan.going import count
from retention.plan.record import Record
from retention.plan.statement import part_condition
from retention.plan.units import Path


@dataclass
class Delete(Walked):
    """Deletes one rule's rows, a batch at a time."""

    kept_clocks: KeptClocks | None

    def prepare(self, connection: Connection) -> None:
        """Nothing is to be staged."""
        del connection

    def finish(self, connection: Connection) -> None:
        """Nothing was staged."""
        del connection

    def batch(self, connection: Connection, rows: int, most: int) -> list[Done]:
        """Delete the next batch of at most ``rows`` rows inside the open transaction.

        Raises:
            DatabaseFault: the statement took other rows than the locking read found; nothing is to be committed.
        """
        del most
        started = time.monotonic()
        found = self.walk.next(connection, rows)
        if found is None:
            return []
        rule = self.walk.rule
        if self._exposed:
            self._lock_parts(connection, found)
        names = self._keep(connection, found) if self.kept_clocks is not None else ()
        parts = self._parts(connection, found)
        deleted = connection.execute(delete(rule.shape.sql).where(found.chosen, self.walk.parted)).rowcount
        self._require(deleted, found)
        if self.kept_clocks is not None:
            self.kept_clocks.forget(connection, names)
        took = (time.monotonic() - started) * 1000
        return [Done(rule, deleted, found.keys, latest(found.days), parts, took)]

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        """Return the ways to the parts, those first that have to go first."""
        record = Record(self.walk.unit, self.walk.rule, self.walk.rule.row)
        return tuple(sorted(record.paths, key=lambda path: (record.order[path[-1].table], -len(path))))

    @cached_property
    def _exposed(self) -> tuple[Path, ...]:
        """Return the ways to parts that rows beside the record may refer to, or share."""
        record = Record(self.walk.unit, self.walk.rule, self.walk.rule.row)
        return tuple(path for path in self._paths if record.beside(path))

    def _lock_parts(self, connection: Connection, found: Found) -> None:
        """Lock the parts, so that nobody comes to refer to them, and weigh the rows again with all of it locked."""
        if not self.walk.unit.binding.database.dialect.locks_rows:
            return
        for path in self._exposed:
            member, mine = self._chosen(path, found.chosen)
            locked = select(*(member.c[name] for name in path[-1].relation.columns)).where(mine)
            connection.execute(locked.with_for_update(of=member)).all()
        self._require(count(connection, self.walk.rule.row, found.chosen & self.walk.whole), found)

    def _keep(self, connection: Connection, found: Found) -> Sequence[str]:
        """Write down what rows that stay have to know of the record; return the keys of the rows."""
        kept = self.kept_clocks
        assert kept is not None
        kept.keep(connection, self.walk.rule.table, found.chosen)
        for path in self._paths:
            _member, mine = self._chosen(path, found.chosen, by_join=False)
            kept.keep(connection, path[-1].table, mine)
        return kept.names(connection, found.chosen)

    def _parts(self, connection: Connection, found: Found) -> dict[str, int]:
        """Delete the parts of the chosen rows, by table."""
        binding = self.walk.unit.binding
        counts: dict[str, int] = {}
        for path in self._paths:
            member, mine = self._chosen(path, found.chosen)
            guard = part_condition(self.walk.unit, path[-1].table, member, self.walk.covers)
            if not binding.database.dialect.joins_itself:
                guard = beside(guard, member)
            name = str(binding.name_of(path[-1].table))
            counts[name] = counts.get(name, 0) + connection.execute(delete(member).where(mine, guard)).rowcount
        return counts

    def _chosen(self, path: Path, chosen: Sql, *, by_join: bool | None = None) -> tuple[Table, Sql]:
        """Return the table at the end of a path, and whether a row of it is a part of a chosen row."""
        binding = self.walk.unit.binding
        by_join = binding.database.dialect.deletes_by_join if by_join is None else by_join
        owner = self.walk.rule.shape.sql
        for part in path:
            member, relation = binding.shape(part.table).sql, part.relation
            if by_join and part is path[-1]:
                return member, joined(relation, member, owner) & chosen
            owners = select(*(owner.c[name] for name in relation.parent_columns)).where(chosen)
            chosen = columns_of(member, relation.columns).in_(owners)
            owner = member
        return owner, chosen

    def _require(self, number: int, found: Found) -> None:
        if number != len(found.keys):
            raise DatabaseFault(
                f"rule {self.walk.rule.id}: a statement would have deleted {number} rows where {len(found.keys)} were "
                "read; the batch was rolled back",
                retryable=True,
            )
