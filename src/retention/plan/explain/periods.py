"""What a row's clocks come to: each statutory period and each purpose, with the steps to its last day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from retention.law import LAST_EVENT, Reckoning, reckon
from retention.matrix.model import Purpose
from retention.plan.ends import EarliestEnd, EndSql, LaterEnd, TermEnd
from retention.plan.explain.answer import Counted, Ended
from retention.plan.explain.reading import RowRead
from retention.plan.rules import BoundKeep, BoundRule


def counted(rule: BoundRule, read: RowRead, as_of: date) -> tuple[Counted, ...]:
    """Return the rule's statutory periods on the row."""
    return tuple(_counted(rule, keep, read, as_of) for keep in rule.keeps)


def ended(rule: BoundRule, read: RowRead) -> tuple[Ended, ...]:
    """Return the rule's purposes on the row, or the term that follows a transformation."""
    uses = [None] if rule.follows is not None else [use.purpose for use in rule.rule.purposes]
    return tuple(
        _ended(rule, purpose, end, read, readable=read.end_readable[number], past=read.ended[number])
        for number, (purpose, end) in enumerate(zip(uses, rule.ends, strict=True))
    )


def own_last_day(bases: Iterable[Counted], purposes: Iterable[Ended]) -> date | None:
    """Return the last day by the row's own periods and purposes; None where one of them isn't known."""
    days = [one.last_day for one in bases if one.applies]
    days.extend(one.ends for one in purposes)
    known = [day for day in days if day is not None]
    return max(known, default=None) if len(known) == len(days) else None


def _counted(rule: BoundRule, keep: BoundKeep, read: RowRead, as_of: date) -> Counted:
    seen = tuple(read.seen[clock] for clock in keep.clock.columns)
    broken = any(one.problem == "unreadable" for one in seen)
    event = None if broken else max((one.event for one in seen if one.event is not None), default=None)
    basis = keep.keep.basis
    reckoning = (
        None if event is None else reckon(event, basis.keep, basis.roll_holidays, basis.computation, rule.calendar)
    )
    return Counted(
        keep=keep.keep,
        seen=seen,
        reckoning=reckoning,
        applies=event is not None or broken or not keep.may_be_absent,
        lapsed=reckoning is not None and reckoning.last_day < as_of,
        provisional=reckoning is not None
        and reckoning.rolls
        and rule.calendar.provisional(reckoning.ends_on, reckoning.last_day, as_of),
    )


def _ended(
    rule: BoundRule, purpose: Purpose | None, end: EndSql, read: RowRead, *, readable: bool, past: bool
) -> Ended:
    seen = tuple(read.seen[clock] for clock in end.columns)
    counted = {found.last_day: (found, period) for found, period in _reckonings(end, read, rule)} if readable else {}
    ends = end.last_day(read.events) if readable else None
    if isinstance(end, TermEnd):
        ends = next(iter(counted), None)
    several = isinstance(end, EarliestEnd)
    if ends is not None and ends > LAST_EVENT:
        return Ended(purpose, seen, None, readable and not past, readable, among=several, endless=True)
    reckoning, period = counted.get(ends, (None, "")) if ends is not None else (None, "")
    return Ended(purpose, seen, ends, readable and not past, readable, reckoning, period, several)


def _reckonings(end: EndSql, read: RowRead, rule: BoundRule) -> Iterator[tuple[Reckoning, str]]:
    if isinstance(end, EarliestEnd):
        for one in end.ends:
            yield from _reckonings(one, read, rule)
    elif isinstance(end, LaterEnd):
        event = max((read.events[clock] for clock in end.columns if clock in read.events), default=None)
        if event is not None:
            yield reckon(event, end.period, end.roll_holidays, "civil", end.calendar), end.period
    elif isinstance(end, TermEnd) and read.transformed_on is not None:
        yield reckon(read.transformed_on, end.term, False, "civil", rule.calendar), end.term
