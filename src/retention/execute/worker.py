"""Taking batch after batch of one rule, as fast as they fit, on one connection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, Protocol

from sqlalchemy import Connection

from retention.errors import DatabaseFault
from retention.execute.ahead import Ahead
from retention.execute.batch import Batches
from retention.execute.done import Done
from retention.execute.holding import HoldsMoved
from retention.execute.obstacle import Obstacle
from retention.execute.pace import Pace
from retention.execute.sweeping import Again
from retention.execute.tally import Tally
from retention.execute.throttle import Throttle


class Work(Protocol):
    """One rule's action, a batch at a time."""

    position: Any
    exact: ClassVar[bool]
    """Whether a batch never takes more rows than it is asked for: then the others' share is all that is left."""

    @property
    def ended(self) -> bool:
        """Whether nothing is left where a batch took nothing."""

    def renew(self) -> None:
        """Make the conditions anew: the holds in force have changed."""

    def prepare(self, connection: Connection) -> None:
        """Stage what the batches need."""

    def finish(self, connection: Connection) -> None:
        """Drop what was staged."""

    def heed(self, connection: Connection, *, others: bool) -> None:
        """Before a batch: whether others are at work on the database, or were met by one of its batches."""

    def batch(self, connection: Connection, ahead: Ahead, rows: int, most: int) -> Sequence[Done]:
        """Carry out the next batch inside the open transaction: about ``rows`` rows, their parts counted with them.

        Of the rule's own it takes never more than ``most``; one row alone it takes whatever parts it has.
        """

    def pass_over(self, *, must: bool) -> bool:
        """Go on behind what the batch that failed was to take, if it ``must`` or no batch could take less there.

        Return whether it does. The position is still where the batch left it.
        """


@dataclass
class Worker:
    """One who takes batches. ``under`` is the version of the register that the statements at hand were written under.

    ``moved`` is called where another one is in force. ``last``: whether what a walk leaves stays. ``met`` is why the
    last walk left rows, if it did.
    """

    tally: Tally
    batches: Batches
    throttle: Throttle
    moved: Callable[[Connection], None]
    under: int | None = None
    last: bool = False
    met: DatabaseFault | None = None
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = self.throttle.pace()

    def once_more(self) -> None:
        """Let the next walk be the last one, which begins with single rows where the one before had to leave some."""
        self.last = True
        if self.met is not None:
            self.pace.rows = 1

    def walk_through(self, connection: Connection, work: Work) -> str | None:
        """Carry batches out until no row is left to take; return why the run stops, if it does.

        Rows that can't be had are left, within bounds: ``met`` tells of it.

        Raises:
            DatabaseFault: the database refused for good; the work goes on where the last batch was committed.
        """
        label, met, self.met = self.tally.outcome.plan.id, False, None
        obstacle = Obstacle(self.batches.database.dialect.locks_rows, self.last)
        while self.tally.left > 0:
            rows = self.throttle.take(label, obstacle.rows(self.pace.rows))
            stopped = self.throttle.context.stop()
            if stopped:
                return stopped
            if self.under != self.batches.holds.version:
                self.moved(connection)
            work.heed(connection, others=met or self.throttle.drag.others)
            here = work.position
            try:
                dones = self._batch(connection, work, rows)
            except HoldsMoved:
                work.position = here
                self.moved(connection)
                continue
            except Again:
                continue
            except DatabaseFault as fault:
                met = True
                if obstacle.blocks(fault):
                    work.position = here
                    raise
                narrow = obstacle.narrow(min(rows, self.tally.left))
                if obstacle.passes(fault) and work.pass_over(must=narrow):
                    obstacle.leave()
                    self.met = fault
                else:
                    work.position = here
                self.pace.halve()
                continue
            obstacle.took(rows)
            if dones is None or (not dones and work.ended):
                return None
        return None

    def _batch(self, connection: Connection, work: Work, rows: int) -> Sequence[Done] | None:
        """Carry out one batch of about so many rows; None where another worker may be taking the last ones."""
        most = self.throttle.context.batch_rows
        with self.tally.claimed(min(rows, most) if work.exact else most) as most:
            if not most:
                return None
            batch = self.throttle.watched(partial(work.batch, rows=min(rows, most) if work.exact else rows, most=most))
            dones = self.batches.carry_out(connection, batch, self.under)
            for done in dones:
                self.tally.took(done)
        self.throttle.learn(self.pace, dones)
        return dones
