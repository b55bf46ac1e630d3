"""The two functions that every decision rests on: the last day of a period, and the cutoff of an as-of day."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from retention.law.civil import administrative_last_day, civil_last_day
from retention.law.holidays import Calendar
from retention.law.period import Period, parse_period

Computation = Literal["civil", "administrative"]
OVERDUE_AFTER = 5
"""Days from the last day after which a row is overdue (표준 개인정보 보호지침 제10조, recommended)."""
LAST_EVENT = date(9000, 1, 1)
"""The last day whose events lapse at all: later ones stand for *never*."""

_DAY = timedelta(days=1)
_LIBRARY = Calendar()


def last_day(
    event: date,
    period: str,
    roll_holidays: bool = False,
    computation: Computation = "civil",
    calendar: Calendar | None = None,
) -> date:
    """Return the last day of a period that runs from an event (민법 제155조–제161조).

    Args:
        event: the legal day of the event, in Seoul.
        period: ISO 8601, in years, months, weeks and days; ``P0D`` ends on the event's own day.
        roll_holidays: whether a last day on a Saturday, Sunday or public holiday moves on (제161조). The administrative
            computation never moves it.
        computation: ``civil`` doesn't count the first day; ``administrative`` counts it (행정기본법 제6조 ②).
        calendar: the holidays in force; the library's own where left out.

    Returns:
        ``date.max`` for what never lapses: an event after :data:`LAST_EVENT`, or a period that outruns the calendar.

    Raises:
        PeriodError: the period can't be read.
    """
    return _last_day(event, parse_period(period), roll_holidays, computation, calendar or _LIBRARY)


def cutoff(
    as_of: date,
    period: str,
    roll_holidays: bool = False,
    computation: Computation = "civil",
    calendar: Calendar | None = None,
) -> date:
    """Return the first day whose events have *not* lapsed.

    ``last_day(event) < as_of`` if and only if ``event < cutoff``. Such a day exists because the last day
    never decreases as the event moves on.

    Args: as of :func:`last_day`, with ``as_of`` the day of the decision.

    Raises:
        PeriodError: the period can't be read.
    """
    return _cutoff(as_of, parse_period(period), roll_holidays, computation, calendar or _LIBRARY)


def _last_day(event: date, period: Period, roll: bool, computation: Computation, calendar: Calendar) -> date:
    if event > LAST_EVENT:
        return date.max
    try:
        if computation == "administrative":
            return administrative_last_day(event, period)
        day = civil_last_day(event, period)
        return calendar.working_day(day) if roll else day
    except OverflowError:
        return date.max


@lru_cache(maxsize=65536)
def _cutoff(as_of: date, period: Period, roll: bool, computation: Computation, calendar: Calendar) -> date:
    def lapsed(ordinal: int) -> bool:
        return _last_day(date.fromordinal(ordinal), period, roll, computation, calendar) < as_of

    # The guess need not be near: it is widened until it holds the border, however long a stretch of holidays is.
    guess = min(max(as_of.toordinal() - period.months * 30 - period.days, 1), LAST_EVENT.toordinal() + 1)
    low = high = guess
    step = 64
    while low > 1 and not lapsed(low):
        low, step = max(low - step, 1), step * 2
    step = 64
    while lapsed(high):
        high, step = min(high + step, LAST_EVENT.toordinal() + 1), step * 2
    while low < high:
        middle = (low + high) // 2
        if lapsed(middle):
            low = middle + 1
        else:
            high = middle
    return date.fromordinal(low)
