"""Settling runs that broke off, before anything new begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
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

    Databases are told by their identity, whatever the matrix calls them. One that it has no longer can't be asked, and
    would leave the run open for ever: the run is closed without it, and says so.

    Raises:
        Refused: a run is at work on one of the databases, or the server still is for it, or one that broke off was
            begun on a database that isn't open here.
    """
    for binding in bindings:
        refuse_while_at_work(binding.database, binding.identity)
    settled: list[str] = []
    here = {binding.identity for binding in bindings}
    known = {identity for entry in pipeline.matrix.databases.values() for identity in entry.identities}
    for run in pipeline.ledger.open_runs():
        named = {one["identity"]: (one["name"], one["shard"]) for one in run.opened["databases"]}
        if not here.intersection(named):
            continue
        missing = sorted({name for identity, (name, _shard) in named.items() if identity in known - here})
        if missing:
            names = ", ".join(missing)
            raise Refused(f"run {run.run} broke off on {names} too; name that database as well, so that it is settled")
        _close(pipeline, run, bindings, {place for identity, place in named.items() if identity not in known})
        settled.append(run.run)
    return settled


def _close(pipeline: Pipeline, run: RunHead, bindings: Sequence[Binding], gone: Set[tuple[str, int]]) -> None:
    """Close one run. ``gone`` are those of its databases, each with its shard, that nobody can ask any more."""
    ledger = pipeline.ledger
    # From here on no task of it begins a unit, and what one has begun is fenced.
    ledger.chain(run.run, RUN_TASK).append("settling", {})
    markers: dict[tuple[str, int], int] = {}
    for binding in bindings:
        fence(binding.database, run.run)
        with binding.database.planning() as connection:
            markers.update(committed(connection, run.run))
    last = latest(entry.body for entry in ledger.entries(run=run.run, kind="batch"))
    plan, opened = load_plan(ledger, run.opened["plan"]), opened_run(ledger, run.run)
    unseen = {rule.unit for rule in plan.rules if (rule.database, rule.shard) in gone}
    batches, problems = settle({key: body for key, body in last.items() if key[0] not in unseen}, markers)
    begun = unseen.intersection(unit for unit, _seq in last)
    problems.extend(_unseen(name, [body for (unit, _), body in last.items() if unit == name]) for name in sorted(begun))
    ledger.chain(run.run, RUN_TASK).append("settled", {"batches": batches, "problems": problems})
    went = [body for key, body in last.items() if key in markers]
    withheld = opened.withheld(plan)
    outcomes = [withheld.get((rule.id, rule.shard)) or _outcome(rule, went) for rule in plan.rules]
    document = {
        **run_document(pipeline, plan, opened, [*outcomes, *refused_before(opened)], opened.before),
        "status": "failed",
        "broke_off": True,
        "problems": problems,
    }
    ledger.close_run(run.run, document)


def _unseen(unit: str, batches: Sequence[Mapping[str, Any]]) -> str:
    """Return what is to be said of a unit whose database can't be asked: its rows aren't counted as destroyed."""
    rows = sum(body["rows"] for body in batches)
    return (
        f"unit {unit}: the matrix has its database no longer, so nobody can see which of its {len(batches)} batches "
        f"({rows:,} rows) in the ledger were committed"
    )


def _outcome(rule: RulePlan, went: Sequence[Mapping[str, Any]]) -> Outcome:
    """Return what came of a rule of a run that broke off, as the batches tell that are committed."""
    mine = [body for body in went if (body["unit"], body["rule"]) == (rule.unit, rule.id)]
    outcome = Outcome(rule, "partial" if mine else "stopped", reason="the run broke off")
    for body in mine:
        outcome.done += body["rows"]
        outcome.batches += 1
        outcome.recall(body)
    return outcome
