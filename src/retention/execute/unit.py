"""Carrying out one plan unit: its rules in order, children first, each in small transactions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Protocol

from sqlalchemy import Connection, select

from retention.database.boundary import guarded
from retention.database.lease import Fenced, leased
from retention.database.own_tables import BATCH
from retention.errors import BrokeOff, DatabaseFault, Refused
from retention.execute.batch import Batches, Done
from retention.execute.columns import ChangeColumns
from retention.execute.context import Json, Outcome, RunContext, TaskChain
from retention.execute.delete import Delete
from retention.execute.holding import HoldsMoved, UnitHolds
from retention.execute.kept_clock import kept_clocks
from retention.execute.pace import Pace
from retention.execute.transforms import build_transforms
from retention.execute.walk import Seal, Walk
from retention.plan.going import count
from retention.plan.plan import RulePlan
from retention.plan.rules import BoundRule
from retention.plan.units import Unit

_RETRIES = 5
_LOCK_TIMEOUT_MS = 2000
_TELL_EVERY = 3.0


class Work(Protocol):
    """One rule's action, a batch at a time."""

    walk: Walk

    def prepare(self, connection: Connection) -> None:
        """Stage what the batches need."""

    def finish(self, connection: Connection) -> None:
        """Drop what was staged."""

    def batch(self, connection: Connection, rows: int) -> Done | None:
        """Carry out the next batch inside the open transaction."""


