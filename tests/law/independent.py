"""The Civil Act's periods written a second time, from the articles' words: nothing of the product is used here."""

from __future__ import annotations

import calendar
from datetime import date, timedelta


def last_day(event: date, number: int, unit: str, *, administrative: bool, rest: set[date] | None) -> date:
    """Arts. 157, 159, 160, 161; or 행정기본법 제6조 ②, which counts the first day and never moves the end."""
    first = event if administrative else event + timedelta(days=1)
    if unit in "DW":
        end = first + timedelta(days=number * (7 if unit == "W" else 1) - 1)
    else:
        months = first.year * 12 + first.month - 1 + number * (12 if unit == "Y" else 1)
        if first.day == 1:
            end = date(months // 12, months % 12 + 1, 1) - timedelta(days=1)
        else:
            year, month = months // 12, months % 12 + 1
            longest = calendar.monthrange(year, month)[1]
            end = date(year, month, longest) if first.day > longest else date(year, month, first.day - 1)
    while rest is not None and not administrative and (end.weekday() >= 5 or end in rest):
        end += timedelta(days=1)
    return end
