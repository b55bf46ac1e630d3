"""Carrying out one rule: batch after batch, as fast as they fit, until its staged rows or its ceiling are used up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, select

from retention.database.own_tables import BATCH, CLOCK, DONE
from retention.database.reading import Sql
from retention.errors import BrokeOff, DatabaseFault, Refused, RetentionError
from retention.execute.batch import Batches
from retention.execute.columns import ChangeColumns, may_be_shared
from retention.execute.context import Json, Outcome, RunContext
from retention.execute.delete import Delete
from retention.execute.emptied import drop_emptied
from retention.execute.holding import UnitHolds
from retention.execute.kept_clock import kept_clocks
from retention.execute.meeting import sides
from retention.execute.moving import Moving
from retention.execute.ranges import Ranges, Staged
from retention.execute.seal import Seal
from retention.execute.second import working_beside, worth_two
from retention.execute.settle import latest
from retention.execute.staging import Staging
from retention.execute.sweep import Sweep
from retention.execute.sweeps import sweeps
from retention.execute.tally import Tally
from retention.execute.throttle import Throttle
from retention.execute.transforms import build_transforms
from retention.execute.walk import Walk
from retention.execute.worker import Work, Worker
from retention.plan.going import count
from retention.plan.rules import BoundRule
from retention.plan.statement import condition
from retention.plan.units import Unit


@dataclass
class RuleRun:
    """One rule in one run. ``unit`` has the rules that are carried out; ``outcome`` is where the numbers go.

    ``earlier`` are the ledger's batches of this unit in tries of this run that broke off. ``beside`` is what a second
    worker does while this one does ``work``. ``together`` are rows that go at once or not at all, where there was no
    room for them.
    """

    context: RunContext
    unit: Unit
    rule: BoundRule
    outcome: Outcome
    staging: Staging
    batches: Batches
    holds: UnitHolds
    throttle: Throttle
    earlier: Sequence[Mapping[str, Json]] = ()
    work: Work | None = None
    beside: Sweep | ChangeColumns | None = None
    tally: Tally = field(init=False)
    worker: Worker = field(init=False)
    together: int = 0
    started: float = 0.0

    def __post_init__(self) -> None:
        self.tally = Tally(self.outcome, self.context)
        self.worker = Worker(self.tally, self.batches, self.throttle, self.follow)

    def stop(self, why: str) -> None:
        """Note that the rule had no turn, or not all of it."""
        self.outcome.status, self.outcome.reason = "stopped" if self.outcome.plan.planned else "nothing", why

    def carry_out(self, connection: Connection, stopped: str | None = None) -> str | None:
        """Carry the rule out to its end, or not at all if the run has stopped; return why the run stops, if it does."""
        stopped = stopped or self.context.stop()
        if stopped:
            self.stop(stopped)
            return stopped
        with foreseen(self.context, [self]):
            if self.begin(connection):
                try:
                    stopped = self._all(connection)
                except Refused as fault:
                    self.fail(fault)
        return self.end(connection, stopped)

    def _all(self, connection: Connection) -> str | None:
        """Carry batches out, with a second worker or alone, and then the rest; return why the run stops, if it does."""
        stopped = self._both(connection, self.beside) if self.beside else self.walk_through(connection)
        alone = self.beside is None and not isinstance(self.work, Sweep)
        if (self.worker.met or not alone) and not stopped and not self.outcome.reason and self.tally.left > 0:
            stopped = self._rest(connection)
        return stopped

    def _both(self, connection: Connection, beside: Sweep | ChangeColumns) -> str | None:
        """Carry batches out with a second worker, and then what it has left; return why the run stops, if it does.

        What it has left of keys that lie in its own session is told anew.
        """
        first = self.work
        with working_beside(self.unit.binding.database, self.worker, beside):
            stopped = self.walk_through(connection)
        for work in (beside, first) if isinstance(beside, Sweep) else ():
            if work is not None and not (stopped or self.outcome.reason or work.ended):
                stopped = self._take_up(connection, work)
        return stopped

    def _take_up(self, connection: Connection, other: Work | None = None) -> str | None:
        """Go on with other work in this session, or with what is staged anew; return why the run stops, if it does.

        It is under the holds in force now, which may be others than when that work began.
        """
        assert self.work is not None
        try:
            self.work.finish(connection)
            self.work = other or self._staged_again()
            self.work.renew()
            self.work.prepare(connection)
        except (DatabaseFault, Refused) as fault:
            self.fail(fault)
            return None
        return self.walk_through(connection)

    def _rest(self, connection: Connection) -> str | None:
        """Carry out what a walk has missed: rows that moved behind it, lie together too thick, or couldn't be had."""
        try:
            if not self._left(connection):
                return None
            self.worker.once_more()
            stopped = self._take_up(connection)
            if self.worker.met and not (stopped or self.outcome.reason) and self.tally.left > 0:
                self._require_none(connection, self.worker.met)
        except DatabaseFault as fault:
            self.fail(fault)
            return None
        return stopped

    def _require_none(self, connection: Connection, met: DatabaseFault) -> None:
        """See that no due row is left of those that couldn't be had.

        Raises:
            DatabaseFault: some are, and stay until what holds them has ended.
        """
        left = self._left(connection)
        if left:
            some = f"{left:,} due row{' was' if left == 1 else 's were'}"
            raise DatabaseFault(f"{some} left for the end and couldn't be had there either; {met}")

    def _staged_again(self) -> Work:
        self.staging.again(self.rule)
        return self._walked()

    def _left(self, connection: Connection) -> int:
        """Return how many rows of the rule are still there and due."""
        with self.unit.binding.database.transaction(connection):
            self.unit.binding.database.dialect.just_emptied(connection, alone=not self.throttle.drag.kinds)
            due = condition(self.unit, self.rule, self.context.as_of, self.holds.covers, parts_gone=False, staged=False)
            return count(connection, self.rule.row, due)

    def begin(self, connection: Connection) -> bool:
        """Prepare the rule; return whether it can be carried out."""
        self.started = time.monotonic()
        self._before(connection)
        try:
            self._follow(connection)
            self.work = self._work(connection)
            self.work.prepare(connection)
        except (DatabaseFault, Refused) as fault:
            self.fail(fault)
        return not self.outcome.reason

    def walk_through(self, connection: Connection) -> str | None:
        """Carry batches out until no row is left to take; return why the run stops, if it does."""
        assert self.work is not None
        try:
            return self.worker.walk_through(connection, self.work)
        except DatabaseFault as fault:
            self.fail(fault)
            return None

    def follow(self, connection: Connection) -> None:
        """Go on under the holds in force now."""
        assert self.work is not None
        self._follow(connection)
        self.work.renew()

    def _follow(self, connection: Connection) -> None:
        self.holds.follow(connection)
        self.worker.under = self.holds.version

    def fail(self, fault: RetentionError) -> None:
        """Note that the rule was refused, or that it failed.

        Raises:
            BrokeOff: the connection is lost.
        """
        if isinstance(fault, DatabaseFault) and fault.lost:
            raise BrokeOff(f"{self.unit.binding.database.label}: the connection is lost; run it again") from None
        self.outcome.status = "refused" if isinstance(fault, Refused) else "failed"
        self.outcome.reason = str(fault)

    def end(self, connection: Connection, stopped: str | None) -> str | None:
        """Say from the numbers what came of the rule; return why the run stops, if it does."""
        outcome, planned = self.outcome, self.outcome.plan.planned
        if self.work is not None:
            self.work.finish(connection)
        if outcome.done:
            self._weigh(connection)
        if stopped and not outcome.reason:
            # Who closes a window, or throws the switch, wants the database left alone: nothing more is counted.
            self.stop(stopped)
        elif not outcome.reason:
            together = self.together if self.tally.most < planned else 0
            spent = outcome.done < planned and (self.tally.most <= outcome.done or together > 0)
            left = 0 if spent else self._left(connection)
            with self.unit.binding.database.transaction(connection):
                outcome.held, outcome.holds = self.holds.kept(connection, self.rule)
            if spent:
                outcome.status, outcome.reason = "stopped", "row budget"
                if outcome.done < self.tally.most:
                    outcome.reason += f": {together:,} row{' goes' if together == 1 else 's go'} together or not at all"
            else:
                outcome.survived = planned - outcome.done
                outcome.drifted = left
                outcome.status = ("partial" if outcome.survived else "done") if outcome.done or planned else "nothing"
                if self.rule.rule.drop_partitions:
                    outcome.partitions = drop_emptied(connection, self.rule, self.context.as_of, self.context.progress)
        outcome.seconds = time.monotonic() - self.started
        self.context.progress(f"{self.rule.id}: {outcome.done:,} of {planned:,} ({outcome.status})")
        return stopped

    def _weigh(self, connection: Connection) -> None:
        """Let the engine know how much the rule has written down beside the shop's rows."""
        database, own = self.unit.binding.database, CLOCK if self.rule.action.on_rows else DONE
        if own is DONE or kept_clocks(self.unit, self.rule) is not None:
            with database.transaction(connection):
                database.dialect.weigh(connection, own)

    def seal(self) -> Seal | None:
        """Return the fingerprints that may go, where a person approved exactly those."""
        table = str(self.unit.binding.name_of(self.rule.table))
        sealed = self.outcome.plan.sealed
        return None if sealed is None else Seal(sealed.open(), self.context.fingerprints(table))

    def _before(self, connection: Connection) -> None:
        """Take in what this run has done for the rule before, in a task that broke off."""
        with self.unit.binding.database.transaction(connection):
            committed = connection.execute(
                select(BATCH.c.seq, BATCH.c.row_count).where(
                    BATCH.c.run == self.context.run, BATCH.c.unit == self.unit.id, BATCH.c.rule == self.rule.id
                )
            ).all()
        outcome = self.outcome
        outcome.done, outcome.batches = sum(int(rows) for _seq, rows in committed), len(committed)
        told = latest(self.earlier)
        for number, _rows in committed:
            outcome.recall(told.get((self.unit.id, number), {}))

    def _work(self, connection: Connection) -> Work:
        if self.rule.id not in self.staging.keys:
            planned, as_of, covers = self.outcome.plan.planned, self.context.as_of, self.holds.covers
            seal = self.seal()
            with self.unit.binding.database.transaction(connection):
                found = sweeps(connection, self.unit, self.rule, planned, as_of, covers, seal, self.throttle)
            if found:
                self.beside = found[1] if len(found) > 1 else None
                return found[0]
            self.staging.again(self.rule)
        if self.throttle.workers > 1 and worth_two(self.outcome.plan.planned) and may_be_shared(self.rule):
            return self._shared()
        return self._walked()

    def _shared(self) -> Work:
        """Return what the first worker changes, and have the second one begin at the other end."""
        staged, as_of, covers = self.staging.keys[self.rule.id], self.context.as_of, self.holds.covers
        both = sides(Staged(self.rule, staged))
        assert both is not None, "the key is a whole number"
        due = condition(self.unit, self.rule, as_of, covers, parts_gone=False, staged=False)
        self.beside = self._changing(staged, both[1], due)
        return self._changing(staged, both[0])

    def _walked(self) -> Work:
        staged, as_of, covers = self.staging.keys[self.rule.id], self.context.as_of, self.holds.covers
        if self.rule.action.on_rows:
            kept = kept_clocks(self.unit, self.rule)
            return Delete(self.unit, self.rule, as_of, covers, staged, kept, self.seal(), Moving.of(self.rule))
        return self._changing(staged)

    def _changing(self, staged: Table, steps: Ranges | None = None, due: Sql | None = None) -> ChangeColumns:
        walk = Walk(self.unit, self.rule, self.context.as_of, self.holds.covers, staged, self.seal(), steps)
        transforms, key_id = build_transforms(self.rule, lambda: self.context.keys_for(self.rule.action))
        return ChangeColumns(walk, self.context, transforms, key_id, due)


@contextmanager
def foreseen(context: RunContext, runs: Sequence[RuleRun]) -> Iterator[None]:
    """Let an error that nobody foresaw fail these rules alone, as far as they haven't ended.

    Its class is all that is written down of it: its text may hold a value.
    """
    try:
        yield
    except RetentionError:
        raise
    except Exception as error:
        context.trace(error)
        told = f"internal error ({type(error).__name__}); run again with --debug, and report it"
        for run in runs:
            if run.outcome.status == "nothing" and not run.outcome.reason:
                run.fail(RetentionError(f"rule {run.rule.id}: {told}"))
