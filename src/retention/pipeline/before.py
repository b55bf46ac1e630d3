"""The look before a run: quality checks, findings, and what the databases are; written down for the steps after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from retention.errors import Finding, Refused
from retention.ledger import Ledger
from retention.pipeline.base import Pipeline, refused_rules
from retention.pipeline.scene import Scene
from retention.pipeline.unknown import warn_of_unknown
from retention.plan.plan import Plan
from retention.quality.before import check_before, stopped_by
from retention.quality.measure import Check

_KIND = "before"


@dataclass(frozen=True)
class Before:
    """What was seen before a run. ``refused`` are the rules that a finding stopped before they could be planned.

    ``databases`` are what a report says of each; ``unknown_runs`` is there where the ledger doesn't know so many runs.
    """

    checks: Sequence[Check]
    findings: Sequence[Mapping[str, Any]]
    refused: Sequence[Mapping[str, str]]
    databases: Sequence[Mapping[str, Any]]

    @property
    def stopped(self) -> dict[str, str]:
        """Return the rules that their clocks stop, with why."""
        return stopped_by(self.checks)


def look_before(pipeline: Pipeline, scene: Scene, plan: Plan, run: str) -> Before:
    """Take the checks, database by database, and record them under the id that the run will have.

    It is an event of its own: the run is opened only once everybody who has to be asked has answered.

    Raises:
        Refused: matrix, calendar or schema have changed since the plan.
        DatabaseFault: a measure could not be taken.
    """
    scene.require(pipeline, plan)
    checks: list[Check] = []
    for database, members in scene.by_database():
        pipeline.progress(f"checking {database.name} before")
        checks.extend(check_before(database, members, plan.as_of))
    unknown = warn_of_unknown(pipeline, scene.bindings)
    databases = [
        {**one, "unknown_runs": unknown[where]} if (where := (one["name"], one["shard"])) in unknown else one
        for one in scene.databases()
    ]
    seen = Before(
        checks,
        [finding.as_json() for finding in scene.findings],
        _refused(pipeline, plan, scene.findings),
        databases,
    )
    body = {
        "run": run,
        "plan": plan.digest,
        "checks": [check.as_json() for check in seen.checks],
        "findings": list(seen.findings),
        "refused": list(seen.refused),
        "databases": list(seen.databases),
    }
    pipeline.ledger.record(_KIND, body, key=run)
    return seen


def recall_before(ledger: Ledger, run: str) -> Before:
    """Return what was seen before a run.

    Raises:
        Refused: nothing was looked at under that id.
    """
    entry = ledger.find(_KIND, run)
    if entry is None:
        raise Refused(f"run {run}: the ledger holds no checks before it; begin again from its plan")
    body = entry.body
    return Before([Check(**one) for one in body["checks"]], body["findings"], body["refused"], body["databases"])


def _refused(pipeline: Pipeline, plan: Plan, findings: Sequence[Finding]) -> list[dict[str, str]]:
    planned = {rule.id for rule in plan.rules}
    found: list[dict[str, str]] = []
    for rule_id, why in refused_rules(pipeline.matrix, findings).items():
        rule = pipeline.matrix.rule(rule_id)
        named = not pipeline.rules or rule_id in pipeline.rules
        if rule_id not in planned and named and pipeline.wants(rule.table.database):
            found.append(
                {
                    "rule": rule_id,
                    "database": rule.table.database,
                    "table": str(rule.table),
                    "action": rule.action.value,
                    "reason": why,
                }
            )
    return found
