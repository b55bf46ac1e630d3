"""What a public holiday is called, for a person who wants to see why a last day moved on."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

_LANGUAGES = {"ko": "ko", "en": "en_US"}


def holiday_name(day: date, lang: str) -> str | None:
    """Return the library's name of a public holiday of Korea in ``ko`` or ``en``; None where the day is none."""
    return _named(day.year, lang).get(day)


@lru_cache(maxsize=64)
def _named(year: int, lang: str) -> dict[date, str]:
    return dict(holidays.country_holidays("KR", years=year, categories=("public",), language=_LANGUAGES[lang]))
