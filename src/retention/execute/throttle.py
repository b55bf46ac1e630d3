"""Gentleness: when a run has to stop, how many rows its next batch may take, and how long it pauses before.

All that ``databases.<name>.execute`` and ``replicas`` of the matrix ask for comes together here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from retention.database.url import same_server
from retention.execute.ahead import Act, Ahead
from retention.execute.context import RunContext
from retention.execute.done import Done
from retention.execute.drag import Drag, together
from retention.execute.giving_way import GivingWay
from retention.execute.load_probe import LoadSignal
from retention.execute.others import Attempts, OthersSignal
from retention.execute.pace import Pace
from retention.execute.replica_lag import DEFAULT_LAG, ReplicaSignal
from retention.execute.waiting import WaitingSignal
from retention.execute.window import must_stop
from retention.matrix.model import Execution
from retention.plan.units import Unit

_LOCK_TIMEOUT_MS = 2000
_GLANCE = 0.2
_WAIT = 1.0
_TELL_EVERY = 5.0
_TELL_AT_MOST_EVERY = 2.0


class Signal(Protocol):
    """Something that may hold a run back."""

    def look(self) -> Drag:
        """Return what it asks for now."""


@dataclass
class Throttle:
    """What holds one unit's run back. ``context`` is the run's, with the database's own reasons to stop and budget.

    ``drag`` is what was felt last. ``attempts`` are shared by all workers of the unit.
    """

    context: RunContext
    execution: Execution
    target_ms: float
    waiting: WaitingSignal
    signals: tuple[Signal, ...] = ()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    drag: Drag = field(default_factory=Drag)
    attempts: Attempts = field(default_factory=Attempts)
    _shrunk: bool = False
    _told: tuple[str, ...] = ()
    _told_at: float = field(default=float("-inf"))

    @property
    def workers(self) -> int:
        """Return how many may work on one table at a time."""
        most = self.waiting.dialect.workers
        return min(self.execution.workers or most, most)

    @property
    def lock_timeout_ms(self) -> int:
        """Return how long a statement may wait for somebody else's lock, in milliseconds."""
        return self.execution.lock_timeout_ms or _LOCK_TIMEOUT_MS

    def pace(self) -> Pace:
        """Return the pace that a rule begins with."""
        return Pace(self.target_ms, self.context.batch_rows)

    def take(self, label: str, rows: int) -> int:
        """Wait as long as need be and return how many rows the next batch may take, of those its pace would take.

        It comes back at once where the run has to stop, and waits as long as a signal asks it to.
        """
        while self.context.stop() is None:
            self.drag = drag = together([*(signal.look() for signal in self.signals), self.waiting.drag])
            allowed = drag.shrunk(rows)
            self._tell(label, drag, allowed, waits=drag.wait)
            if not drag.wait:
                self._shrunk = allowed < rows
                self._pause(max(drag.pause, drag.gap))
                return allowed
            self._pause(drag.pause or _WAIT)
        return rows

    def learn(self, pace: Pace, dones: Sequence[Done]) -> None:
        """Let a pace learn how long a batch held its locks; from one that was made smaller, only that it was too long.

        A small batch costs little but what every batch costs: a pace that took that for its rows' would ask for fewer
        and fewer, and be given a share of those. While others are at work, how long rows were looked at counts as well:
        they wait for a processor as they do for a lock.
        """
        pace.target_ms = self.target_ms * self.drag.aim
        busy = pace.busy = self.drag.aim < 1
        held = max((done.held_ms + (done.looked_ms if busy else 0.0) for done in dones), default=0.0)
        if dones and (not self._shrunk or held > pace.target_ms):
            pace.took(sum(done.weight for done in dones), held)

    def watched(self, act: Act) -> Act:
        """Return a batch's action that looks, while its locks are held, whether somebody waits for them."""

        def acting(connection: Connection, ahead: Ahead) -> list[Done]:
            self.attempts.number += 1
            dones = list(act(connection, ahead))
            if dones:
                self.waiting.look()
            return dones

        return acting

    def _pause(self, seconds: float) -> None:
        until = self.clock() + seconds
        while (left := until - self.clock()) > 0 and self.context.stop() is None:
            self.sleep(min(left, _GLANCE))

    def _tell(self, label: str, drag: Drag, rows: int, *, waits: bool) -> None:
        """Say why it is slow: when the reason has changed, and every few seconds as long as it lasts."""
        now = self.clock()
        every = _TELL_EVERY if drag.kinds == self._told else _TELL_AT_MOST_EVERY
        if (not drag.kinds and not self._told) or now - self._told_at < every:
            return
        self._told, self._told_at = drag.kinds, now
        if not drag.kinds:
            self.context.progress(f"{label}: no longer slowed")
        elif waits:
            self.context.progress(f"{label}: waits: {drag.why}")
        else:
            pausing = f", pausing {drag.pause * 1000:.0f} ms" if drag.pause else ""
            batches = f"batches of {rows:,} row{'' if rows == 1 else 's'}"
            self.context.progress(f"{label}: slowed: {drag.why}; {batches}{pausing}")


@contextmanager
def throttled(context: RunContext, unit: Unit, connection: Connection) -> Iterator[Throttle]:
    """Give the throttle of a unit's run on a connection; others that it opens beside are closed at the end."""
    entry, database, matrix = unit.binding.entry, unit.binding.database, unit.binding.matrix
    execution, beside = entry.execute, Path(matrix.path).parent
    budgets = [one for one in (context.budget, execution.rows) if one is not None]

    def stop() -> str | None:
        return context.stop() or must_stop(execution, beside, context.now)

    own = replace(context, stop=stop, budget=min(budgets, default=None))
    watch = database.watch()
    replicas = [
        (name, database.replica_watch(name, context.connections))
        for name in entry.replicas.get(database.connection_name, ())
    ]
    keeps_ledger = context.ledger is not None and same_server(context.ledger, database.engine.url)
    attempts = Attempts(keeps_ledger=keeps_ledger)
    signals: list[Signal] = [GivingWay(database.dialect, connection)]
    if database.dialect.counts_writes:
        signals.append(OthersSignal(database.dialect, watch, context.run, unit.id, attempts))
    if execution.load_probe is not None:
        signals.append(LoadSignal(execution.load_probe, watch))
    if replicas:
        limit = DEFAULT_LAG if execution.replica_lag is None else execution.replica_lag
        signals.append(ReplicaSignal(replicas, database.dialect, limit))
    waiting = WaitingSignal(database.dialect, watch, lambda line: context.progress(f"{unit.id}: {line}"))
    try:
        yield Throttle(own, execution, unit.binding.target_ms, waiting, tuple(signals), attempts=attempts)
    finally:
        for one in (watch, *(replica for _name, replica in replicas)):
            one.close()
