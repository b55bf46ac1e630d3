"""Opening a run: which rules may be carried out is decided from the ledger and written down before anything changes."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from retention.errors import Refused
from retention.execute.budget import share
from retention.execute.context import Outcome
from retention.law import in_utc
from retention.ledger import Ledger
from retention.ledger.tables import RUN_TASK
from retention.matrix.facts import facts
from retention.pipeline.base import Pipeline
from retention.pipeline.before import recall_before
from retention.pipeline.decide import check_accepted, decide
from retention.pipeline.holds import holds_recorded
from retention.pipeline.wish import Wish
from retention.plan.plan import Plan, RulePlan
from retention.quality.measure import Check


@dataclass(frozen=True)
class OpenedRun:
    """A run as its opening entry tells it, and its closing document once it is closed.

    What an opening says that isn't ``believed`` may have been written by somebody without the ledger's key.
    """

    run: str
    at: str
    body: Mapping[str, Any]
    closed: Mapping[str, Any] | None
    settling: bool = False
    believed: bool = True

    @property
    def over(self) -> bool:
        """Whether nothing more may be carried out under it: it is closed, or broke off and is being closed."""
        return self.settling or self.closed is not None

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be changed."""
        return bool(self.body["dry_run"])

    @property
    def before(self) -> list[Check]:
        """Return the quality checks before the run."""
        return [Check(**one) for one in self.body["checks"]]

    def would(self, rule: RulePlan) -> Outcome:
        """Return the outcome of a rule in a dry run that nothing withholds: what a run could take of it."""
        told = {(one["id"], one["shard"]): one["most"] for one in self.body["rules"]}
        most = told[rule.id, rule.shard]
        return Outcome(rule, "stopped", reason="row budget", most=most) if most < rule.planned else Outcome(rule)

    def withheld(self, plan: Plan) -> dict[tuple[str, int], Outcome]:
        """Return the rules that may not be carried out, by rule and shard, each with the outcome it has."""
        rules = {(rule.id, rule.shard): rule for rule in plan.rules}
        return {
            (one["rule"], one["shard"]): Outcome(
                rules[one["rule"], one["shard"]], one["status"], reason=one["reason"], withheld=True
            )
            for one in self.body["withheld"]
        }


def find_run(ledger: Ledger, run: str) -> OpenedRun | None:
    """Return a run, or None where the ledger holds none of that id."""
    opened, closed, settling, believed = None, None, False, True
    for entry in ledger.entries(run=run, task=RUN_TASK):
        if entry.kind == "opened":
            opened, believed = entry, believed and ledger.believes(entry)
        elif entry.kind == "closed":
            closed = entry.body
        settling = settling or entry.kind == "settling"
    return None if opened is None else OpenedRun(run, opened.at, opened.body, closed, settling, believed)


def opened_run(ledger: Ledger, run: str) -> OpenedRun:
    """Return a run that was opened, to go by what its opening allows.

    Raises:
        Refused: the ledger holds no such run, or its opening was changed.
    """
    found = find_run(ledger, run)
    if found is None:
        raise Refused(f"run {run}: the ledger holds no such run; begin again from its plan")
    return _believed(found)


def _believed(found: OpenedRun) -> OpenedRun:
    if not found.believed:
        raise Refused(
            f"run {found.run}: its opening isn't as the ledger's own key signed it, so nothing goes by it; see "
            "`retention ledger verify`, and let the next night settle the run"
        )
    return found


def open_run(pipeline: Pipeline, plan: Plan, run: str, wish: Wish) -> OpenedRun:
    """Decide over every rule of the plan and open the run. A run that is open already stays as it is.

    Raises:
        Refused: a rule is accepted that the matrix doesn't have or the run leaves out, or nobody is named, or nothing
            was looked at before, or the opening was changed.
        LedgerFault: the ledger can't be written; nothing was begun.
    """
    check_accepted(pipeline, wish)
    known = find_run(pipeline.ledger, run)
    if known is not None:
        return _believed(known)
    before = recall_before(pipeline.ledger, run)
    decisions = decide(plan, pipeline.approvals, wish.accepted, wish.by, in_utc(pipeline.now().isoformat()))
    withheld = {key: (outcome.status, outcome.reason) for key, outcome in decisions.withheld.items()}
    for rule_id, why in before.stopped.items():
        for rule in plan.rules:
            if rule.id.removesuffix(".after") == rule_id:
                withheld[rule.id, rule.shard] = ("failed", why)
    shards = planned_by_shard(plan, withheld)
    body = {
        "plan": plan.digest,
        "as_of": plan.as_of.isoformat(),
        "matrix": plan.matrix,
        "dry_run": wish.dry_run,
        "databases": list(plan.databases),
        "who": wish.who or _user(),
        "from": socket.gethostname(),
        "rules": [
            {
                "id": rule.id,
                "database": rule.database,
                "table": rule.table,
                "action": rule.action,
                "planned": rule.planned,
                "shard": rule.shard,
                "most": _most(pipeline, wish, rule, shards),
            }
            for rule in plan.rules
        ],
        "approvals": decisions.approvals,
        "withheld": [
            {"rule": rule, "shard": shard, "status": status, "reason": reason}
            for (rule, shard), (status, reason) in withheld.items()
        ],
        "refused": list(before.refused),
        "holds": holds_recorded(pipeline, plan.databases),
        "checks": [check.as_json() for check in before.checks],
        "findings": list(before.findings),
        "facts": {**facts(pipeline.matrix), "databases": list(before.databases)},
    }
    pipeline.ledger.begin_run(run, body)
    for approval in decisions.approvals:
        if approval["kind"] == "accept":
            pipeline.approvals.accept(run, approval["rule"], approval["count"], approval["by"])
    return opened_run(pipeline.ledger, run)


def planned_by_shard(plan: Plan, withheld: Collection[tuple[str, int]]) -> Mapping[str, Mapping[int, int]]:
    """Return by rule how many rows are planned on each shard where it may be carried out."""
    found: dict[str, dict[int, int]] = {}
    for rule in plan.rules:
        if (rule.id, rule.shard) not in withheld:
            found.setdefault(rule.id, {})[rule.shard] = rule.planned
    return found


def _most(pipeline: Pipeline, wish: Wish, rule: RulePlan, shards: Mapping[str, Mapping[int, int]]) -> int:
    """Return how many rows a rule may take on its shard within what is wished and what the matrix allows."""
    budgets = [one for one in (wish.budget, pipeline.matrix.databases[rule.database].execute.rows) if one is not None]
    mine = shards.get(rule.id, {})
    return share(min(budgets), mine, rule.shard) if budgets and rule.shard in mine else rule.planned


def _user() -> str:
    """Return the operating system's user; containers often have one without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
