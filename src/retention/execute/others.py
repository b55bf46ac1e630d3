"""Others at work on the same server: as long as they are seen to write, batches are short.

What somebody else's transaction waits for, be it a row, a page or the processor, is the batch at work: its length sets
how long, not the pauses between batches. So the few milliseconds of a short batch are all that a busy shop notices,
and an idle night goes at full speed. SQLite, where one writes at a time, has
:mod:`retention.execute.giving_way`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from retention.database.dialect import Dialect
from retention.database.own_tables import BATCH
from retention.database.watch import Watch
from retention.errors import DatabaseFault
from retention.execute.context import Json, TaskChain
from retention.execute.drag import AIM, Drag, Turns

BUSY = 50.0
"""Transactions of others in a second from which on they count as being at work."""
SOME = 10.0
"""Transactions in a second from which on they are there at all: fewer are what a server does by itself."""
_EVERY = 0.2
_SOON = 0.05
"""How long after the first count the next one follows: until then nobody knows, and batches are as short."""
_SHARE = 20
_REMEMBERED = 3.0


@dataclass
class Attempts:
    """How many transactions a task has begun that write to the server, by whichever worker.

    A batch that takes nothing is one, too, and so is an entry of the ledger where ``keeps_ledger`` says that it lies on
    the same server.
    """

    number: int = 0
    keeps_ledger: bool = False


@dataclass(frozen=True)
class CountedChain:
    """A task's chain of the ledger, whose entries may be writes on the server that the task is at work on."""

    chain: TaskChain
    attempts: Attempts

    def append(self, kind: str, body: Mapping[str, Json], blob: bytes | None = None) -> object:
        """Write one entry; durable when it returns."""
        if self.attempts.keeps_ledger:
            self.attempts.number += 1
        return self.chain.append(kind, body, blob)


@dataclass
class OthersSignal:
    """Compares the transactions that have written with the run's own.

    Those of ``unit`` are the ``attempts`` of this task; of the run's other tasks there are markers, and for each one an
    entry of the ledger.
    """

    dialect: Dialect
    watch: Watch
    run: str
    unit: str
    attempts: Attempts
    turns: Turns = field(default_factory=lambda: Turns(_EVERY, _SHARE))
    drag: Drag = field(default_factory=Drag)
    _before: tuple[int, float] | None = None
    _until: float = float("-inf")

    def look(self) -> Drag:
        """Return what the next batch owes to others, who are counted at most five times a second."""
        began = self.watch.clock()
        if self.turns.come(began):
            first = self._before is None
            self._ask(began)
            self.turns.took(began, self.watch.clock())
            if first and self._before is not None:
                self.turns.due = began + _SOON
        return self.drag

    def _ask(self, now: float) -> None:
        others, before = self._others(), self._before
        self._before = None if others is None else (others, now)
        if others is None or before is None:
            self.drag = Drag(aim=1.0 if others is None else AIM, others=True)
            return
        rate = (others - before[0]) / (now - before[1])
        if rate >= BUSY:
            self._until = now + _REMEMBERED
            why = f"others write {rate:.0f} times a second"
            self.drag = Drag(kinds=("others",), why=why, aim=AIM, others=True)
        elif now >= self._until:
            self.drag = Drag(others=rate >= SOME)

    def _others(self) -> int | None:
        """Return how many transactions others have made so far; None where that can't be told."""
        try:
            return self.watch.ask(self._count)
        except DatabaseFault:
            # Who can't be counted may still be seen waiting, or by a load probe.
            return None

    def _count(self, connection: Connection) -> int | None:
        writes = self.dialect.writes(connection)
        if writes is None:
            return None
        beside = select(func.count()).select_from(BATCH).where(BATCH.c.run == self.run, BATCH.c.unit != self.unit)
        each = 2 if self.attempts.keeps_ledger else 1
        return writes - each * int(connection.execute(beside).scalar_one()) - self.attempts.number