@dataclass
class UnitRun:
    """One task of a run: a unit, its plan, and which of its rules may not be carried out, with why.

    ``earlier`` are the ledger's batches of this unit in tries of this run that broke off.
    """

    context: RunContext
    unit: Unit
    plan: Sequence[RulePlan]
    chain: TaskChain
    withheld: Mapping[str, Outcome]
    earlier: Sequence[Mapping[str, Json]] = ()

    def carry_out(self) -> list[Outcome]:
        """Carry out every rule of the unit that may be; one rule's failure doesn't stop the others.

        Raises:
            Refused: another run is at work on the database, or its identity is another.
            BrokeOff: the connection is lost for good, or the lease has gone to another task.
        """
        database = self.unit.binding.database
        outcomes: list[Outcome] = []
        with leased(database, self.unit.binding.identity, self.unit.id, self.context.run, self.context.now) as lease:
            self.chain.append("unit_begun", {"unit": self.unit.id, "epoch": lease.epoch})
            holds = UnitHolds(self.context, self.unit, lease, self.chain)
            batches = Batches(self.context, lease, self.chain, holds.require_same)
            with database.session() as connection:
                with connection.begin():
                    database.dialect.lock_timeout(connection, _LOCK_TIMEOUT_MS)
                batches.resume(connection)
                stopped: str | None = None
                for plan, rule in zip(self.plan, self.unit.rules, strict=True):
                    outcome = self.withheld.get(rule.id) or Outcome(plan)
                    outcomes.append(outcome)
                    if rule.id in self.withheld:
                        continue
                    stopped = stopped or self.context.stop()
                    if stopped:
                        outcome.status, outcome.reason = "stopped" if plan.planned else "nothing", stopped
                        continue
                    stopped = self._rule(connection, batches, holds, rule, outcome)
                holds.forget(connection)
            self.chain.append(
                "unit_ended",
                {"unit": self.unit.id, "epoch": lease.epoch, "rules": [one.as_entry() for one in outcomes]},
            )
        return outcomes

    def _rule(
        self, connection: Connection, batches: Batches, holds: UnitHolds, rule: BoundRule, outcome: Outcome
    ) -> str | None:
        """Carry out one rule; return why the run stops, if it does."""
        self._before(connection, rule, outcome)
        started = time.monotonic()
        stopped: str | None = None
        try:
            holds.follow(connection)
            work = self._work(rule, outcome.plan, holds)
            work.walk.prepare(connection)
            work.prepare(connection)
            try:
                stopped = self._batches(connection, batches, holds, work, outcome)
            finally:
                if not connection.closed and not connection.invalidated:
                    work.finish(connection)
                    work.walk.finish(connection)
        except (Fenced, Refused) as problem:
            if isinstance(problem, Fenced):
                raise
            outcome.status, outcome.reason = "refused", str(problem)
        except DatabaseFault as fault:
            if fault.lost:
                raise BrokeOff(f"{self.unit.binding.database.label}: the connection is lost; run it again") from None
            outcome.status, outcome.reason = "failed", str(fault)
        else:
            self._conclude(connection, holds, work, outcome, stopped)
        outcome.seconds = time.monotonic() - started
        self.context.progress(f"{rule.id}: {outcome.done:,} of {outcome.plan.planned:,} ({outcome.status})")
        return stopped

    def _before(self, connection: Connection, rule: BoundRule, outcome: Outcome) -> None:
        """Take in what this run has done for the rule before, in a task that broke off."""
        with connection.begin():
            committed = connection.execute(
                select(BATCH.c.seq, BATCH.c.row_count).where(
                    BATCH.c.run == self.context.run, BATCH.c.unit == self.unit.id, BATCH.c.rule == rule.id
                )
            ).all()
        outcome.done, outcome.batches = sum(int(rows) for _seq, rows in committed), len(committed)
        # A batch may stand in the ledger more than once under one number, where a first try never committed.
        told = {body["seq"]: body for body in self.earlier if body["rule"] == rule.id}
        for number, _rows in committed:
            body = told.get(number, {})
            outcome.saw([date.fromisoformat(body[name]) for name in ("oldest", "newest") if body.get(name)])
            for table, rows in body.get("parts", {}).items():
                outcome.parts[table] = outcome.parts.get(table, 0) + rows

    def _work(self, rule: BoundRule, plan: RulePlan, holds: UnitHolds) -> Work:
        table = str(self.unit.binding.name_of(rule.table))
        seal = None if plan.sealed is None else Seal(plan.sealed, self.context.fingerprints(table))
        locks_rows = self.unit.binding.database.dialect.locks_rows
        walk = Walk(self.unit, rule, self.context.as_of, locks_rows, holds.covers, seal)
        if rule.action.on_rows:
            return Delete(walk, kept_clocks(self.unit, rule))
        transforms, key_id = build_transforms(rule, self.context.keys_for(rule.action.value))
        return ChangeColumns(walk, self.context, transforms, key_id)

    def _batches(
        self, connection: Connection, batches: Batches, holds: UnitHolds, work: Work, outcome: Outcome
    ) -> str | None:
        rule, plan = work.walk.rule, outcome.plan
        table = str(self.unit.binding.name_of(rule.table))
        pace = Pace(self.unit.binding.database.dialect.target_ms, self.context.batch_rows)
        prove = rule.rule.proof == "keys"
        budget = plan.planned if self.context.budget is None else min(plan.planned, self.context.budget)
        failures, before, told = 0, outcome.done, time.monotonic()
        while outcome.done < budget:
            stopped = self.context.stop()
            if stopped:
                return stopped
            rows = min(pace.rows, budget - outcome.done)
            here = work.walk.last
            try:
                with guarded(self.unit.binding.database.label):
                    done = batches.carry_out(connection, rule.id, table, partial(work.batch, rows=rows), prove=prove)
            except HoldsMoved:
                holds.follow(connection)
                work.walk.renew()
                work.walk.last = here
                continue
            except DatabaseFault as fault:
                failures += 1
                if fault.lost or not fault.retryable or failures > _RETRIES:
                    raise
                work.walk.last = here
                pace.halve()
                continue
            if done is None:
                # Rows that refer to rows of their own table free them only as they go: walk again while any goes.
                if outcome.done == before or not _refers_to_itself(self.unit, rule):
                    break
                before = outcome.done
                work.walk.restart(connection)
                continue
            failures = 0
            outcome.done += done.rows
            outcome.batches += 1
            outcome.longest_ms = max(outcome.longest_ms, done.statement_ms)
            outcome.saw(done.days)
            for name, number in done.parts.items():
                outcome.parts[name] = outcome.parts.get(name, 0) + number
            pace.took(done.rows, done.statement_ms)
            if time.monotonic() - told >= _TELL_EVERY:
                told = time.monotonic()
                self.context.progress(f"{rule.id}: {outcome.done:,} of {plan.planned:,}")
        return None

    def _conclude(
        self, connection: Connection, holds: UnitHolds, work: Work, outcome: Outcome, stopped: str | None
    ) -> None:
        """Say from the numbers what came of the rule."""
        planned = outcome.plan.planned
        rule = work.walk.rule
        with connection.begin():
            left = count(connection, rule.row, work.walk.whole)
            outcome.holds = holds.kept(connection, rule)
        if stopped:
            outcome.status, outcome.reason = "stopped", stopped
        elif self.context.budget is not None and outcome.done >= self.context.budget and outcome.done < planned:
            outcome.status, outcome.reason = "stopped", "row budget"
        else:
            outcome.survived = planned - outcome.done
            outcome.drifted = left
            outcome.status = ("partial" if outcome.survived else "done") if outcome.done or planned else "nothing"


def _refers_to_itself(unit: Unit, rule: BoundRule) -> bool:
    return rule.action.on_rows and any(relation.to_itself for relation in unit.referring(rule.table))
