"""How a clock's column is compared with a day.

Every legal decision in SQL is ``floor <= value < cutoff`` on the column as it is, so that an index serves, with a
format check beside it wherever the type itself doesn't guarantee one. Where a value stands for no single moment the
comparison is the one that keeps more.
"""

from __future__ import annotations

import abc
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, false, true

Sql = ColumnElement[Any]

EARLIEST = date(1001, 1, 1)
"""No clock is older: every engine and every text of four-digit years can hold this day, in any zone."""
NEVER = "9999-12-31"
"""The text of a day that stands for never, such as infinity."""


class Reading(abc.ABC):
    """One way to read one column as a clock. Days are days in Seoul."""

    @property
    def sorts(self) -> bool:
        """Whether well-formed values lie in the engine's order as their moments do, so that an index walks them."""
        return False

    def bounds(self, *days: date) -> bool:
        """Return whether each day begins at one value in the engine's order, so that an index walks to it."""
        del days
        return self.sorts

    @property
    def grows(self) -> bool:
        """Whether the day never falls as the value grows, so that the least and greatest values have the end days."""
        return False

    def null(self, column: Sql) -> Sql:
        """Return whether nothing is there."""
        return column.is_(None)

    def zero(self, column: Sql) -> Sql:
        """Return whether the value is what ``empty: null`` takes as null."""
        del column
        return false()

    def well_formed(self, column: Sql) -> Sql:
        """Return whether the value is one of this format."""
        del column
        return true()

    @abc.abstractmethod
    def from_(self, column: Sql, day: date) -> Sql:
        """Return whether a well-formed value lies at or after the start of ``day``."""

    @abc.abstractmethod
    def before(self, column: Sql, day: date) -> Sql:
        """Return whether a well-formed value lies before the start of ``day``."""

    @abc.abstractmethod
    def day(self, column: Sql) -> Sql:
        """Return the day of a well-formed value as ``YYYY-MM-DD``; of any other value it may be an error."""

    def readable(self, column: Sql, floor: date) -> Sql:
        """Return whether the value is well-formed and not below the floor."""
        return and_(self.from_(column, max(floor, EARLIEST)), self.well_formed(column))

    def within(self, column: Sql, floor: date, cutoff: date) -> Sql:
        """Return whether the value is well-formed and lies from ``floor`` on and before the start of ``cutoff``."""
        # Its form comes last: that takes longer than two comparisons, which most engines try in the order written.
        ends = and_(self.from_(column, max(floor, EARLIEST)), self.before(column, max(cutoff, EARLIEST)))
        return and_(ends, self.well_formed(column))
