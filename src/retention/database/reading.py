"""How a clock's column is compared with a day: the comparable value, the day's first such value, and the format.

Every legal decision in SQL is ``floor <= value < bound(cutoff)`` on the column as it is, so that an index serves, with
a format check beside it wherever the type itself doesn't guarantee one. ``bound`` is exact for dates, instants and
zones without ambiguous hours; in an ambiguous hour it is the earlier one, so that more is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement

Sql = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read one column.

    ``value``: the comparable form of a column. ``bound``: the first comparable value of a Seoul day. ``well_formed``:
    whether a value is one of this format, None where the type says so. ``zero``: what ``empty: null`` takes as null.
    ``bucket``: a text that groups values of one Seoul day or finer, and ``day_of`` the Seoul day of such a text.
    ``seoul_day``: the Seoul day as text ``YYYY-MM-DD`` in SQL, never later than the true one.
    """

    value: Callable[[Sql], Sql]
    bound: Callable[[date], Any]
    well_formed: Callable[[Sql], Sql] | None
    zero: Callable[[Sql], Sql] | None
    bucket: Callable[[Sql], Sql]
    day_of: Callable[[str], date]
    seoul_day: Callable[[Sql], Sql]
    below: Callable[[Sql, date], Sql] | None = None

    def before(self, column: Sql, day: date) -> Sql:
        """Return the condition that the column's value lies before the start of ``day`` in Seoul."""
        if self.below is not None:
            return self.below(column, day)
        earlier: Sql = self.value(column) < self.bound(day)
        return earlier

    def from_(self, column: Sql, day: date) -> Sql:
        """Return the condition that the column's value lies at or after the start of ``day`` in Seoul."""
        later: Sql = self.value(column) >= self.bound(day)
        return later


def day_of_date(bucket: str) -> date:
    """Return the day of a bucket ``YYYY-MM-DD``."""
    return date.fromisoformat(bucket)


def day_of_hour(to_day: Callable[[datetime], date], step: timedelta) -> Callable[[str], date]:
    """Return a function from a bucket ``YYYY-MM-DD HH:MM`` to the Seoul day of its last moment.

    The last moment is the later reading, which keeps more; buckets are fine enough that a day's border never lies
    inside one.
    """

    def read(bucket: str) -> date:
        start = datetime.strptime(bucket, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - a wall-clock value by intent
        return to_day(start + step - timedelta(microseconds=1))

    return read
