"""Closing a run: its document, from what the ledger holds of its steps, signed into the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention.errors import BrokeOff
from retention.execute.context import Outcome
from retention.law import in_utc
from retention.pipeline.after import checks_after, was_looked_at
from retention.pipeline.base import Pipeline
from retention.pipeline.holds import holds_met, holds_recorded
from retention.pipeline.opening import OpenedRun, opened_run
from retention.pipeline.outcomes import outcomes_of
from retention.pipeline.status import status_of
from retention.plan.plan import Plan
from retention.quality.measure import Check

SCHEMA = "retention.run/1"


def close_run(pipeline: Pipeline, plan: Plan, run: str) -> Mapping[str, Any]:
    """Close a run and return its document, ``retention.run/1``; a run that is closed already stays as it is.

    Raises:
        Refused: there is no such run.
        BrokeOff: a unit has not come to its end, or nobody has looked at the databases since.
        LedgerFault: the ledger can't be written; what was done before is in it.
    """
    opened = opened_run(pipeline.ledger, run)
    if opened.closed is not None:
        return opened.closed
    outcomes = outcomes_of(pipeline.ledger, plan, opened)
    if not opened.dry_run:
        if not was_looked_at(pipeline.ledger, run):
            raise BrokeOff(f"run {run}: the databases were not looked at after it; what was done is in the ledger")
        _note_standing(pipeline, plan, run, outcomes)
    checks = [*opened.before, *checks_after(pipeline.ledger, run)]
    # Another night may have settled it meanwhile: then that is what the ledger says of it.
    holds = holds_met(opened.body["holds"], holds_recorded(pipeline, plan.databases))
    closed = pipeline.ledger.close_run(run, run_document(pipeline, plan, opened, outcomes, checks, holds)).body
    return {name: value for name, value in closed.items() if name != "closing"}


def _note_standing(pipeline: Pipeline, plan: Plan, run: str, outcomes: Sequence[Outcome]) -> None:
    identities = {(one["name"], one["shard"]): one["identity"] for one in plan.databases}
    for one in outcomes:
        if one.done:
            identity = identities[one.plan.database, one.plan.shard]
            pipeline.approvals.note_carried_out(run, one.plan.id, one.plan.rule_digest, identity)


def broken_off(
    plan: Plan, run: str, outcomes: Sequence[Outcome], checks: Sequence[Check], problem: str
) -> dict[str, Any]:
    """Return what is known of a run that broke off, until the next one settles it; the ledger may be out of reach."""
    return {
        "schema": SCHEMA,
        "run": run,
        "plan": plan.digest,
        "as_of": plan.as_of.isoformat(),
        "status": "failed",
        "broke_off": True,
        "error": problem,
        "rules": [one.as_json() for one in outcomes],
        "checks": [check.as_json() for check in checks],
    }


def run_document(
    pipeline: Pipeline,
    plan: Plan,
    opened: OpenedRun,
    outcomes: Sequence[Outcome],
    checks: Sequence[Check],
    holds: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what a run's closing entry says of it; ``holds`` are those that it met."""
    body = opened.body
    rules = [one.as_json() for one in outcomes]
    taken = [check.as_json() for check in checks]
    return {
        "schema": SCHEMA,
        "run": opened.run,
        "plan": plan.digest,
        "as_of": plan.as_of.isoformat(),
        "status": status_of(rules, taken),
        "dry_run": opened.dry_run,
        "opened": in_utc(opened.at),
        "closed": in_utc(pipeline.now().isoformat()),
        "who": body["who"],
        "from": body["from"],
        "matrix": plan.matrix,
        "calendar": plan.calendar,
        "rules": rules,
        "checks": taken,
        "findings": list(body["findings"]),
        "approvals": list(body["approvals"]),
        "holds": list(holds),
        "facts": body["facts"],
    }
