"""Before a run: clocks that are null, unreadable or in the future, and orphans that are there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import and_, case, exists, func, literal, not_, or_, select

from retention.database.connect import Database
from retention.database.relations import joined
from retention.plan.clocks import sure
from retention.plan.rules import BoundRule
from retention.plan.units import Unit
from retention.quality.expectations import judge
from retention.quality.measure import Check, Expected, Measure

_ORPHANS = "orphans"
_TOLERATED = ("null", "unreadable", "future")


def check_before(database: Database, units: Sequence[Unit], as_of: date) -> list[Check]:
    """Return the checks of every rule of the database, and the orphans of every relation of its rules' tables."""
    rules = [rule for unit in units for rule in unit.rules if rule.follows is None]
    measures = [_clocks(rule, as_of) for rule in rules if rule.clocks]
    taken = judge(database, "before", [*measures, *orphans(units)])
    return [
        _tolerated(check, rules, taken) if check.check in _TOLERATED else check
        for check in taken
        if check.check != "selected"
    ]


def stopped_by(checks: Sequence[Check]) -> dict[str, str]:
    """Return the rules that their clocks stop, with why; orphans stop nothing."""
    return {
        check.rule: f"{check.check} clocks: {check.count:,} rows, more than the rule tolerates"
        for check in checks
        if not check.ok and check.check in _TOLERATED
    }


def _clocks(rule: BoundRule, as_of: date) -> Measure:
    row = rule.row
    nulls = [keep.clock.null(row) for keep in rule.keeps if not keep.may_be_absent]
    unreadable = [clock.unreadable(row) for clock in rule.clocks]
    future = [keep.clock.from_day(row, as_of + timedelta(days=1)) for keep in rule.keeps]
    columns = {
        "selected": [literal(1) == literal(1)],
        "null": nulls,
        "unreadable": unreadable,
        "future": future,
    }
    query = (
        select(
            *(
                func.count(case((or_(*(sure(one) for one in found)), 1))).label(f"n_{name}")
                if found
                else (func.count() - func.count()).label(f"n_{name}")
                for name, found in columns.items()
            )
        )
        .select_from(row)
        .where(rule.selected(row))
    )
    return Measure(
        str(rule.binding.name_of(rule.table)),
        query,
        {f"n_{name}": Expected(rule.id, name) for name in columns},
    )


def _tolerated(check: Check, rules: Sequence[BoundRule], taken: Sequence[Check]) -> Check:
    """Return the check judged by the share that its rule tolerates; left out, it is counted and never stops."""
    rule = next(one for one in rules if one.id == check.rule)
    share = getattr(rule.rule.tolerate, check.check)
    selected = next(one.count for one in taken if one.rule == check.rule and one.check == "selected")
    if share is None:
        return check
    return replace(check, ok=check.count <= share * selected, note=f"of {selected:,} rows, {share:.2%} tolerated")


def orphans(units: Sequence[Unit], most: dict[str, int] | None = None) -> list[Measure]:
    """Return a measure per relation of the units' tables: rows whose parent isn't there.

    ``most`` gives how many there may be, by the relation's text; without it they are only counted.
    """
    measures: list[Measure] = []
    seen: set[str] = set()
    for unit in units:
        tables = {rule.table for rule in unit.rules} | set(unit.part_owners)
        for relation in unit.binding.graph.relations:
            name = str(relation)
            if name in seen or not relation.holds or not tables & {relation.parent}:
                continue
            seen.add(name)
            child = unit.binding.shape(relation.child).sql.alias()
            parent = unit.binding.shape(relation.parent).sql.alias()
            alone = not_(exists(select(literal(1)).where(joined(relation, child, parent)).correlate(child)))
            whole = and_(*(child.c[column].is_not(None) for column in relation.columns))
            query = select(func.count(case((and_(whole, alone), 1))).label("n_orphans")).select_from(child)
            limit = None if most is None else most.get(name, 0)
            expected = {"n_orphans": Expected("", f"{_ORPHANS} {name}", limit)}
            measures.append(Measure(str(unit.binding.name_of(relation.child)), query, expected))
    return measures
