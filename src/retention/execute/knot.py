"""Carrying out the rules of a knot: what is free goes as everywhere, the rest in clusters.

Rows of a tree are free level by level, so that as long as a walk takes a good share of what is left, another walk
follows. What then remains lies in circles, in long chains, or in records that share a part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection

from retention.database.names import TableKey
from retention.errors import DatabaseFault, NotMoved
from retention.execute.batch import Batches
from retention.execute.clusters import Clusters
from retention.execute.context import RunContext
from retention.execute.holding import HoldsMoved, UnitHolds
from retention.execute.rule import RuleRun
from retention.execute.staging import Staging
from retention.execute.throttle import Throttle
from retention.plan.units import Unit

_RETRIES = 5
_REFUSALS = 20
_WORTH_A_WALK = 4


@dataclass
class KnotRun:
    """The rules of one knot in one run."""

    context: RunContext
    unit: Unit
    tables: frozenset[TableKey]
    runs: Sequence[RuleRun]
    staging: Staging
    batches: Batches
    holds: UnitHolds
    throttle: Throttle

    def carry_out(self, connection: Connection) -> str | None:
        """Carry all of them out to their end; return why the run stops, if it does."""
        stopped: str | None = None
        for run in self.runs:
            run.begin(connection)
        able = [run for run in self.runs if not run.outcome.reason]
        left = self.staging.left(self.tables)
        while left and able and not stopped:
            for run in able:
                stopped = stopped or run.walk_through(connection)
            before, left = left, self.staging.left(self.tables)
            if stopped or (before - left) * _WORTH_A_WALK < before:
                break
            for run in able:
                self.staging.again(run.rule)
                run.work.position = None  # type: ignore[union-attr]
        # A rule that failed has rows that stay where nobody planned it: clusters were told without knowing that.
        if left and not stopped and not any(run.outcome.reason for run in self.runs):
            stopped = self._clusters(connection)
        for run in self.runs:
            run.end(connection, stopped)
        return stopped

    def _clusters(self, connection: Connection) -> str | None:
        clusters = Clusters(
            self.staging,
            self.tables,
            [run.rule for run in self.runs],
            {run.rule.id: run.seal() for run in self.runs},
            self.holds.covers,
        )
        try:
            clusters.arrange(connection)
            return self._batches(connection, clusters)
        except DatabaseFault as fault:
            for run in self.runs:
                run.fail(fault)
            return None
        finally:
            if not connection.closed and not connection.invalidated:
                clusters.drop(connection)

    def _batches(self, connection: Connection, clusters: Clusters) -> str | None:
        runs = {run.rule.id: run for run in self.runs}
        pace, under = self.throttle.pace(), self.holds.version
        failures = refusals = 0
        while not clusters.ended and any(run.tally.left > 0 for run in self.runs):
            rows = self.throttle.take(", ".join(runs), pace.rows)
            stopped = self.context.stop()
            if stopped:
                return stopped
            end = clusters.end_of(rows)
            room = {name: run.tally.left for name, run in runs.items()}
            try:
                act = self.throttle.watched(partial(clusters.batch, end=end, room=room))
                dones = self.batches.carry_out(connection, act, under)
            except HoldsMoved:
                self.holds.follow(connection)
                under = self.holds.version
                clusters.renew()
                continue
            except DatabaseFault as fault:
                failures += 1
                alone = end == clusters.last + 1
                if (
                    fault.lost
                    or isinstance(fault, NotMoved)
                    or failures > _RETRIES + refusals
                    or (not fault.retryable and alone and refusals >= _REFUSALS)
                ):
                    raise
                if alone and not fault.retryable:
                    # One cluster that the database doesn't let go stays, and with it what it refers to.
                    clusters.last, refusals, failures = end, refusals + 1, 0
                pace.halve()
                continue
            clusters.last, failures = end, 0
            for done in dones:
                runs[done.rule.id].tally.took(done)
            self.throttle.learn(pace, dones)
        return None
