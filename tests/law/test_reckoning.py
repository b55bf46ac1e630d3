"""The steps to a last day, against the function that decides and against the articles' words."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from retention.law import Calendar, Computation, holiday_name, last_day, parse_period, reckon

DAY = timedelta(days=1)
PERIODS = ("P0D", "P5D", "P1W", "P1M", "P3M", "P6M", "P1Y", "P5Y", "P1Y6M", "P1M10D")


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("computation", ["civil", "administrative"])
@pytest.mark.parametrize("roll", [True, False])
def test_the_steps_lead_to_the_day_that_decides(period: str, computation: Computation, roll: bool) -> None:
    calendar = Calendar(add=(date(2027, 3, 2),), remove=(date(2026, 6, 3),))
    event = date(2018, 1, 1)
    while event < date(2027, 1, 1):
        found = reckon(event, period, roll, computation, calendar)
        assert found.last_day == last_day(event, period, roll, computation, calendar)
        assert found.rival == last_day(
            event, period, roll, "administrative" if computation == "civil" else "civil", calendar
        )
        moved = [found.ends_on + DAY * number for number in range((found.last_day - found.ends_on).days)]
        assert list(found.moved_over) == moved
        assert all(calendar.is_rest_day(day) for day in moved)
        assert not moved or found.rolls
        assert not (found.rolls and calendar.is_rest_day(found.last_day))
        event += DAY


@pytest.mark.parametrize("period", [one for one in PERIODS if parse_period(one).months])
@pytest.mark.parametrize("computation", ["civil", "administrative"])
def test_the_ending_said_is_the_one_that_happened(period: str, computation: Computation) -> None:
    event = date(2022, 1, 1)
    endings = set()
    while event < date(2026, 1, 1):
        found = reckon(event, period, False, computation, Calendar())
        assert found.counts_from == (event + DAY if computation == "civil" else event)
        assert found.months_end is not None
        after = found.months_end + DAY
        endings.add(found.ending)
        if found.ending == "before_corresponding_day":
            assert after.day == found.counts_from.day
            assert found.counts_from.day > 1
        else:
            assert after.day == 1
            assert (found.ending == "month_end") == (found.counts_from.day == 1)
        event += DAY
    assert endings == {"before_corresponding_day", "month_end", "month_too_short"}


def test_a_period_of_no_length_counts_no_day() -> None:
    found = reckon(date(2026, 3, 14), "P0D", True, "civil", Calendar())
    assert (found.counts_from, found.ending) == (None, None)
    assert found.moved_over == (date(2026, 3, 14), date(2026, 3, 15))


def test_holidays_have_names_in_both_languages() -> None:
    assert holiday_name(date(2026, 10, 9), "ko") == "한글날"
    assert holiday_name(date(2026, 10, 9), "en") == "Hangul Day"
    assert holiday_name(date(2026, 10, 8), "ko") is None
