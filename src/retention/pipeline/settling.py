"""Settling runs that broke off, before anything new begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention.database.lease import fence, refuse_while_at_work
from retention.errors import Refused
from retention.execute.context import Outcome
from retention.execute.settle import committed, latest, settle
from retention.ledger.ledger import RunHead
from retention.ledger.tables import RUN_TASK
from retention.matrix.binding import Binding
from retention.pipeline.base import Pipeline
from retention.pipeline.closing import run_document
from retention.pipeline.opening import opened_run
from retention.pipeline.outcomes import refused_before
from retention.pipeline.plans import load_plan
from retention.plan.plan import RulePlan


def settle_broken_off(pipeline: Pipeline, bindings: Sequence[Binding]) -> list[str]:
    """Close every run that was left open: its batches by their markers, under its own id. Return the runs' ids.

    Raises:
        Refused: a run is at work on one of the databases, or the server still is for it, or one that broke off was
            begun on a database that isn't open here.
    """
    for binding in bindings:
        refuse_while_at_work(binding.database, binding.identity)
    settled: list[str] = []
    for run in pipeline.ledger.open_runs():
        named = {(one["name"], one["shard"]) for one in run.opened["databases"]}
        here = {(binding.entry.name, binding.database.shard) for binding in bindings}
        if not named & here:
            continue
        if named - here:
            missing = ", ".join(sorted(name for name, _shard in named - here))
            raise Refused(
                f"run {run.run} broke off on {missing} too; name that database as well, so that it is settled"
            )
        _close(pipeline, run, bindings)
        settled.append(run.run)
    return settled


def _close(pipeline: Pipeline, run: RunHead, bindings: Sequence[Binding]) -> None:
    ledger = pipeline.ledger
    # From here on no task of it begins a unit, and what one has begun is fenced.
    ledger.chain(run.run, RUN_TASK).append("settling", {})
    markers: dict[tuple[str, int], int] = {}
    for binding in bindings:
        fence(binding.database, run.run)
        with binding.database.planning() as connection:
            markers.update(committed(connection, run.run))
    last = latest(entry.body for entry in ledger.entries(run=run.run, kind="batch"))
    batches, problems = settle(last, markers)
    ledger.chain(run.run, RUN_TASK).append("settled", {"batches": batches, "problems": problems})
    gone = [body for key, body in last.items() if key in markers]
    plan, opened = load_plan(ledger, run.opened["plan"]), opened_run(ledger, run.run)
    withheld = opened.withheld(plan)
    outcomes = [withheld.get((rule.id, rule.shard)) or _outcome(rule, gone) for rule in plan.rules]
    document = {
        **run_document(pipeline, plan, opened, [*outcomes, *refused_before(opened)], opened.before),
        "status": "failed",
        "broke_off": True,
        "problems": problems,
    }
    ledger.close_run(run.run, document)


def _outcome(rule: RulePlan, gone: Sequence[Mapping[str, Any]]) -> Outcome:
    """Return what came of a rule of a run that broke off, as the batches tell that are committed."""
    mine = [body for body in gone if (body["unit"], body["rule"]) == (rule.unit, rule.id)]
    outcome = Outcome(rule, "partial" if mine else "stopped", reason="the run broke off")
    for body in mine:
        outcome.done += body["rows"]
        outcome.batches += 1
        outcome.recall(body)
    return outcome
