"""Whether a row is due, written another way than the executor's: Seoul days as text, each judged through ``last_day``.

No cutoff, no native bound and no plan's set is used, so that a mistake in one of them shows.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

from sqlalchemy import FromClause, and_, false, func, literal, not_, or_, select, true

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import EARLIEST, Sql
from retention.database.relations import Relation, joined
from retention.matrix.binding import BoundPart
from retention.plan.clocks import ClockSql, sure
from retention.plan.ends import ClockEnd, EarliestEnd, EndSql, LaterEnd
from retention.plan.rules import BoundKeep, BoundRule
from retention.plan.units import Unit

_NEVER = "0000-00-00"
_STEP = 40


def due_left(unit: Unit, rule: BoundRule, as_of: date) -> Sql:
    """Return whether a row should be gone, or changed, and nothing that is still there refers to it.

    Parts that are its own alone, and that nothing else refers to, would have gone with it: they keep nothing.
    """
    siblings = unit.table_rules(rule).rules
    row = rule.row
    conditions = [rule.selected(row), released(rule, row, as_of)]
    others = (one for one in siblings if one is not rule)
    conditions.extend(or_(not_(one.selected(row)), released(one, row, as_of)) for one in others)
    if rule.action.on_rows:
        own = {part.relation for part in own_parts(unit, rule)}
        holding = (relation for relation in unit.referring(rule.table) if relation not in own)
        conditions.extend(not_(_referred(unit, relation, row)) for relation in holding)
    else:
        conditions.append(not_(rule.done(row)))
    return and_(*conditions)


def own_parts(unit: Unit, rule: BoundRule) -> tuple[BoundPart, ...]:
    """Return the kinds of parts that go with the rule's rows whatever else is there, but for a hold on one of them.

    They are those of no other table's rows, under no other rule of the same table, and only their own parts refer to
    them.
    """
    alone = len(unit.table_rules(rule).rules) == 1
    return tuple(part for part in rule.parts if alone and _is_own(unit, rule.table, part))


def _is_own(unit: Unit, owner: TableKey, part: BoundPart) -> bool:
    further = {one.relation for one in part.parts}
    return (
        unit.part_owners.get(part.table) == [(owner, part.relation)]
        and further.issuperset(unit.referring(part.table))
        and all(_is_own(unit, part.table, one) for one in part.parts)
    )


def newest_lapsed(as_of: date, over: Callable[[date], date]) -> str:
    """Return the newest event day whose last day, given by ``over``, lies before ``as_of``, found by trying days."""
    day = as_of
    try:
        while over(day) >= as_of:
            day -= timedelta(days=_STEP)
    except OverflowError:
        return _NEVER
    while over(day + timedelta(days=1)) < as_of:
        day += timedelta(days=1)
    return day.isoformat()


def released(rule: BoundRule, row: FromClause, as_of: date) -> Sql:
    """Return whether a rule that selects a row lets it go by the row's own clocks and purposes."""
    conditions: list[Sql] = []
    known: list[Sql] = []

    def newest(keep: BoundKeep) -> str:
        return newest_lapsed(as_of, partial(keep.end_of, calendar=rule.calendar))

    for keep in rule.keeps:
        over = _over(keep.clock, keep.clock.latest_day(row), row, newest(keep))
        conditions.append(or_(over, keep.clock.null(row)) if keep.may_be_absent else over)
        known.append(not_(keep.clock.null(row)))
    for end in rule.ends:
        conditions.append(_ended(end, row, as_of))
        known.append(true())
    for other, relation in rule.referencing:
        child = other.shape.sql.alias()
        refers = select(literal(1)).where(joined(relation, child, row), other.selected(child)).correlate(row)
        conditions.append(not_(exists(refers)))
    if rule.base is not None:
        conditions.append(not_(rule.base.alive(row, as_of)))
        running = (keep.clock.latest_day(row) > newest(keep) for keep in rule.base.keeps)
        conditions.extend(not_(sure(one)) for one in running)
    return and_(*conditions, or_(false(), *known))


def _ended(end: EndSql, row: FromClause, as_of: date) -> Sql:
    if isinstance(end, EarliestEnd):
        return and_(or_(*(_ended(one, row, as_of) for one in end.ends)), not_(sure(end.unreadable(row))))
    if isinstance(end, LaterEnd):
        return and_(
            _over(end.clock, end.clock.latest_day(row), row, newest_lapsed(as_of, end.end_of)),
            not_(sure(end.unreadable(row))),
        )
    if isinstance(end, ClockEnd):
        yesterday = (as_of - timedelta(days=1)).isoformat()
        return and_(_over(end.clock, end.clock.earliest_day(row), row, yesterday), not_(sure(end.unreadable(row))))
    return end.ended(row, as_of)


def _over(clock: ClockSql, day: Sql, row: FromClause, newest: str) -> Sql:
    """Return whether the day that decides is there, no later than ``newest``, and nothing beside it is unreadable."""
    sound = (
        or_(one.null(row), sure(one.day(row) >= max(one.clock.floor, EARLIEST).isoformat())) for one in clock.columns
    )
    return and_(sure(day <= newest), func.length(day) == len(newest), *sound)


def _referred(unit: Unit, relation: Relation, row: FromClause) -> Sql:
    child = unit.binding.shape(relation.child).sql.alias()
    conditions = [joined(relation, child, row)]
    if relation.to_itself and not unit.moves_along(relation):
        conditions.append(not_(and_(*(child.c[name] == row.c[name] for name in unit.binding.row_key(relation.child)))))
    return exists(select(literal(1)).where(*conditions).correlate(row))
