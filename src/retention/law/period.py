"""Periods as the matrix writes them: ISO 8601, in years, months, weeks and days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import isodate

from retention.errors import Refused


class PeriodError(Refused, ValueError):
    """A text is no period that the law counts in."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period by the calendar: ``months`` (years as twelve each), then ``days`` (weeks as seven each)."""

    months: int
    days: int


@lru_cache(maxsize=1024)
def parse_period(text: str) -> Period:
    """Return the period an ISO 8601 text stands for, such as ``P5Y``, ``P3M``, ``P1Y6M`` or ``P5D``.

    Raises:
        PeriodError: the text is no period, has a time or a fraction, or is negative.
    """
    try:
        parsed = isodate.parse_duration(text)
    except (isodate.ISO8601Error, TypeError, ValueError, OverflowError):
        raise PeriodError(f"{text!r} is no ISO 8601 period; write one like P5Y, P3M or P5D") from None
    if isinstance(parsed, timedelta):
        months, rest = 0, parsed
    else:
        whole = parsed.years * 12 + parsed.months
        if whole != int(whole):
            raise PeriodError(f"{text!r} has a fraction of a month; the law counts whole ones")
        months, rest = int(whole), parsed.tdelta
    if "T" in text.upper() or rest.seconds or rest.microseconds:
        raise PeriodError(f"{text!r} has a part smaller than a day; legal periods here are of days and longer")
    if months < 0 or rest.days < 0:
        raise PeriodError(f"{text!r} is negative; a period runs forward")
    return Period(months, rest.days)
