"""Before a run: clocks that are null, unreadable or in the future, and orphans that are there already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from math import floor

from sqlalchemy import and_, case, func, literal, not_, or_, select

from retention.database.connect import Database
from retention.database.exists import exists
from retention.database.relations import joined
from retention.plan.clocks import sure
from retention.plan.rules import BoundRule
from retention.plan.units import Unit
from retention.quality.expectations import judge
from retention.quality.measure import Check, Counted, Expected, Measure
from retention.quality.taking import take

_ORPHANS = "orphans"
_SELECTED = "selected"
_TOLERATED = ("null", "unreadable", "future")


def check_before(database: Database, units: Sequence[Unit], as_of: date) -> list[Check]:
    """Return the checks of every rule of the database, and the orphans of every relation of its rules' tables."""
    rules = [rule for unit in units for rule in unit.rules if rule.follows is None]
    measures = [_clocks(rule, as_of) for rule in rules if rule.clocks]
    taken = take(database, [*measures, *orphans(units)])
    selected = {one.expected.rule: one.count for one in taken if one.expected.check == _SELECTED}
    by_id = {rule.id: rule for rule in rules}
    return judge(
        "before",
        database,
        [
            _tolerated(one, by_id[one.expected.rule], selected) if one.expected.check in _TOLERATED else one
            for one in taken
            if one.expected.check != _SELECTED
        ],
    )


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
        _SELECTED: [literal(1) == literal(1)],
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


def _tolerated(counted: Counted, rule: BoundRule, selected: Mapping[str, int]) -> Counted:
    """Return the count with the limit that its rule tolerates; left out, it is counted and never stops."""
    share = getattr(rule.rule.tolerate, counted.expected.check)
    if share is None:
        return counted
    rows = selected[rule.id]
    note = f"of {rows:,} rows, {share:.2%} tolerated"
    return replace(counted, expected=replace(counted.expected, most=floor(share * rows), note=note))


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
