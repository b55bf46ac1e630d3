"""Whether a row is due, written another way than the executor's: Seoul days as text, each judged through ``last_day``.

No cutoff, no native bound and no plan's set is used, so that a mistake in one of them shows.
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import FromClause, and_, case, exists, func, literal, not_, null, or_, select

from retention.database.reading import Sql
from retention.database.relations import Relation
from retention.law import Computation, last_day
from retention.plan.clocks import ClockColumn
from retention.plan.ends import ClockEnd, EarliestEnd, EndSql, LaterEnd
from retention.plan.rules import BoundRule, joined
from retention.plan.units import Unit

_NEVER = "0000-00-00"
_STEP = 40


def due_left(unit: Unit, rule: BoundRule, as_of: date) -> Sql:
    """Return whether a row should be gone, or changed, and nothing that is still there refers to it."""
    siblings = unit.table_rules(rule).rules
    row = rule.row
    conditions = [rule.selected(row)]
    conditions.extend(or_(not_(one.selected(row)), _released(one, row, as_of)) for one in siblings)
    if rule.action.on_rows:
        conditions.extend(not_(_referred(unit, relation, row)) for relation in unit.referring(rule.table))
    else:
        conditions.append(not_(rule.done(row)))
    return and_(*conditions)


def newest_lapsed(as_of: date, period: str, roll: bool, computation: Computation, rule: BoundRule) -> str:
    """Return the newest day whose period ended before ``as_of``, found by trying days one after another."""
    day = as_of

    def over(event: date) -> bool:
        return last_day(event, period, roll, computation, rule.calendar) < as_of

    while not over(day):
        day -= timedelta(days=_STEP)
    while over(day + timedelta(days=1)):
        day += timedelta(days=1)
    return day.isoformat()


def _released(rule: BoundRule, row: FromClause, as_of: date) -> Sql:
    conditions: list[Sql] = []
    known: list[Sql] = []
    for keep in rule.keeps:
        basis = keep.keep.basis
        newest = newest_lapsed(as_of, basis.keep, basis.roll_holidays, basis.computation, rule)
        days = [_day(clock, row) for clock in keep.clock.columns]
        latest = _greatest(days)
        pairs = zip(keep.clock.columns, days, strict=True)
        readable = and_(*(or_(clock.null(row), day.is_not(None)) for clock, day in pairs))
        over = and_(latest > _NEVER, latest <= newest, readable)
        nothing = and_(*(clock.null(row) for clock in keep.clock.columns))
        conditions.append(or_(over, nothing) if keep.may_be_absent else over)
        known.append(not_(nothing))
    for end in rule.ends:
        conditions.append(_ended(end, rule, row, as_of))
        known.append(literal(1) == literal(1))
    for other, relation in rule.referencing:
        child = other.shape.sql.alias()
        refers = select(literal(1)).where(joined(relation, child, row), other.selected(child)).correlate(row)
        conditions.append(not_(exists(refers)))
    return and_(*conditions, or_(*known))


def _ended(end: EndSql, rule: BoundRule, row: FromClause, as_of: date) -> Sql:
    if isinstance(end, EarliestEnd):
        return or_(*(_ended(one, rule, row, as_of) for one in end.ends))
    if isinstance(end, LaterEnd):
        newest = newest_lapsed(as_of, end.period, end.roll_holidays, "civil", rule)
        latest = _greatest([_day(clock, row) for clock in end.columns])
        return and_(latest > _NEVER, latest <= newest)
    if isinstance(end, ClockEnd):
        yesterday = (as_of - timedelta(days=1)).isoformat()
        days = [_day(clock, row) for clock in end.columns]
        return or_(*(and_(day.is_not(None), day <= yesterday) for day in days))
    return end.ended(row, as_of)


def _day(clock: ClockColumn, row: FromClause) -> Sql:
    """Return the clock's Seoul day as text, null where there is none that can be read."""
    text = clock.seoul_day(row)
    floor = clock.clock.floor.isoformat()
    return case((and_(clock.readable(row), func.length(text) == len(floor), text >= floor), text), else_=null())


def _greatest(days: list[Sql]) -> Sql:
    """Return the latest of texts of which any may be null; the empty text where all are."""
    latest: Sql = func.coalesce(days[0], "")
    for day in days[1:]:
        other = func.coalesce(day, "")
        latest = case((other > latest, other), else_=latest)
    return latest


def _referred(unit: Unit, relation: Relation, row: FromClause) -> Sql:
    child = unit.binding.shape(relation.child).sql.alias()
    conditions = [joined(relation, child, row)]
    if relation.to_itself:
        conditions.append(not_(and_(*(child.c[name] == row.c[name] for name in unit.binding.row_key(relation.child)))))
    return exists(select(literal(1)).where(*conditions).correlate(row))
