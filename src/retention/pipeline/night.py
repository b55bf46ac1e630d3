"""One whole night: settle, plan, check, decide, carry out, check again, close; each step recorded before the next."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from retention.errors import Finding, Refused, RetentionError
from retention.execute.context import Outcome
from retention.matrix.binding import Binding
from retention.matrix.facts import facts
from retention.pipeline.base import Pipeline, new_run_id, refused_rules
from retention.pipeline.decide import decide
from retention.pipeline.holds import holds_met, holds_recorded
from retention.pipeline.plans import load_plan, record_plan
from retention.pipeline.settling import settle_broken_off
from retention.plan.plan import Plan, RulePlan
from retention.plan.units import Unit
from retention.quality.before import stopped_by
from retention.quality.measure import Check

SCHEMA = "retention.run/1"


@dataclass(frozen=True)
class Wish:
    """What somebody asked of a run."""

    as_of: date | None = None
    plan: str | None = None
    dry_run: bool = False
    accepted: Mapping[str, int] = field(default_factory=dict)
    by: str | None = None
    budget: int | None = None
    stop: Callable[[], str | None] = lambda: None


@dataclass
class Night:
    """A run and what came of it. ``document`` is ``retention.run/1``, as the ledger's closing entry holds it."""

    run: str
    plan: Plan
    outcomes: list[Outcome] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    broke_off: str = ""
    document: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Return the run's status, which follows from its rules' outcomes and its checks."""
        states = {one.status for one in self.outcomes}
        if self.broke_off:
            return "failed"
        if "stopped" in states:
            return "stopped"
        if states & {"failed", "refused"} or not all(check.ok for check in self.checks):
            return "partial" if states & {"done", "partial", "nothing"} else "failed"
        if "waiting" in states:
            return "waiting"
        return "partial" if "partial" in states else "succeeded"

    @property
    def exit_code(self) -> int:
        """Return what the command leaves with: the first that fits of 5, 4, 1, 3, else 0."""
        states = {one.status for one in self.outcomes}
        if self.broke_off:
            return 5
        if "stopped" in states:
            return 4
        wrong = any(finding.severity == "error" for finding in self.findings)
        if wrong or states & {"failed", "refused"} or not all(check.ok for check in self.checks):
            return 1
        return 3 if "waiting" in states else 0


def run_night(pipeline: Pipeline, wish: Wish) -> Night:
    """Run one night to its end.

    Raises:
        Refused: nothing was changed: a bad matrix, connection, schema, identity, day or plan, or another run at work.
        LedgerFault: the ledger can't be written; what was done before is in it.
    """
    stored = load_plan(pipeline.ledger, wish.plan) if wish.plan else None
    as_of = stored.as_of if stored else (wish.as_of or pipeline.today)
    pipeline.refuse_future(as_of)
    with pipeline.bindings() as bindings:
        for run in settle_broken_off(pipeline.ledger, bindings):
            pipeline.progress(f"run {run} had broken off; it is settled and closed")
        findings = pipeline.check(bindings)
        planner = pipeline.planner(as_of, findings)
        units: dict[str, Unit] = {}
        problems: list[Finding] = []
        for binding in bindings:
            found, unbound = planner.units(binding)
            units.update({unit.id: unit for unit in found})
            problems.extend(unbound)
        findings = (*findings, *(one for one in problems if one not in findings))
        plan = stored or planner.plan(bindings, findings)
        if stored is not None:
            _still_fits(pipeline, stored, bindings, units)
        record_plan(pipeline.ledger, plan)
        return _carry_out(pipeline, wish, plan, units, findings)


def _still_fits(pipeline: Pipeline, plan: Plan, bindings: Sequence[Binding], units: Mapping[str, Unit]) -> None:
    if plan.matrix != pipeline.matrix.digest:
        raise Refused(f"plan {plan.digest[:12]}: the matrix has changed since; make a new plan")
    if plan.calendar != pipeline.matrix.calendar.version:
        raise Refused(f"plan {plan.digest[:12]}: the calendar of holidays has changed since; make a new plan")
    here = [{"name": one.entry.name, "shard": one.database.shard, "identity": one.identity} for one in bindings]
    if list(plan.databases) != here:
        raise Refused(f"plan {plan.digest[:12]}: it was made for other databases; make a new plan")
    now = [(unit.id, rule.id) for unit in units.values() for rule in unit.rules]
    if [(rule.unit, rule.id) for rule in plan.rules] != now:
        raise Refused(f"plan {plan.digest[:12]}: the databases' schema has changed since; make a new plan")


def _carry_out(
    pipeline: Pipeline, wish: Wish, plan: Plan, units: Mapping[str, Unit], findings: tuple[Finding, ...]
) -> Night:
    run = new_run_id(pipeline.now())
    decisions = decide(plan, pipeline.approvals, wish.accepted, wish.by, pipeline.now().isoformat())
    opened = {
        "plan": plan.digest,
        "as_of": plan.as_of.isoformat(),
        "matrix": plan.matrix,
        "dry_run": wish.dry_run,
        "databases": list(plan.databases),
        "who": getpass.getuser(),
        "from": socket.gethostname(),
        "rules": [
            {
                "id": rule.id,
                "database": rule.database,
                "table": rule.table,
                "action": rule.action,
                "planned": rule.planned,
            }
            for rule in plan.rules
        ],
        "approvals": decisions.approvals,
        "holds": holds_recorded(pipeline, plan.databases),
        "facts": {**facts(pipeline.matrix), "databases": _databases(units)},
    }
    night = Night(run, plan, findings=findings)
    pipeline.ledger.begin_run(run, opened)
    for approval in decisions.approvals:
        if approval["kind"] == "accept":
            pipeline.approvals.accept(run, approval["rule"], approval["count"], approval["by"])
    withheld = dict(decisions.withheld)
    before = pipeline.before(units, plan.as_of)
    for rule_id, why in stopped_by(before).items():
        for rule in plan.rules:
            if rule.id.removesuffix(".after") == rule_id:
                withheld[rule.id, rule.shard] = Outcome(rule, "failed", reason=why)
    if wish.dry_run:
        night.outcomes = [withheld.get((rule.id, rule.shard)) or Outcome(rule) for rule in plan.rules]
        night.checks = before
    else:
        _units(pipeline, wish, night, units, withheld)
        after = [] if night.broke_off else pipeline.after(units, plan.as_of, night.outcomes, before)
        night.checks = [*before, *after]
        _note_standing(pipeline, night, units)
    night.outcomes.extend(_refused(pipeline, plan, findings))
    if not night.broke_off:
        night.document = _document(pipeline, night, opened)
        pipeline.ledger.close_run(run, night.document)
    return night


def _units(
    pipeline: Pipeline,
    wish: Wish,
    night: Night,
    units: Mapping[str, Unit],
    withheld: Mapping[tuple[str, int], Outcome],
) -> None:
    context = pipeline.context(night.run, night.plan.as_of, wish.stop, wish.budget)
    for unit_id in night.plan.units:
        unit = units[unit_id]
        shard = unit.binding.database.shard
        mine = {rule: outcome for (rule, one), outcome in withheld.items() if one == shard}
        try:
            night.outcomes.extend(pipeline.carry_out(night.run, night.plan, unit, mine, context))
        except Refused as problem:
            # Another run has come in between: what this one has done stays done, the rest stays.
            night.outcomes.extend(Outcome(rule, "refused", reason=str(problem)) for rule in night.plan.of_unit(unit_id))
        except RetentionError as problem:
            night.broke_off = str(problem)
            return


def _refused(pipeline: Pipeline, plan: Plan, findings: Sequence[Finding]) -> list[Outcome]:
    """Return an outcome for each rule that a finding stopped before it could be planned."""
    planned = {rule.id for rule in plan.rules}
    found: list[Outcome] = []
    for rule_id, why in refused_rules(pipeline.matrix, findings).items():
        rule = pipeline.matrix.rule(rule_id)
        named = not pipeline.rules or rule_id in pipeline.rules
        if rule_id not in planned and named and pipeline.wants(rule.table.database):
            found.append(
                Outcome(
                    RulePlan.refused(rule_id, rule.table.database, str(rule.table), rule.action.value),
                    "refused",
                    reason=why,
                )
            )
    return found


def _note_standing(pipeline: Pipeline, night: Night, units: Mapping[str, Unit]) -> None:
    for one in night.outcomes:
        if one.done and one.plan.unit in units:
            identity = units[one.plan.unit].binding.identity
            pipeline.approvals.note_carried_out(night.run, one.plan.id, one.plan.rule_digest, identity)


def _databases(units: Mapping[str, Unit]) -> list[dict[str, Any]]:
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for unit in units.values():
        database = unit.binding.database
        found[database.name, database.shard] = {
            "name": database.name,
            "shard": database.shard,
            "identity": unit.binding.identity,
            "engine": database.dialect.label,
            "leftovers": database.dialect.leftovers,
        }
    return list(found.values())


def _document(pipeline: Pipeline, night: Night, opened: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "run": night.run,
        "plan": night.plan.digest,
        "as_of": night.plan.as_of.isoformat(),
        "status": night.status,
        "dry_run": opened["dry_run"],
        "opened": opened_at(pipeline, night.run),
        "closed": instant(pipeline),
        "who": opened["who"],
        "from": opened["from"],
        "matrix": night.plan.matrix,
        "calendar": night.plan.calendar,
        "rules": [one.as_json() for one in night.outcomes],
        "checks": [check.as_json() for check in night.checks],
        "findings": [finding.as_json() for finding in night.findings],
        "approvals": list(opened["approvals"]),
        "holds": holds_met(opened["holds"], holds_recorded(pipeline, night.plan.databases)),
        "facts": opened["facts"],
    }


def instant(pipeline: Pipeline) -> str:
    """Return now as published documents hold it: UTC with ``Z``."""
    return pipeline.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def opened_at(pipeline: Pipeline, run: str) -> str:
    """Return when a run was opened, as published documents hold it."""
    entry = next(iter(pipeline.ledger.entries(run=run, task="run", kind="opened")))
    return entry.at[:19] + "Z"
