"""What came of every rule of a run, read back from the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention.errors import BrokeOff
from retention.execute.context import Outcome
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
        return [withheld.get((rule.id, rule.shard)) or Outcome(rule) for rule in plan.rules]
    ends = _ends(ledger, opened.run)
    outcomes: list[Outcome] = []
    for unit in plan.units:
        if unit not in ends:
            raise BrokeOff(f"run {opened.run}: unit {unit} has not come to its end; what was done is in the ledger")
        ended = {one["id"]: one for one in ends[unit]["rules"]}
        outcomes.extend(Outcome.of_entry(rule, ended[rule.id]) for rule in plan.of_unit(unit))
    return outcomes


def _ends(ledger: Ledger, run: str) -> dict[str, Mapping[str, Any]]:
    """Return what each unit's end says: a task that was retried has ended its unit more than once.

    The newest epoch holds, and not the late word of a task that another one has taken over from. A unit that could not
    be begun ends without one.
    """
    ends: dict[str, Mapping[str, Any]] = {}
    for entry in ledger.entries(run=run, kind="unit_ended"):
        known = ends.get(entry.task)
        if known is None or entry.body.get("epoch", 0) >= known.get("epoch", 0):
            ends[entry.task] = entry.body
    return ends


def refused_before(opened: OpenedRun) -> list[Outcome]:
    """Return the outcomes of the rules that a finding had stopped before they were planned."""
    return [
        Outcome(
            RulePlan.refused(one["rule"], one["database"], one["table"], one["action"]), "refused", reason=one["reason"]
        )
        for one in opened.body["refused"]
    ]
