"""Settling runs that broke off, before anything new begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from retention.database.alive import refuse_while_alive
from retention.database.lease import fence, refuse_while_at_work
from retention.errors import Refused
from retention.execute.context import Outcome
from retention.execute.settle import committed, latest, settle
from retention.ledger import RunHead
from retention.ledger.tables import RUN_TASK
from retention.matrix.binding import Binding
from retention.pipeline.base import Pipeline
from retention.pipeline.closing import run_document
from retention.pipeline.opening import find_run
from retention.pipeline.outcomes import refused_before
from retention.pipeline.plans import load_plan
from retention.plan.plan import RulePlan

_UNSIGNED = (
    "its opening isn't as the ledger's own key signed it: what it says of rules that were withheld, of approvals, of "
    "checks and of holds proves nothing"
)


@dataclass(frozen=True)
class Without:
    """A person's word that a run is to be settled without databases that are gone for good, by their identities.

    ``by`` and ``note`` say who decided and why; everybody who reads a report reads them.
    """

    identities: frozenset[str]
    by: str
    note: str


def settle_broken_off(pipeline: Pipeline, bindings: Sequence[Binding]) -> list[str]:
    """Close every run that was left open: its batches by their markers, under its own id. Return the runs' ids.

    Databases are told by their identity, whatever the matrix calls them.

    Raises:
        Refused: a run is at work on one of the databases, or the server still is for it, or one that broke off was
            begun on a database that isn't open here.
    """
    for binding in bindings:
        refuse_while_at_work(binding.database, binding.identity)
    settled: list[str] = []
    here = {binding.identity for binding in bindings}
    for run in pipeline.ledger.open_runs():
        if here.isdisjoint(_identities(run)):
            continue
        _refuse_unready(pipeline, run, bindings, frozenset())
        _close(pipeline, run, bindings)
        settled.append(run.run)
    return settled


def settle_without(pipeline: Pipeline, run: str, without: Without) -> Mapping[str, Any]:
    """Close one run that broke off, without databases that nobody can ask any more. Return its document.

    What may have been committed there is never counted as destroyed, and the document says so, with who decided.

    Raises:
        Refused: the run isn't open, or a database is not the run's or is still in the matrix, or one that the matrix
            has can't be asked, or the run is at work.
    """
    found = next((one for one in pipeline.ledger.open_runs() if one.run == run), None)
    if found is None:
        raise Refused(f"run {run}: the ledger holds no open run of that id")
    named, entries = _identities(found), pipeline.matrix.databases.values()
    for identity in sorted(without.identities - set(named)):
        raise Refused(f"--without {identity}: run {run} was not begun on a database of that identity")
    for identity in sorted(without.identities & _known(pipeline)):
        raise Refused(f"--without {identity}: the matrix has that database, so it can be asked; take it out first")
    mine = frozenset(entry.name for entry in entries if not set(named).isdisjoint(entry.identities))
    if not mine:
        raise Refused(f"run {run}: this matrix has none of its databases; settle it with the one that has")
    with replace(pipeline, databases=mine, rules=frozenset()).bindings() as bindings:
        for binding in bindings:
            refuse_while_at_work(binding.database, binding.identity)
        _refuse_unready(pipeline, found, bindings, without.identities)
        return _close(pipeline, found, bindings, without)


def _identities(run: RunHead) -> dict[str, tuple[str, int]]:
    """Return the name and the shard of each database that a run was begun on, by its identity."""
    return {one["identity"]: (one["name"], one["shard"]) for one in run.opened["databases"]}


def _known(pipeline: Pipeline) -> set[str]:
    return {identity for entry in pipeline.matrix.databases.values() for identity in entry.identities}


def _refuse_unready(pipeline: Pipeline, run: RunHead, bindings: Sequence[Binding], without: Set[str]) -> None:
    """See that a run is dead, and that all that can be asked about it is open.

    A database that this matrix lacks may be another matrix's, with the run at work on it at this moment: nobody but a
    person can say that it is gone.

    Raises:
        Refused: it isn't so.
    """
    named = _identities(run)
    for binding in bindings:
        if binding.identity in named:
            refuse_while_alive(binding.database, binding.identity, run.run)
    left = set(named) - without - {binding.identity for binding in bindings}
    closed = sorted({named[identity][0] for identity in left & _known(pipeline)})
    if closed:
        names = ", ".join(closed)
        raise Refused(f"run {run.run} broke off on {names} too; name that database as well, so that it is settled")
    if left:
        names = ", ".join(f"{named[identity][0]} (identity {identity})" for identity in sorted(left))
        options = " ".join(f"--without {identity}" for identity in sorted(left))
        raise Refused(
            f"run {run.run} is open on {names} too, which this matrix hasn't: settle it by `retention run` with the "
            f"matrix that has; only if that database is gone for good: `retention ledger settle {run.run} {options} "
            "--by NAME --note TEXT`"
        )


def _close(
    pipeline: Pipeline, run: RunHead, bindings: Sequence[Binding], without: Without | None = None
) -> Mapping[str, Any]:
    """Close one run, and return what its closing entry says."""
    ledger, named = pipeline.ledger, _identities(run)
    decision: dict[str, Any] = {}
    if without is not None:
        decision = {"without": sorted(without.identities), "by": without.by, "note": without.note}
    gone = {named[identity] for identity in decision.get("without", ())}
    # From here on no task of it begins a unit, and what one has begun is fenced.
    ledger.chain(run.run, RUN_TASK).append("settling", decision)
    markers: dict[tuple[str, int], int] = {}
    for binding in bindings:
        fence(binding.database, run.run)
        with binding.database.planning() as connection:
            markers.update(committed(connection, run.run))
    last = latest(entry.body for entry in ledger.entries(run=run.run, kind="batch"))
    plan, opened = load_plan(ledger, run.opened["plan"]), find_run(ledger, run.run)
    assert opened is not None
    unseen = {rule.unit for rule in plan.rules if (rule.database, rule.shard) in gone}
    batches, wrong = settle({key: body for key, body in last.items() if key[0] not in unseen}, markers)
    begun = unseen.intersection(unit for unit, _seq in last)
    problems = [*_decided(decision), *([] if opened.believed else [_UNSIGNED]), *wrong]
    problems.extend(_unseen(name, [body for (unit, _), body in last.items() if unit == name]) for name in sorted(begun))
    ledger.chain(run.run, RUN_TASK).append("settled", {"batches": batches, "problems": problems})
    went = [body for key, body in last.items() if key in markers]
    withheld = opened.withheld(plan) if opened.believed else {}
    outcomes = [withheld.get((rule.id, rule.shard)) or _outcome(rule, went) for rule in plan.rules]
    every = [*outcomes, *refused_before(opened)]
    document = {
        # When it broke off nobody knows: what was held since then may be what it has destroyed.
        **run_document(pipeline, plan, opened, every, opened.before, opened.body["holds"]),
        "status": "failed",
        "broke_off": True,
        "problems": problems,
    }
    if decision:
        document |= {"settled": decision, "unseen": sorted(unseen)}
    return ledger.close_run(run.run, document).body


def _decided(decision: Mapping[str, Any]) -> list[str]:
    """Return what is to be said of the databases that a run was settled without."""
    if not decision:
        return []
    names = ", ".join(decision["without"])
    return [f"settled without the database of identity {names}, as {decision['by']} decided: {decision['note']}"]


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
