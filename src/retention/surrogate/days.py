"""Days inside values of any type: a date, a timestamp, or the text that a column or a driver holds one as."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})((?:[ T].*)?)", re.DOTALL)
_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})()")
KINDS = ("date", "naive timestamp", "instant", "text")
"""The kinds of column that hold days, as ``retention.database.columns`` names them."""


def day_of(value: Any) -> date | None:
    """Return the day of a date, a timestamp, or a text ``YYYY-MM-DD…`` or ``YYYYMMDD``; None of anything else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found = _found(value)
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()[:3]))
    except ValueError:
        return None


def with_day(value: Any, day: date) -> Any:
    """Return the value with another day, in its own type and spelling; a text that holds none becomes ISO text."""
    if isinstance(value, datetime):
        return value.replace(year=day.year, month=day.month, day=day.day)
    if isinstance(value, date):
        return day
    found = _found(value)
    if found is None:
        return day.isoformat()
    return (day.isoformat().replace("-", "") if found.re is _DIGITS else day.isoformat()) + found.group(4)


def stands_for_none(value: Any, day: date | None) -> bool:
    """Whether a value stands for no day: an empty text, a zero date, a day so far away that it never comes."""
    if day is not None:
        return day.year >= 9000  # noqa: PLR2004 - from there on days never lapse (matrix.md)
    return isinstance(value, str) and not value.strip("0 -:.T")


def _found(value: Any) -> re.Match[str] | None:
    text = value if isinstance(value, str) else ""
    return _ISO.fullmatch(text) or _DIGITS.fullmatch(text)
