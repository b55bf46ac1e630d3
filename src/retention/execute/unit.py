"""Carrying out one plan unit: its rules in order, children first, each in small transactions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy import Connection

from retention.database.lease import Lease, leased
from retention.database.names import TableKey
from retention.errors import DatabaseFault, Refused
from retention.execute.batch import Batches
from retention.execute.context import Json, Outcome, RunContext, TaskChain
from retention.execute.holding import UnitHolds
from retention.execute.knot import KnotRun
from retention.execute.others import CountedChain
from retention.execute.rule import RuleRun, foreseen
from retention.execute.staging import Staging
from retention.execute.throttle import Throttle, throttled
from retention.plan.going import Going
from retention.plan.plan import RulePlan
from retention.plan.rules import BoundRule
from retention.plan.units import Unit

_WORKERS = 2


@dataclass
class UnitRun:
    """One task of a run: a unit, its plan, and which of its rules may not be carried out, with why.

    ``earlier`` are the ledger's batches of this unit in tries of this run that broke off. ``still_open`` is asked once
    the lease is held, and raises where somebody has closed the run meanwhile.
    """

    context: RunContext
    unit: Unit
    plan: Sequence[RulePlan]
    chain: TaskChain
    withheld: Mapping[str, Outcome]
    earlier: Sequence[Mapping[str, Json]] = ()
    still_open: Callable[[], None] = lambda: None

    def carry_out(self) -> list[Outcome]:
        """Carry out every rule of the unit that may be; one rule's failure doesn't stop the others.

        Raises:
            Refused: another run is at work on the database, or its identity is another.
            BrokeOff: the connection is lost for good, or the lease has gone to another task.
        """
        database = self.unit.binding.database
        outcomes = {plan.id: self.withheld.get(plan.id) or Outcome(plan) for plan in self.plan}
        with leased(database, self.unit.binding.identity, self.unit.id, self.context.run, self.context.now) as lease:
            self.still_open()
            self.chain.append("unit_begun", {"unit": self.unit.id, "epoch": lease.epoch})
            with (
                ThreadPoolExecutor(_WORKERS, "ledger") as pool,
                database.session() as connection,
                database.working(connection),
                throttled(self.context, self.unit, connection) as throttle,
            ):
                with database.transaction(connection):
                    database.dialect.lock_timeout(connection, throttle.lock_timeout_ms)
                    throttle.waiting.begin(connection)
                self._carried(connection, lease, outcomes, throttle, pool)
            # Whoever was taken over from has nothing to say of the unit's end.
            with database.session() as connection, database.transaction(connection):
                lease.require(connection)
            self.chain.append(
                "unit_ended",
                {"unit": self.unit.id, "epoch": lease.epoch, "rules": [one.as_entry() for one in outcomes.values()]},
            )
        return list(outcomes.values())

    def _carried(
        self,
        connection: Connection,
        lease: Lease,
        outcomes: Mapping[str, Outcome],
        throttle: Throttle,
        pool: Executor,
    ) -> None:
        context = throttle.context
        # What a rule that isn't carried out would have taken stays, and holds what it refers to.
        unit = self.unit.without(frozenset(self.withheld))
        chain = CountedChain(self.chain, throttle.attempts)
        holds = UnitHolds(context, unit, lease, chain)
        batches = Batches(context, lease, chain, holds, unit.binding.database, pool)
        batches.resume(connection)
        staging = Staging(Going(connection, unit, context.as_of, holds.covers))
        runs = [
            RuleRun(context, unit, rule, outcomes[rule.id], staging, batches, holds, throttle, self.earlier)
            for rule in unit.rules
        ]

        def in_turn() -> None:
            stopped = context.stop()
            if runs and not stopped:
                holds.follow(connection)
                staging.prepare()
            for knot, members in itertools.groupby(runs, key=lambda run: _knot_of(unit, run.rule)):
                some = list(members)
                stopped = stopped or context.stop()
                if stopped:
                    for run in some:
                        run.stop(stopped)
                elif knot is not None:
                    together = KnotRun(context, unit, knot, some, staging, batches, holds, throttle)
                    stopped = together.carry_out(connection)
                else:
                    for run in some:
                        stopped = run.carry_out(connection, stopped)

        try:
            with foreseen(context, runs):
                in_turn()
        except (DatabaseFault, Refused) as fault:
            _none_of(runs, fault)
        finally:
            if not connection.closed and not connection.invalidated:
                staging.drop()
                holds.forget(connection)


def _none_of(runs: Sequence[RuleRun], fault: DatabaseFault | Refused) -> None:
    """Note why rules had no turn.

    Raises:
        BrokeOff: the connection is lost.
    """
    for run in runs:
        if run.outcome.status == "nothing" and not run.outcome.reason:
            run.fail(fault)


def _knot_of(unit: Unit, rule: BoundRule) -> frozenset[TableKey] | None:
    return unit.knot_of(rule.table) if rule.action.on_rows else None
