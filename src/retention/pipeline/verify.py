"""Looking again, any day later: from the databases themselves, by another way than the executor's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from retention.errors import Finding
from retention.execute.settle import committed, latest, settle
from retention.ledger import RunHead
from retention.matrix.binding import Binding
from retention.pipeline.after import take_checks
from retention.pipeline.base import Pipeline
from retention.pipeline.scene import Scene
from retention.pipeline.unknown import unknown_runs
from retention.quality.measure import Check


@dataclass
class Verification:
    """What a look at databases and ledger found. ``problems`` are proofs that don't hold.

    ``findings`` are those that a run has too: of a rule that one refuses nobody has looked at a row.
    """

    as_of: date
    checks: list[Check]
    problems: list[str] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()

    @property
    def exit_code(self) -> int:
        """Return 1 where anything doesn't hold."""
        return 1 if self.problems or self.errors or not all(check.ok for check in self.checks) else 0

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that stop something."""
        return tuple(one for one in self.findings if one.severity == "error")

    def as_json(self) -> dict[str, Any]:
        """Return the document that ``verify --json`` prints."""
        return {
            "schema": "retention.verify/1",
            "as_of": self.as_of.isoformat(),
            "ok": self.exit_code == 0,
            "checks": [check.as_json() for check in self.checks],
            "problems": list(self.problems),
            "findings": [finding.as_json() for finding in self.findings],
        }


def verify(pipeline: Pipeline, as_of: date | None = None, *, quiesced: bool = False) -> Verification:
    """See that nothing due is left, that ledger and markers agree, and that the ledger is whole.

    ``as_of`` defaults to the last run's. ``quiesced`` says that the databases are at rest: orphans are faults too.

    Raises:
        Refused: a database is missing, unreachable or of another identity.
        MatrixRefused: a finding refuses the run.
    """
    runs = [run for run in pipeline.ledger.runs() if run.closed is not None and not run.closed.get("dry_run")]
    last = runs[-1] if runs else None
    day = as_of or (date.fromisoformat(last.opened["as_of"]) if last else pipeline.today)
    with pipeline.bindings() as bindings:
        scene = Scene.of(pipeline, bindings, day)
        may_stay = _waiting(runs)
        checks = take_checks(pipeline, scene, day, [], [], phase="verify", waiting=may_stay)
        if quiesced:
            checks = [replace(one, ok=one.ok and not (_orphan(one) and one.count)) for one in checks]
        checks = [
            replace(one, ok=True, note="its rule waits or was denied")
            if one.check in ("due left", "overdue left") and (one.rule, one.shard) in may_stay
            else one
            for one in checks
        ]
        problems = [*pipeline.ledger.verify(), *_unknown(pipeline, bindings)]
        for run in runs:
            markers: dict[tuple[str, int], int] = {}
            named = {one["identity"] for one in run.opened["databases"]}
            mine = [one for one in bindings if one.identity in named]
            for binding in mine:
                with binding.database.planning() as connection:
                    markers.update(committed(connection, run.run))
            told = latest(entry.body for entry in pipeline.ledger.entries(run=run.run, kind="batch"))
            settled, wrong = settle(told, markers)
            problems.extend(f"run {run.run}: {one}" for one in wrong)
            if len(mine) == len(named):
                problems.extend(_lost(run, settled))
                problems.extend(_early(run))
    return Verification(day, checks, problems, scene.findings)


def _unknown(pipeline: Pipeline, bindings: Sequence[Binding]) -> Iterator[str]:
    """Yield runs that have left markers and aren't in the ledger: it is another one, or its end was cut off."""
    for database, runs in unknown_runs(pipeline.ledger, bindings):
        for run in runs:
            yield f"{database.label}: run {run} has destroyed rows here, and the ledger doesn't know it"


def _orphan(check: Check) -> bool:
    return check.check.startswith("orphans ")


def _waiting(runs: Sequence[RunHead]) -> set[tuple[str, int]]:
    """Return the rules that were waiting when a run last had them, each with its shard."""
    last = {(rule["id"], rule.get("shard", 0)): rule["status"] for run in runs for rule in (run.closed or {})["rules"]}
    return {key for key, status in last.items() if status == "waiting"}


def _lost(run: RunHead, settled: list[dict[str, Any]]) -> list[str]:
    """Return what the closing entry says was done and the markers don't.

    Of a unit that nobody could see when the run was settled, the closing entry claims nothing.
    """
    assert run.closed is not None
    unseen = run.closed.get("unseen", ())
    claimed = sum(rule["done"] for rule in run.closed["rules"])
    there = sum(batch["rows"] for batch in settled if batch["committed"] and batch["unit"] not in unseen)
    if claimed == there:
        return []
    return [f"run {run.run}: its closing entry says {claimed:,} rows, the markers beside the data say {there:,}"]


def _early(run: RunHead) -> list[str]:
    """Return each rule whose newest destroyed event doesn't lie before the cutoff of its periods."""
    assert run.closed is not None
    found = []
    for rule in run.closed["rules"]:
        cutoffs = [basis["cutoff"] for basis in rule.get("bases", ()) if "cutoff" in basis]
        newest = rule.get("newest_clock")
        if newest and cutoffs and newest >= max(cutoffs):
            found.append(f"run {run.run}: rule {rule['id']} reached an event of {newest}, not before its cutoff")
    return found
