"""One batch, exact after any kill: statement, marker, ledger, commit; the ledger may come before the statement ends.

Committed if and only if the marker is there. The ledger's entry is durable before the commit; an entry whose marker is
missing is a batch that never was.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy import Connection, func, insert, select

from retention.database.connect import Database
from retention.database.lease import Lease
from retention.database.own_tables import BATCH
from retention.execute.ahead import Act, Ahead, in_time
from retention.execute.context import RunContext, TaskChain
from retention.execute.done import Done
from retention.execute.holding import UnitHolds
from retention.ledger import LedgerFault

_MARKER = insert(BATCH)


@dataclass
class Batches:
    """The batches of one task: their sequence, their lease, their chain.

    ``sequence`` is the last number that was given, and the next one lies ``step`` further. What ``pool`` runs writes
    entries ahead.
    """

    context: RunContext
    lease: Lease
    chain: TaskChain
    holds: UnitHolds
    database: Database
    pool: Executor
    sequence: int = 0
    step: int = 1

    def resume(self, connection: Connection) -> None:
        """Go on after the last batch that the markers know of this run and unit."""
        with self.database.transaction(connection):
            last = connection.execute(
                select(func.max(BATCH.c.seq)).where(BATCH.c.run == self.lease.run, BATCH.c.unit == self.lease.unit)
            ).scalar()
        self.sequence = int(last or 0)

    def divided(self) -> tuple[Batches, Batches]:
        """Return the batches of two workers of this task: each takes every other number."""
        return replace(self, sequence=self.sequence - 1, step=2), replace(self, step=2)

    def resumed(self, some: Iterable[Batches]) -> None:
        """Go on after the last batch of several workers."""
        self.sequence = max(self.sequence, *(one.sequence for one in some))

    def carry_out(self, connection: Connection, act: Act, under: int | None) -> Sequence[Done]:
        """Run one batch to its commit; rows of several rules that go in one transaction have a marker each.

        ``under`` is the version of the register that the statements of ``act`` were written under.

        Raises:
            HoldsMoved: another one is in force by now.
            Fenced: the lease is another task's.
            DatabaseFault, LedgerFault: nothing of the batch was committed.
        """
        with self.database.transaction(connection):
            self.lease.check(connection)
            began = time.monotonic()
            number = self.sequence + self.step
            ahead = Ahead(partial(self._record, number), self.pool)
            try:
                with ahead:
                    dones = act(connection, ahead)
                    numbered = list(zip(itertools.count(number, self.step), dones, strict=False))
                    self._mark(connection, numbered)
                if not ahead.used:
                    for one, done in numbered:
                        in_time(self.pool, partial(self._record, one, done))
                if dones:
                    in_time(self.pool, partial(self.holds.require, under))
            except LedgerFault:
                # Nothing is said to a ledger that doesn't answer: the shop's rows would be locked meanwhile.
                raise
            except Exception:
                if ahead.used:
                    self._undone(number)
                raise
            # Only a batch that reached the ledger takes a number; one rolled back before leaves none behind.
            self.sequence += self.step * len(dones)
        for done in dones:
            done.held_ms = (time.monotonic() - (began if done.locked is None else done.locked)) * 1000
        return dones

    def _undone(self, number: int) -> None:
        """Say in the ledger as well that a batch never was: its marker alone would tell, beside the data."""
        body = {"unit": self.lease.unit, "seq": number, "epoch": self.lease.epoch}
        with suppress(LedgerFault):
            in_time(self.pool, partial(self.chain.append, "batch_undone", body))

    def _mark(self, connection: Connection, numbered: Iterable[tuple[int, Done]]) -> None:
        at = self.context.now().isoformat()
        for number, done in numbered:
            connection.execute(
                _MARKER,
                {
                    "run": self.lease.run,
                    "unit": self.lease.unit,
                    "seq": number,
                    "epoch": self.lease.epoch,
                    "rule": done.rule.id,
                    "row_count": done.rows,
                    "at": at,
                },
            )

    def _record(self, number: int, done: Done) -> None:
        known = [day.isoformat() for day in done.days if day is not None]
        table = str(done.rule.binding.name_of(done.rule.table))
        prove = done.rule.rule.proof == "keys"
        self.chain.append(
            "batch",
            {
                "rule": done.rule.id,
                "table": table,
                "unit": self.lease.unit,
                "seq": number,
                "epoch": self.lease.epoch,
                "rows": done.rows,
                "parts": done.parts,
                "oldest": min(known, default=None),
                "newest": max(known, default=None),
                "key": done.key_id,
                "fingerprints": len(done.keys) if prove else 0,
            },
            self.context.fingerprints(table)(done.keys) if prove else None,
        )
