"""Public holidays of Korea, substitute and temporary ones included, with the matrix's own additions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version

import holidays

_SATURDAY = 5
_LAST_YEAR = 2060
_DAY = timedelta(days=1)


@lru_cache(maxsize=256)
def _public(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("KR", years=year, categories=("public",)))


@lru_cache(maxsize=1)
def _library() -> str:
    return version("holidays")


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

    def working_day(self, day: date) -> date:
        """Return the day itself, or the first one after it that is no rest day (민법 제161조).

        Raises:
            OverflowError: there is none before the year 10000.
        """
        while self.is_rest_day(day):
            day += _DAY
        return day

    def provisional(self, unmoved: date, moved: date, as_of: date) -> bool:
        """Whether a last day that 제161조 moved rests on a holiday later than the year after ``as_of``.

        Saturdays and Sundays are certain; a holiday that far ahead may still be changed by decree, and after 2060 the
        calendar knows none.
        """
        if moved.year > _LAST_YEAR:
            return True
        stretch = (unmoved + timedelta(days=number) for number in range((moved - unmoved).days))
        return any(day.year > as_of.year + 1 and day.weekday() < _SATURDAY and self.is_holiday(day) for day in stretch)

    @property
    def version(self) -> str:
        """Return what a plan's digest names the calendar by."""
        changes = [f"+{day}" for day in sorted(self.add)] + [f"-{day}" for day in sorted(self.remove)]
        return " ".join([f"holidays {_library()}", *changes])
