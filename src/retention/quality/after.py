"""After a run: nothing due is left but what had to stay, what was changed looks changed, and no row lost its parent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import and_, case, func, not_, or_, select

from retention.database.connect import Database
from retention.database.reading import Sql
from retention.law import OVERDUE_AFTER
from retention.plan.clocks import sure
from retention.plan.rules import BoundRule
from retention.plan.units import Unit
from retention.quality.before import orphans
from retention.quality.expectations import judge
from retention.quality.held import HeldDue, held_due, without_held
from retention.quality.independent import due_left
from retention.quality.measure import Check, Counted, Expected, Measure
from retention.quality.taking import take
from retention.quality.together import left_together
from retention.register import Hold

Formats = Mapping[str, Mapping[str, str]]
"""Per rule and column the regular expression that every new value matches."""


def check_after(
    database: Database,
    units: Sequence[Unit],
    as_of: date,
    *,
    may_stay: Mapping[str, int | None],
    formats: Formats,
    orphans_before: Mapping[str, int] | None,
    phase: str = "after",
    holds: Sequence[Hold] = (),
    waiting: Collection[str] = (),
) -> list[Check]:
    """Return the checks of a database after a run.

    ``may_stay`` gives how many due rows of a rule may be left: None where the rule was not carried out, whose overdue
    rows then count as its own. Rows that ``holds`` cover aren't due, and what rows under rules that are
    ``waiting`` or weren't carried out keep isn't either. Without ``orphans_before`` orphans are only counted.
    """
    measures: list[Measure] = []
    counted: list[Counted] = []
    idle = frozenset([*waiting, *(rule for rule, most in may_stay.items() if most is None)])
    together = left_together(database, [unit.without(idle) for unit in units], _days(as_of), holds)
    alone = {rule for rule, _check in together}
    held = held_due(database, units, _days(as_of), holds, but=alone)
    for unit in units:
        for rule in unit.rules:
            most = _most(may_stay.get(rule.id, 0))
            if rule.id in alone:
                counted.extend(Counted(Expected(rule.id, one, most[one]), together[rule.id, one]) for one in most)
            else:
                measures.append(_due(unit, rule, as_of, most, held))
            if not rule.action.on_rows:
                measures.extend(_changed(rule, formats.get(rule.id, {})))
    known = dict(orphans_before) if orphans_before is not None else None
    measures.extend(orphans(units, known))
    return without_held(judge(phase, database, [*counted, *take(database, measures)]), held)


def orphan_counts(checks: Sequence[Check], database: Database) -> dict[str, int]:
    """Return how many orphans each relation had in a database, by the relation's text."""
    return {
        check.check.removeprefix("orphans "): check.count
        for check in checks
        if check.check.startswith("orphans ") and (check.database, check.shard) == (database.name, database.shard)
    }


def _days(as_of: date) -> dict[str, date]:
    """Return the day as of which each check of what is left looks."""
    return {"due left": as_of, "overdue left": as_of - timedelta(days=OVERDUE_AFTER)}


def _most(may_stay: int | None) -> dict[str, int | None]:
    """Return how many rows each check of what is left lets be left."""
    # Whatever came in between, a row that should have gone days ago is somebody's to look at.
    return {"due left": may_stay, "overdue left": None if may_stay is None else 0}


def _due(unit: Unit, rule: BoundRule, as_of: date, limits: Mapping[str, int | None], held: HeldDue) -> Measure:
    row = rule.row
    counts: list[Sql] = []
    expected: dict[str, Expected] = {}
    for check, day in _days(as_of).items():
        name, limit = f"n_{check.partition(' ')[0]}", limits[check]
        counts.append(func.count(case((sure(due_left(unit, rule, day)), 1))).label(name))
        kept = held.get((rule.id, check), 0)
        expected[name] = Expected(rule.id, check, None if limit is None else limit + kept)
    return Measure(str(unit.binding.name_of(rule.table)), select(*counts).select_from(row), expected)


def _changed(rule: BoundRule, formats: Mapping[str, str]) -> list[Measure]:
    row = rule.row
    columns: dict[str, tuple[Sql, Expected]] = {}
    for number, (name, spec) in enumerate(rule.rule.columns.items()):
        column = row.c[name]
        if spec.name == "null":
            columns[f"n_null_{number}"] = (column.is_not(None), Expected(rule.id, f"{name} not null", 0))
        elif name in formats:
            fits = rule.binding.database.dialect.fits(column, formats[name])
            wrong = and_(column.is_not(None), not_(sure(fits)))
            columns[f"n_format_{number}"] = (wrong, Expected(rule.id, f"{name} not in its format", 0))
    if not columns:
        return []
    done = sure(or_(rule.done(row)))
    query = (
        select(*(func.count(case((sure(test), 1))).label(label) for label, (test, _expected) in columns.items()))
        .select_from(row)
        .where(done)
    )
    expected = {label: expectation for label, (_test, expectation) in columns.items()}
    return [Measure(str(rule.binding.name_of(rule.table)), query, expected)]
