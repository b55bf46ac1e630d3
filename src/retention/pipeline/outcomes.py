"""What came of every rule of a run, read back from the ledger."""

from __future__ import annotations

from retention.errors import BrokeOff
from retention.execute.context import Outcome
from retention.execute.settle import of_newest_epoch
from retention.ledger import Ledger
from retention.pipeline.opening import OpenedRun
from retention.plan.plan import Plan, RulePlan


def outcomes_of(ledger: Ledger, plan: Plan, opened: OpenedRun) -> list[Outcome]:
    """Return the outcomes of the plan's rules, then of those that a finding had stopped before they were planned.

    Raises:
        BrokeOff: a unit has not come to its end; its task can be run again.
    """
    return [*_planned(ledger, plan, opened), *refused_before(opened)]


def _planned(ledger: Ledger, plan: Plan, opened: OpenedRun) -> list[Outcome]:
    if opened.dry_run:
        withheld = opened.withheld(plan)
        return [withheld.get((rule.id, rule.shard)) or opened.would(rule) for rule in plan.rules]
    # A task that was retried has ended its unit more than once.
    ends = of_newest_epoch((entry.task, entry.body) for entry in ledger.entries(run=opened.run, kind="unit_ended"))
    outcomes: list[Outcome] = []
    for unit in plan.units:
        if unit not in ends:
            raise BrokeOff(f"run {opened.run}: unit {unit} has not come to its end; what was done is in the ledger")
        ended = {one["id"]: one for one in ends[unit]["rules"]}
        outcomes.extend(Outcome.of_entry(rule, ended[rule.id]) for rule in plan.of_unit(unit))
    return outcomes


def refused_before(opened: OpenedRun) -> list[Outcome]:
    """Return the outcomes of the rules that a finding had stopped before they were planned."""
    return [
        Outcome(
            RulePlan.refused(one["rule"], one["database"], one["table"], one["action"]), "refused", reason=one["reason"]
        )
        for one in opened.body["refused"]
    ]
