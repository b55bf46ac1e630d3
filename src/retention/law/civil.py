"""How a period is computed: 민법 제157조, 제159조, 제160조, and the rival reading of 행정기본법 제6조 ②."""

from __future__ import annotations

import calendar
from datetime import MAXYEAR, date, timedelta

from retention.law.period import Period

_MONTHS = 12
_DAY = timedelta(days=1)


def civil_last_day(event: date, period: Period) -> date:
    """Return the last day: the first day isn't counted (157), the period ends with its last day (159, 160).

    A period of months and days counts the months first, then the days.

    Raises:
        OverflowError: it lies after the year 9999.
    """
    if period.months == 0:
        return event + timedelta(days=period.days)
    start = event + _DAY
    return _before_corresponding_day(start, period.months) + timedelta(days=period.days)


def administrative_last_day(event: date, period: Period) -> date:
    """Return the last day where the event's own day is the first one counted (행정기본법 제6조 ② 1).

    Raises:
        OverflowError: it lies after the year 9999.
    """
    if period.months == 0:
        return event + timedelta(days=max(period.days - 1, 0))
    return _before_corresponding_day(event, period.months) + timedelta(days=period.days)


def _before_corresponding_day(start: date, months: int) -> date:
    """Return the day before the one in the last month that corresponds to ``start`` (제160조 ②, ③)."""
    whole = start.year * _MONTHS + start.month - 1 + months
    year, month = divmod(whole, _MONTHS)
    if year > MAXYEAR:
        raise OverflowError(f"{start} and {months} months lie after the year {MAXYEAR}")
    length = calendar.monthrange(year, month + 1)[1]
    if start.day > length:
        return date(year, month + 1, length)
    return date(year, month + 1, start.day) - _DAY
