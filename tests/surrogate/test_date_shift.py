"""Dates of one subject move together, within a bound, and stay dates that can be read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.surrogate.date_shift import MOST
from support.surrogates import KEY, OTHER, changed, column, problems, transform
from support.texts import texts

_DAYS = st.dates(date(1991, 1, 1), date(2037, 1, 1))


@given(st.lists(_DAYS, min_size=2, max_size=20), texts(min_size=1, max_size=10))
def test_intervals_of_one_subject_survive_in_every_type(days: list[date], subject: str) -> None:
    subjects = [subject] * len(days)
    moved = changed(transform("date_shift", "d", column("date")), days, subjects)
    step = moved[0] - days[0]
    assert 1 <= abs(step.days) <= MOST
    assert [new - old for new, old in zip(moved, days, strict=True)] == [step] * len(days)
    noon = [datetime(day.year, day.month, day.day, 12, 34, 56) for day in days]
    assert changed(transform("date_shift", "d", column("naive timestamp")), noon, subjects) == [
        one + step for one in noon
    ]
    zoned = [one.replace(tzinfo=UTC) for one in noon]
    assert changed(transform("date_shift", "d", column("instant")), zoned, subjects) == [one + step for one in zoned]
    for spelled in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y%m%d"):
        texts = [f"{one:{spelled}}" for one in noon]
        assert changed(transform("date_shift", "d"), texts, subjects) == [f"{one + step:{spelled}}" for one in noon]


def test_subjects_domains_and_keys_move_differently() -> None:
    days, subjects = [date(2020, 5, 5)] * 4000, [f"learner{number}" for number in range(4000)]
    moved = changed(transform("date_shift", "d"), days, subjects)
    assert len(set(moved)) > 200
    assert date(2020, 5, 5) not in moved
    assert max(abs(one - date(2020, 5, 5)) for one in moved) <= timedelta(MOST)
    assert min(moved) < date(2020, 1, 1)
    assert max(moved) > date(2020, 9, 1)
    assert moved != changed(transform("date_shift", "e"), days, subjects)
    assert moved != changed(transform("date_shift", "d", key=OTHER), days, subjects)
    assert moved == changed(transform("date_shift", "d", key=KEY), days, subjects)


_EDGES = [date(1, 1, 1), date(1970, 1, 2), date(1990, 1, 1), date(2038, 1, 18), date(8999, 12, 31), date(9999, 12, 31)]
_NEAR = st.builds(
    lambda edge, days: date.fromordinal(min(max(1, edge.toordinal() + days), date.max.toordinal())),
    st.sampled_from(_EDGES),
    st.integers(-MOST, MOST),
)


@given(st.dates() | _NEAR, texts(max_size=6))
def test_no_date_leaves_what_can_be_read_and_stored(day: date, subject: str) -> None:
    (moved,) = changed(transform("date_shift", "d", column("date")), [day], [subject])
    if day.year >= 9000:
        assert moved == day, "a day that stands for never"
        return
    assert 1 <= abs((moved - day).days) <= MOST
    assert (moved >= date(1990, 1, 1)) or (day < date(1990, 1, 1))
    if date(1970, 1, 2) <= day <= date(2038, 1, 18):
        at = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=UTC)
        (instant,) = changed(transform("date_shift", "d", column("instant")), [at], [subject])
        assert datetime(1970, 1, 2, tzinfo=UTC) <= instant < datetime(2038, 1, 19, tzinfo=UTC)
        assert abs(instant - at) <= timedelta(days=MOST)


def test_what_stands_for_no_day_stays_and_of_what_is_no_day_nothing_remains() -> None:
    texts = ["", "0000-00-00", "0000-00-00 00:00:00", "00000000", "9999-12-31", "soon", "2020-02-30", None]
    assert changed(transform("date_shift", "d"), texts) == [*texts[:5], None, None, None]
    assert changed(transform("date_shift", "d", column(nullable=False)), ["soon"]) == [""]
    assert changed(transform("date_shift", "d", column("date", nullable=False)), ["2020-00-00"]) == ["0000-00-00"]


@pytest.mark.parametrize(
    ("argument", "on", "says"),
    [
        ("d", column("integer"), "moves dates"),
        ("", column("date"), "domain"),
        ("d", column("date", unique=True), "unique"),
    ],
)
def test_a_column_that_it_does_not_fit_is_refused(argument: object, on: object, says: str) -> None:
    assert says in problems("date_shift", argument, on)[0]  # type: ignore[arg-type]
