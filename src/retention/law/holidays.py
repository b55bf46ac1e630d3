"""Public holidays of Korea, substitute and temporary ones included, with the matrix's own additions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version

import holidays

_SATURDAY = 5
_LAST_YEAR = 2060


@lru_cache(maxsize=256)
def _public(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("KR", years=year, categories=("public",)))


@dataclass(frozen=True, slots=True)
class Calendar:
    """The rest days of Korea: the library's calendar with the days of ``add`` and without those of ``remove``."""

    add: tuple[date, ...] = ()
    remove: tuple[date, ...] = ()

    def is_holiday(self, day: date) -> bool:
        """Whether the day is a public holiday other than a Sunday."""
        if day in self.add:
            return True
        return day not in self.remove and day in _public(day.year)

    def is_rest_day(self, day: date) -> bool:
        """Whether a last day that falls here moves on: a Saturday, a Sunday or a public holiday (민법 제161조)."""
        return day.weekday() >= _SATURDAY or self.is_holiday(day)

    def provisional(self, day: date, as_of: date) -> bool:
        """Whether the day, or one it moved over, rests on a holiday later than the year after ``as_of``."""
        if day.year <= as_of.year + 1:
            return False
        before = day - timedelta(days=1)
        return day.year > _LAST_YEAR or self.is_rest_day(before) or self.is_rest_day(day)

    @property
    def version(self) -> str:
        """Return what a plan's digest names the calendar by."""
        changes = [f"+{day}" for day in sorted(self.add)] + [f"-{day}" for day in sorted(self.remove)]
        return " ".join([f"holidays {version('holidays')}", *changes])
