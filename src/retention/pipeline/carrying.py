"""Carrying out one plan unit of an open run, in whatever process; what came of it is in the unit's own chain."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from retention.database.turn import turn
from retention.errors import BrokeOff, Refused
from retention.execute.context import Outcome, RunContext
from retention.execute.unit import UnitRun
from retention.keys import KeyRing, RingKey, RunKey
from retention.matrix.model import Action
from retention.pipeline.base import Pipeline
from retention.pipeline.opening import opened_run, planned_by_shard
from retention.pipeline.scene import Scene
from retention.plan.plan import Plan
from retention.register import LiveHolds


def carry_out_unit(
    pipeline: Pipeline,
    scene: Scene,
    plan: Plan,
    run: str,
    unit: str,
    *,
    stop: Callable[[], str | None] = lambda: None,
    budget: int | None = None,
) -> list[Outcome]:
    """Carry out one unit and record what came of its rules; a task that is retried goes on with a higher epoch.

    What keeps a unit from being begun at all (another run at work, a changed schema) is an outcome of its rules, so
    that the other units go on.

    Raises:
        Refused: the run isn't open any more.
        BrokeOff: the connection is lost for good, or the lease has gone to another task; the same unit can go on.
    """
    opened = opened_run(pipeline.ledger, run)
    if opened.over:
        raise Refused(f"run {run}: it is closed; nothing more is carried out under it, begin a new run")

    def still_open() -> None:
        if opened_run(pipeline.ledger, run).over:
            raise BrokeOff(f"run {run}: it is closed by now; nothing more is carried out under it, begin a new run")

    chain = pipeline.ledger.chain(run, unit)
    earlier = [entry.body for entry in pipeline.ledger.entries(run=run, task=unit, kind="batch")]
    everywhere = opened.withheld(plan)
    withheld = {
        rule.id: everywhere[rule.id, rule.shard] for rule in plan.of_unit(unit) if (rule.id, rule.shard) in everywhere
    }
    try:
        bound = scene.unit(pipeline, plan, unit)
        context = _context(pipeline, plan, run, stop, budget, planned_by_shard(plan, everywhere))
        with turn(bound.binding.database, bound.binding.identity, stop):
            return UnitRun(context, bound, plan.of_unit(unit), chain, withheld, earlier, still_open).carry_out()
    except Refused as problem:
        if earlier:
            # What an earlier try has done can only be told from the markers, which are out of reach.
            raise BrokeOff(f"{problem}; what was done before is in the ledger") from None
        outcomes = [
            withheld.get(rule.id) or Outcome(rule, "refused", reason=str(problem)) for rule in plan.of_unit(unit)
        ]
        chain.append("unit_ended", {"unit": unit, "rules": [one.as_entry() for one in outcomes]})
        return outcomes


def _context(
    pipeline: Pipeline,
    plan: Plan,
    run: str,
    stop: Callable[[], str | None],
    budget: int | None,
    shards: Mapping[str, Mapping[int, int]],
) -> RunContext:
    """Return what the unit needs of its run; an anonymizing key is made here, for this unit, and never stored."""
    run_key = RunKey.fresh()

    def keys_for(action: Action) -> RingKey:
        return KeyRing.load(pipeline.key_ring).active() if action is Action.PSEUDONYMIZE else run_key

    return RunContext(
        run=run,
        as_of=plan.as_of,
        now=pipeline.now,
        fingerprints=pipeline.fingerprinter.for_table,
        keys_for=keys_for,
        holds=LiveHolds(pipeline.holds, lambda: pipeline.today),
        stop=stop,
        progress=pipeline.progress,
        budget=budget,
        shards=shards,
        connections=pipeline.connections,
        ledger=pipeline.ledger.url,
        trace=pipeline.trace,
    )
