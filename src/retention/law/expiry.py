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

    Raises:
        PeriodError: the period can't be read.
        OverflowError: the last day lies after the year 9999.
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
    if computation == "administrative":
        return administrative_last_day(event, period)
    day = civil_last_day(event, period)
    while roll and calendar.is_rest_day(day):
        day += _DAY
    return day


@lru_cache(maxsize=65536)
def _cutoff(as_of: date, period: Period, roll: bool, computation: Computation, calendar: Calendar) -> date:
    # A period of m months is at most 31 m days long and at least 28 m; a stretch of rest days is far below a month.
    longest = period.months * 31 + period.days + 62
    shortest = period.months * 28 + period.days
    low = date.fromordinal(max(as_of.toordinal() - longest, 1))
    high = date.fromordinal(max(as_of.toordinal() - shortest, 1) + 32)
    while low < high:
        middle = date.fromordinal((low.toordinal() + high.toordinal()) // 2)
        if _last_day(middle, period, roll, computation, calendar) < as_of:
            low = middle + _DAY
        else:
            high = middle
    return low
