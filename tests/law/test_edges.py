"""Legal time at its edges: mixed periods, seasons of holidays, days that never lapse, clocks that are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.law import (
    LAST_EVENT,
    Calendar,
    cutoff,
    day_start,
    last_day,
    naive_bound,
    naive_day,
    seoul_day,
    stretches,
)

DAY = timedelta(days=1)
MIXED = [
    ("2024-01-30", "P1M1D", "2024-03-01"),
    ("2023-12-31", "P1Y6M", "2025-06-30"),
    ("2023-12-31", "P1Y6M10D", "2025-07-10"),
    ("2024-02-29", "P1Y1M", "2025-03-31"),
    ("2024-01-31", "P1M1W", "2024-03-07"),
    ("2024-05-01", "P2W", "2024-05-15"),
    ("2024-05-01", "P0M", "2024-05-01"),
]


@pytest.mark.parametrize(("event", "period", "last"), MIXED)
def test_a_mixed_period_counts_its_months_then_its_days(event: str, period: str, last: str) -> None:
    assert last_day(date.fromisoformat(event), period) == date.fromisoformat(last)


@given(
    as_of=st.dates(date(1950, 1, 1), date(2090, 12, 31)),
    years=st.integers(0, 12),
    months=st.integers(0, 30),
    days=st.integers(0, 400),
    roll=st.booleans(),
    computation=st.sampled_from(["civil", "administrative"]),
)
def test_the_cutoff_is_the_first_day_that_has_not_lapsed(
    as_of: date, years: int, months: int, days: int, roll: bool, computation: str
) -> None:
    period = f"P{years}Y{months}M{days}D"
    first = cutoff(as_of, period, roll, computation)  # type: ignore[arg-type]
    for number in range(-40, 41):
        event = first + number * DAY
        lapsed = last_day(event, period, roll, computation) < as_of  # type: ignore[arg-type]
        assert lapsed == (event < first), (event, first)


def test_a_season_of_added_holidays_moves_the_cutoff_as_far_as_the_last_day() -> None:
    season = tuple(date(2026, 2, 1) + number * DAY for number in range(300))
    calendar = Calendar(add=season)
    assert last_day(date(2026, 1, 30), "P5D", roll_holidays=True, calendar=calendar) == date(2026, 11, 30)
    for number in range(0, 360, 3):
        as_of = date(2026, 1, 25) + number * DAY
        first = cutoff(as_of, "P5D", roll_holidays=True, calendar=calendar)
        assert last_day(first, "P5D", roll_holidays=True, calendar=calendar) >= as_of
        assert last_day(first - DAY, "P5D", roll_holidays=True, calendar=calendar) < as_of


def test_what_lies_after_the_last_event_never_lapses() -> None:
    assert last_day(LAST_EVENT, "P5Y") == date(9005, 1, 1)
    assert last_day(LAST_EVENT + DAY, "P0D") == date.max
    assert last_day(date(2026, 1, 1), "P9000Y") == date.max
    assert last_day(date(2026, 1, 1), "P4000000D", roll_holidays=True) == date.max
    assert cutoff(date.max, "P0D") == LAST_EVENT + DAY
    assert cutoff(date(2026, 1, 1), "P9000Y") == date.min
    assert cutoff(date.min, "P5Y") == date.min


@pytest.mark.parametrize("event", ["2022-01-24", "2020-09-24", "2017-09-24"])
def test_the_long_holidays_are_passed_in_one_go(event: str) -> None:
    day = date.fromisoformat(event)
    moved = last_day(day, "P7D", roll_holidays=True)
    calendar = Calendar()
    assert not calendar.is_rest_day(moved)
    assert all(calendar.is_rest_day(day + number * DAY) for number in range(7, (moved - day).days))


@pytest.mark.parametrize(
    ("holiday", "why"),
    [
        ("2023-05-29", "부처님 오신 날 대체공휴일"),
        ("2024-02-12", "설날 대체공휴일"),
        ("2024-10-01", "국군의 날 임시공휴일"),
        ("2024-04-10", "국회의원 선거일"),
        ("2025-06-03", "대통령 선거일"),
        ("2022-10-10", "한글날 대체공휴일"),
    ],
)
def test_substitute_and_temporary_holidays_are_known(holiday: str, why: str) -> None:
    day = date.fromisoformat(holiday)
    assert last_day(day, "P0D", roll_holidays=True) > day, why


def test_a_day_that_rests_on_a_holiday_after_next_year_is_provisional() -> None:
    calendar = Calendar()
    event = date(2024, 10, 3)
    moved = last_day(event, "P5Y", roll_holidays=True)
    assert moved == date(2029, 10, 4)
    assert calendar.provisional(date(2029, 10, 3), moved, date(2026, 11, 24))
    assert not calendar.provisional(date(2029, 10, 3), moved, date(2028, 1, 1)), "next year's are settled"
    sunday = date(2029, 10, 7)
    assert not calendar.provisional(sunday, date(2029, 10, 8), date(2026, 11, 24)), "a Sunday stays a Sunday"
    assert not calendar.provisional(date(2029, 10, 4), date(2029, 10, 4), date(2026, 11, 24)), "it didn't move"
    assert calendar.provisional(date(2061, 3, 4), date(2061, 3, 4), date(2026, 11, 24)), "no calendar reaches so far"


def test_every_day_since_1900_begins_in_seoul_where_the_one_before_it_ends() -> None:
    day = date(1900, 1, 2)
    while day < date(2060, 1, 1):
        start = day_start(day)
        assert seoul_day(start) == day
        assert seoul_day(start - timedelta(microseconds=1)) == day - DAY
        day += DAY if day.year < 1990 else 7 * DAY


ZONES = ["UTC", "Asia/Seoul", "America/New_York", "Australia/Lord_Howe", "Pacific/Norfolk", "Asia/Tehran", "Asia/Tokyo"]


@pytest.mark.parametrize("zone", ZONES)
def test_a_wall_clock_below_the_bound_lies_on_an_earlier_day(zone: str) -> None:
    changes = [stretch.start.date() for stretch in stretches(zone, date(1985, 1, 1))[1:]]
    days = [change + number * DAY for change in changes for number in (-1, 0, 1, 2)]
    for day in [*days, *(date(1990, 1, 1) + number * 97 * DAY for number in range(120))]:
        bound = naive_bound(day, zone)
        for minutes in (-180, -61, -31, -1, 0, 1, 31, 61, 180):
            value = bound + timedelta(minutes=minutes)
            if value < bound:
                assert naive_day(value, zone) < day, (day, value)
            elif _happens(value, zone):
                assert naive_day(value, zone) >= day, (day, value)


@pytest.mark.parametrize("zone", ZONES)
def test_a_wall_clock_s_stretch_tells_its_day(zone: str) -> None:
    found = stretches(zone, date(1980, 1, 1))
    starts = [stretch.start for stretch in found]
    values = [start + timedelta(minutes=minutes) for start in starts[1:] for minutes in (-30, -1, 0, 1, 30, 59, 61)]
    values += [datetime(1980, 1, 1) + number * timedelta(hours=1009) for number in range(400)]
    for value in values:
        stretch = max((one for one in found if one.start <= value), key=lambda one: one.start)
        assert (value + stretch.shift).date() == naive_day(value, zone), value


def _happens(value: datetime, zone: str) -> bool:
    """Whether the zone's clock ever shows the value."""
    local = value.replace(tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == value
