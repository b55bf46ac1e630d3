"""The look after a run, by another way than the executor's; written into the run before it is closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date

from retention.database.connect import Database
from retention.errors import Refused
from retention.execute.context import Outcome
from retention.execute.transforms import build_transforms
from retention.keys import RunKey
from retention.ledger import Ledger
from retention.pipeline.base import Pipeline
from retention.pipeline.opening import opened_run
from retention.pipeline.outcomes import outcomes_of
from retention.pipeline.scene import Scene
from retention.plan.plan import Plan
from retention.plan.units import Unit
from retention.quality.after import Formats, check_after, orphan_counts
from retention.quality.measure import Check

_TASK = "after"
_KIND = "checks"


def look_after(pipeline: Pipeline, scene: Scene, plan: Plan, run: str) -> list[Check]:
    """Take the checks after a run and record them in it; a dry run has none.

    Raises:
        Refused: there is no such run, or matrix, calendar or schema have changed since its plan.
        BrokeOff: a unit has not come to its end.
        DatabaseFault: a measure could not be taken.
    """
    opened = opened_run(pipeline.ledger, run)
    if opened.closed is not None or opened.dry_run:
        return checks_after(pipeline.ledger, run)
    scene.require(pipeline, plan)
    outcomes = outcomes_of(pipeline.ledger, plan, opened)
    checks = take_checks(pipeline, scene, plan.as_of, outcomes, opened.before)
    pipeline.ledger.chain(run, _TASK).append(_KIND, {"checks": [check.as_json() for check in checks]})
    return checks


def checks_after(ledger: Ledger, run: str) -> list[Check]:
    """Return the checks that were recorded after a run; a retried task's last ones."""
    recorded = list(ledger.entries(run=run, task=_TASK, kind=_KIND))
    return [Check(**one) for one in recorded[-1].body["checks"]] if recorded else []


def was_looked_at(ledger: Ledger, run: str) -> bool:
    """Whether the checks after a run were taken."""
    return any(ledger.entries(run=run, task=_TASK, kind=_KIND))


def take_checks(
    pipeline: Pipeline,
    scene: Scene,
    as_of: date,
    outcomes: Sequence[Outcome],
    before: Sequence[Check],
    phase: str = "after",
    waiting: Collection[tuple[str, int]] = (),
) -> list[Check]:
    """Return the checks of every database of the scene.

    Rows of rules that are ``waiting``, told by rule and shard, may keep others'.
    """
    holds = pipeline.holds.of_last_run(pipeline.today)
    checks: list[Check] = []
    for database, members in scene.by_database():
        pipeline.progress(f"checking {database.name} {phase}")
        checks.extend(
            check_after(
                database,
                members,
                as_of,
                may_stay=_may_be_left(outcomes, database),
                formats=_formats_of(members),
                orphans_before=orphan_counts(before, database) if before else None,
                phase=phase,
                holds=holds,
                waiting=[rule for rule, shard in waiting if shard == database.shard],
            )
        )
    return checks


def _may_be_left(outcomes: Sequence[Outcome], database: Database) -> dict[str, int | None]:
    """Return how many due rows each rule may leave in a database; None where it was not carried out to its end."""
    return {
        one.plan.id: (one.survived + one.drifted if one.status in ("done", "nothing", "partial") else None)
        for one in outcomes
        if (one.plan.database, one.plan.shard) == (database.name, database.shard)
    }


def _formats_of(units: Sequence[Unit]) -> Formats:
    """Return the format of every column's new values, where they have one."""
    found: dict[str, dict[str, str]] = {}
    for unit in units:
        for rule in unit.rules:
            if rule.action.on_rows:
                continue
            try:
                transforms, _key = build_transforms(rule, RunKey.fresh)
            except Refused:
                continue
            found[rule.id] = {name: one.recognises for name, one in transforms.items() if one.recognises}
    return found
