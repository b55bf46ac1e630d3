"""Legal time against the worked examples of the law and against an independent implementation, day by day."""

from __future__ import annotations

import importlib.util
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import holidays
import pytest

from retention.errors import Refused
from retention.law import Calendar, cutoff, day_start, last_day, naive_bound, naive_day, seoul_day

_spec = importlib.util.spec_from_file_location("independent", Path(__file__).with_name("independent.py"))
assert _spec and _spec.loader
independent = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(independent)

EXAMPLES = [
    ("2021-03-15", "P5Y", "2026-03-15"),
    ("2024-02-29", "P5Y", "2029-02-28"),
    ("2023-02-28", "P5Y", "2028-02-29"),
    ("2023-02-28", "P1M", "2023-03-31"),
    ("2023-02-28", "P1Y", "2024-02-29"),
    ("2024-02-28", "P1Y", "2025-02-28"),
    ("2024-04-30", "P3M", "2024-07-31"),
    ("2024-11-29", "P3M", "2025-02-28"),
    ("2024-11-30", "P3M", "2025-02-28"),
    ("2022-11-27", "P3M", "2023-02-27"),
    ("2022-11-28", "P3M", "2023-02-28"),
    ("2022-11-29", "P3M", "2023-02-28"),
    ("2022-11-30", "P3M", "2023-02-28"),
    ("2024-08-29", "P6M", "2025-02-28"),
    ("2024-08-30", "P6M", "2025-02-28"),
    ("2024-08-31", "P6M", "2025-02-28"),
    ("2023-08-31", "P6M", "2024-02-29"),
    ("2023-12-31", "P3M", "2024-03-31"),
    ("2022-12-31", "P5Y", "2027-12-31"),
    ("2026-06-30", "P6M", "2026-12-31"),
]
PERIODS = ("P5D", "P1W", "P1M", "P3M", "P6M", "P1Y", "P2Y", "P3Y", "P5Y", "P10Y")


@pytest.mark.parametrize(("event", "period", "last"), EXAMPLES)
def test_a_worked_example_of_the_law_holds(event: str, period: str, last: str) -> None:
    day, end = date.fromisoformat(event), date.fromisoformat(last)
    assert last_day(day, period) == end
    assert day < cutoff(end + timedelta(days=1), period)
    assert not day < cutoff(end, period)


def test_article_161_moves_a_last_day_off_a_sunday() -> None:
    assert last_day(date(2021, 3, 15), "P5Y", roll_holidays=True) == date(2026, 3, 16)


def test_the_rival_reading_counts_the_first_day_and_moves_nothing() -> None:
    event = date(2020, 10, 3)
    assert last_day(event, "P5Y", computation="administrative") == date(2025, 10, 2)
    assert last_day(event, "P5Y") == date(2025, 10, 3)
    assert last_day(event, "P5Y", roll_holidays=True) == date(2025, 10, 10)


def test_the_matrix_adds_and_removes_holidays() -> None:
    event = date(2026, 5, 3)
    ordinary = last_day(event, "P1M", roll_holidays=True, calendar=Calendar(remove=(date(2026, 6, 3),)))
    added = last_day(event, "P1M", roll_holidays=True, calendar=Calendar(add=(date(2026, 6, 3), date(2026, 6, 4))))
    assert (ordinary, added) == (date(2026, 6, 3), date(2026, 6, 5))


def test_a_period_of_no_days_ends_with_its_event() -> None:
    assert last_day(date(2026, 1, 5), "P0D") == date(2026, 1, 5)
    assert cutoff(date(2026, 1, 6), "P0D") == date(2026, 1, 6)


@pytest.mark.parametrize("text", ["5Y", "P", "P-1Y", "P1.5M", "PT5H", "five years", ""])
def test_what_is_no_period_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(Refused) as refused:
        last_day(date(2026, 1, 1), text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("computation", ["civil", "administrative"])
@pytest.mark.parametrize("roll", [False, True])
def test_every_day_of_fifty_years_agrees_with_an_independent_reading(
    period: str, computation: str, roll: bool, proof: bool
) -> None:
    rest = set(holidays.country_holidays("KR", years=range(1990, 2061))) if roll else None
    number, unit = int(period[1:-1]), period[-1]
    day, end = date(1990, 1, 1), date(2040, 12, 31)
    step = 1 if proof else 7
    before = date.min
    while day <= end:
        theirs = independent.last_day(day, number, unit, administrative=computation == "administrative", rest=rest)
        ours = last_day(day, period, roll_holidays=roll, computation=computation)  # type: ignore[arg-type]
        assert ours == theirs, day
        assert ours >= before, "expiry never falls as events move"
        before = ours
        due = ours + timedelta(days=1)
        first_kept = cutoff(due, period, roll_holidays=roll, computation=computation)  # type: ignore[arg-type]
        assert day < first_kept, day
        assert not day < cutoff(ours, period, roll_holidays=roll, computation=computation), day  # type: ignore[arg-type]
        later = independent.last_day(
            first_kept, number, unit, administrative=computation == "administrative", rest=rest
        )
        assert later >= due, "the cutoff is the first day that has not lapsed"
        day += timedelta(days=step)


def test_seoul_is_already_a_day_ahead() -> None:
    assert seoul_day(datetime(2021, 3, 15, 15, 30, tzinfo=UTC)) == date(2021, 3, 16)
    assert naive_day(datetime(2021, 3, 15, 14, 59, 59), "UTC") == date(2021, 3, 15)
    assert naive_day(datetime(2021, 3, 15, 15, 0), "UTC") == date(2021, 3, 16)
    assert day_start(date(2026, 1, 1)) == datetime(2025, 12, 31, 15, tzinfo=UTC)


def test_the_summer_times_of_1987_and_1988_are_known() -> None:
    assert day_start(date(1988, 7, 1)) == datetime(1988, 6, 30, 14, tzinfo=UTC)


def test_an_hour_that_happens_twice_is_read_so_that_more_is_kept() -> None:
    twice = datetime(2024, 11, 3, 1, 30)
    assert naive_day(twice, "America/New_York") >= naive_day(datetime(2024, 11, 3, 0, 30), "America/New_York")
    for day in (date(2024, 11, 2), date(2024, 11, 3), date(2024, 11, 4)):
        bound = naive_bound(day, "America/New_York")
        assert naive_day(bound - timedelta(seconds=1), "America/New_York") < day
