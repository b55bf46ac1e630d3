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
from retention.errors import DatabaseFault
from retention.execute.batch import Batches
from retention.execute.clusters import Clusters
from retention.execute.context import RunContext
from retention.execute.holding import HoldsMoved, UnitHolds
from retention.execute.obstacle import Obstacle
from retention.execute.rule import RuleRun, foreseen
from retention.execute.staging import Staging
from retention.execute.throttle import Throttle
from retention.plan.units import Unit

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
        with foreseen(self.context, self.runs):
            stopped = self._carried(connection)
        for run in self.runs:
            run.end(connection, stopped)
        return stopped

    def _carried(self, connection: Connection) -> str | None:
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
        obstacle = Obstacle(self.batches.database.dialect.locks_rows, last=True)
        blocked: set[TableKey] = set()
        met: DatabaseFault | None = None
        while not clusters.ended and any(run.tally.left > 0 for run in self.runs):
            rows = self.throttle.take(", ".join(runs), obstacle.rows(pace.rows))
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
                if obstacle.blocks(fault):
                    raise
                obstacle.narrow(rows)
                if end == clusters.last + 1 and obstacle.passes(fault):
                    # One cluster that can't be had stays, and with it what it refers to.
                    obstacle.leave()
                    blocked, met = blocked | clusters.tables_of(end), fault
                    clusters.last = end
                pace.halve()
                continue
            obstacle.took(rows)
            clusters.last = end
            for done in dones:
                runs[done.rule.id].tally.took(done)
            self.throttle.learn(pace, dones)
        for run in self.runs:
            run.together = clusters.beyond.get(run.rule.id, 0)
            if met is not None and run.rule.table in blocked and run.tally.left > 0:
                times = f"{obstacle.left:,} time{'' if obstacle.left == 1 else 's'}"
                run.fail(DatabaseFault(f"rows that go together were left {times}, with what they refer to; {met}"))
        return None
