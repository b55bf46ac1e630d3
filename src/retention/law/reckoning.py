"""How a last day comes about, step by step, for a person who wants to check it (민법 제157조–제161조)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from retention.law.civil import administrative_last_day, civil_last_day
from retention.law.expiry import Computation, last_day
from retention.law.holidays import Calendar
from retention.law.period import Period, parse_period

Ending = Literal["month_end", "month_too_short", "before_corresponding_day"]
"""How a period of months ends in its last month (제160조): on its end because counting began on the first of a month,
on its end because it lacks the corresponding day, or on the day before that day."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reckoning:
    """The steps from an event to a last day; every day is one in Seoul.

    ``counts_from``: the first day counted, None where the period has no length. ``months_end`` and ``ending``: where
    its months end and how, None where it has none; its days are counted on from there. ``ends_on``: the last day before
    제161조, and ``moved_over`` the rest days that it moved over. ``rolls``: whether 제161조 is applied.
    """

    event: date
    period: Period
    computation: Computation
    rolls: bool
    counts_from: date | None
    months_end: date | None
    ending: Ending | None
    ends_on: date
    moved_over: tuple[date, ...]
    last_day: date
    rival: date
    """The last day by the other computation."""


def reckon(event: date, period: str, roll_holidays: bool, computation: Computation, calendar: Calendar) -> Reckoning:
    """Return the steps to ``last_day(event, period, roll_holidays, computation, calendar)``.

    Args: as of :func:`retention.law.last_day`, which gives the day itself.

    What never lapses has no steps: its last day is ``date.max``.

    Raises:
        PeriodError: the period can't be read.
    """
    parsed = parse_period(period)
    civil = computation == "civil"
    last = last_day(event, period, roll_holidays, computation, calendar)
    if last == date.max:
        return Reckoning(event, parsed, computation, False, None, None, None, last, (), last, last)
    by_calendar = civil_last_day if civil else administrative_last_day
    ends_on = by_calendar(event, parsed)
    other: Computation = "administrative" if civil else "civil"
    empty = parsed.months == 0 and parsed.days == 0
    start = event + _DAY if civil else event
    months_end = by_calendar(event, Period(parsed.months, 0)) if parsed.months else None
    return Reckoning(
        event=event,
        period=parsed,
        computation=computation,
        rolls=roll_holidays and civil,
        counts_from=None if empty else start,
        months_end=months_end,
        ending=None if months_end is None else _ending(start, months_end),
        ends_on=ends_on,
        moved_over=tuple(ends_on + timedelta(days=number) for number in range((last - ends_on).days)),
        last_day=last,
        rival=last_day(event, period, roll_holidays, other, calendar),
    )


def _ending(start: date, months_end: date) -> Ending:
    if start.day == 1:
        return "month_end"
    return "before_corresponding_day" if (months_end + _DAY).day == start.day else "month_too_short"
