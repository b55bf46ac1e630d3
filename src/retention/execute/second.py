"""A second worker on one rule's table: a thread with a connection, a pace and every other batch number of its own.

It works under the first one's lease and chain, and takes from the same tally. It rests while anything slows the first
one, and gives up at whatever is out of the ordinary: what it leaves the first one carries out, and meets what it met.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from retention.database.connect import Database
from retention.errors import BrokeOff, DatabaseFault
from retention.execute.drag import Drag
from retention.execute.throttle import Throttle
from retention.execute.waiting import WaitingSignal
from retention.execute.worker import Work, Worker

WORTH_TWO = 20_000
"""Due rows from which on a second worker is worth its connections."""
_GLANCE = 0.02
_ENDED = "the first worker has ended"


def worth_two(planned: int) -> bool:
    """Whether a rule with so many due rows is worth a second worker."""
    return planned >= WORTH_TWO


class _GivenUp(Exception):
    """The second worker leaves the rest to the first."""


@dataclass(frozen=True)
class Resting:
    """Lets the second worker wait while the first one is slowed."""

    first: Throttle

    def look(self) -> Drag:
        """Return what holds the second worker back: for longer where the first one knows why it is slowed."""
        felt = self.first.drag
        if not felt.kinds and felt.aim == 1:
            return Drag(others=felt.others)
        pause = 0.0 if felt.kinds else _GLANCE
        why = "the first worker is slowed"
        return Drag(pause=pause, wait=True, kinds=("first",), why=why, others=felt.others)


@dataclass
class Second:
    """What the second worker does for the ``first``: ``work``, in batches of its own."""

    database: Database
    first: Worker
    work: Work
    stop: Callable[[], str | None]
    begun: bool = False
    broke: BaseException | None = None

    def carry_out(self) -> None:
        """Carry batches out until nothing is left, or anything is out of the ordinary."""
        try:
            with self.database.session() as connection, self._worker(connection) as worker:
                try:
                    self.work.prepare(connection)
                    self.begun = True
                    worker.walk_through(connection, self.work)
                finally:
                    if not connection.closed and not connection.invalidated:
                        self.work.finish(connection)
        except _GivenUp:
            return
        except DatabaseFault as fault:
            if fault.lost and self.begun:
                # Whether its last batch was committed only the markers know, once the run is taken up again.
                self.broke = BrokeOff(f"{self.database.label}: the connection is lost; run it again")
        except BaseException as error:
            # Raised again where the run is.
            self.broke = error

    @contextmanager
    def _worker(self, connection: Connection) -> Iterator[Worker]:
        throttle, watch = self.first.throttle, self.database.watch()
        context = replace(throttle.context, stop=self.stop, progress=lambda _line: None)
        waiting = WaitingSignal(self.database.dialect, watch, context.progress)
        try:
            with self.database.transaction(connection):
                self.database.dialect.lock_timeout(connection, throttle.lock_timeout_ms)
                waiting.begin(connection)
            resting = (Resting(throttle),)
            own = Throttle(
                context, throttle.execution, throttle.target_ms, waiting, resting, attempts=throttle.attempts
            )
            yield Worker(self.first.tally, self.first.batches, own, _give_up, self.first.under)
        finally:
            watch.close()


@contextmanager
def working_beside(database: Database, first: Worker, work: Work) -> Iterator[None]:
    """Let a second worker carry ``work`` out meanwhile. When the first has ended it ends as well, after its batch.

    Raises:
        BrokeOff: the second worker lost its connection, or the lease.
        LedgerFault: the ledger couldn't be written.
    """
    alone, ended = first.batches, threading.Event()
    first.batches, others = alone.divided()
    context = first.throttle.context
    second = Second(
        database, replace(first, batches=others), work, lambda: _ENDED if ended.is_set() else context.stop()
    )
    thread = threading.Thread(target=second.carry_out, name="second worker")
    thread.start()
    try:
        yield
    finally:
        # What slows a run only the first one knows: the second never works alone.
        ended.set()
        thread.join()
        alone.resumed((first.batches, others))
        first.batches = alone
    if second.broke is not None:
        raise second.broke


def _give_up(_connection: Connection) -> None:
    raise _GivenUp
