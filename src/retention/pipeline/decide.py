"""Which rules of a plan may be carried out tonight, and why the others may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from retention.errors import Refused
from retention.execute.context import Outcome
from retention.pipeline.base import Pipeline
from retention.pipeline.wish import Wish
from retention.plan.plan import Plan
from retention.register import Approvals


@dataclass
class Decisions:
    """The rules withheld, each with the outcome it will have, and the approvals that let the others go."""

    withheld: dict[tuple[str, int], Outcome] = field(default_factory=dict)
    approvals: list[dict[str, Any]] = field(default_factory=list)


def check_accepted(pipeline: Pipeline, wish: Wish) -> None:
    """See that ``--accept`` names rules of the matrix that are asked for, and that somebody accepts.

    Not that the plan has them: a rule that a finding has stopped stays refused, whoever accepts it.

    Raises:
        Refused: the matrix has no such rule, or the run leaves it out, or nobody is named.
    """
    pipeline.check_rules("--accept", wish.accepted)
    for name in sorted(filter(pipeline.leaves_out, wish.accepted)):
        raise Refused(
            f"--accept {name}: this run leaves that rule out, by --rule, --database or its plan; name it there, or "
            "leave it out here"
        )
    if wish.accepted and not (wish.by or "").strip():
        raise Refused("--accept: say who accepts with --by NAME; an approval without a name proves nothing")


def decide(plan: Plan, approvals: Approvals, accepted: Mapping[str, int], by: str | None, now: str) -> Decisions:
    """Decide over every rule that waits: by a person's answer to this very plan, or by ``--accept`` for this run."""
    decisions = Decisions()
    answer = approvals.of_plan(plan.digest)
    planned: dict[str, int] = {}
    for rule in plan.rules:
        planned[rule.id] = planned.get(rule.id, 0) + rule.planned
    for rule in plan.waiting:
        reasons = ", ".join(rule.waits)
        if rule.id in accepted and planned[rule.id] <= accepted[rule.id]:
            decisions.approvals.append(
                {"rule": rule.id, "by": by, "at": now, "note": reasons, "count": accepted[rule.id], "kind": "accept"}
            )
        elif answer is not None and answer.decision == "approved":
            decisions.approvals.append(
                {
                    "rule": rule.id,
                    "by": answer.by,
                    "at": answer.at,
                    "note": answer.note,
                    "count": rule.planned,
                    "kind": "approve",
                }
            )
        else:
            why = f"waits for approval ({reasons})"
            if rule.id in accepted:
                why = f"{planned[rule.id]:,} rows are planned, more than the {accepted[rule.id]:,} accepted ({reasons})"
            elif answer is not None:
                why = f"denied by {answer.by} ({reasons})"
            decisions.withheld[rule.id, rule.shard] = Outcome(rule, "waiting", reason=why)
    return decisions
