"""Fake values look real, hit nobody, follow the subject and fit their column."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.surrogate.fake_kinds import KINDS
from retention.surrogate.regions import region
from support.surrogates import OTHER, changed, column, problems, transform
from support.texts import texts

FORMS = {
    "name": r"[가-힣]{2,3}",
    "nickname": r"[가-힣]{2,8}[1-9]\d{3}",
    "mobile": r"010-[01]\d{3}-\d{4}",
    "phone": r"02-0\d{3}-\d{4}",
    "email": r"[a-z]{4,5}[a-z2-7]{16}@mail\.invalid",
    "address": r".+[로길] 0-\d{1,2}",
    "company": r".{2,12}",
    "occupation": r".{2,10}",
    "birth_date": r"\d{4}-\d\d-\d\d",
    "login_id": r"[a-z]{4,5}[a-z2-7]{16}",
}
_SUBJECTS = [f"learner{number:05d}" for number in range(2000)]


def _on(kind: str, **facts: bool) -> object:
    return column(length=None if kind == "birth_date" else KINDS[kind].needs, **facts)


@pytest.mark.parametrize("kind", FORMS)
def test_each_kind_has_its_form_and_fits_the_narrowest_column(kind: str) -> None:
    built = transform("fake", kind, _on(kind))  # type: ignore[arg-type]
    made = changed(transform("fake", kind), ["1999-01-01" if kind == "birth_date" else "a-b"] * 2000, _SUBJECTS)
    assert all(re.fullmatch(FORMS[kind], one) for one in made)
    assert built.column.length is None or all(
        len(one) <= built.column.length for one in changed(built, ["ab"] * 2000, _SUBJECTS)
    )
    if built.recognises is not None:
        assert all(re.fullmatch(built.recognises, one) for one in changed(built, ["ab"] * 2000, _SUBJECTS))
    assert len(set(made)) > 15


@pytest.mark.parametrize("kind", FORMS)
def test_a_person_has_one_value_whatever_was_there_and_another_key_gives_another(kind: str) -> None:
    made = changed(transform("fake", kind), ["a-b", "c-d", None, "e-f"], ["kim", "lee", "kim", "kim"])
    assert made[0] == made[3]
    assert made[2] is None
    some = ["a-b"] * 20
    assert changed(transform("fake", kind), some) != changed(transform("fake", kind, key=OTHER), some)
    assert changed(transform("fake", kind), some) == changed(transform("fake", kind), some)


def test_a_row_without_a_subject_shares_its_value_with_no_other_value() -> None:
    made = changed(transform("fake", "login_id"), ["kim", "lee", "kim"], [None, None, "kim"])
    assert len(set(made)) == 3, "not even with the subject of that name"


@given(st.lists(texts(max_size=20), unique=True, min_size=2, max_size=60))
def test_two_people_never_meet_in_one_login_or_mail(subjects: list[str]) -> None:
    for kind in ("login_id", "email"):
        unique = column(unique=True, one_per_subject=True)
        made = changed(transform("fake", kind, unique), ["x"] * len(subjects), subjects)
        assert len({one.lower() for one in made}) == len(subjects)


@pytest.mark.parametrize("kind", FORMS)
def test_a_unique_column_takes_only_what_carries_eighty_bits(kind: str) -> None:
    alone = problems("fake", kind, column(unique=True, one_per_subject=True))
    assert (alone == []) == (kind in ("login_id", "email"))
    assert problems("fake", kind, column(unique=True)) != [], "a person may have several rows"


def test_numbers_are_written_as_the_old_one_was_or_as_there_is_room() -> None:
    bare, dashed = changed(transform("fake", "mobile"), ["01098765432", "010-9876-5432"], ["kim", "kim"])
    assert bare == dashed.replace("-", "")
    assert changed(transform("fake", "mobile", column(length=12)), ["011-123-4567"], ["kim"]) == [bare]


def test_a_birth_date_comes_in_the_type_it_came_in() -> None:
    old = [
        date(1960, 5, 5),
        datetime(1960, 5, 5, 7, 30),
        datetime(1960, 5, 5, 7, 30, tzinfo=UTC),
        "1960-05-05",
        "1960-05-05 07:30:00",
        "19600505",
        "600505",
        "unknown",
    ]
    made = changed(transform("fake", "birth_date"), old, ["kim"] * len(old))
    day = made[0]
    assert type(day) is date
    assert date(1950, 1, 1) <= day <= date(2004, 12, 31)
    assert made[1:] == [
        datetime(day.year, day.month, day.day),
        datetime(day.year, day.month, day.day, tzinfo=UTC),
        day.isoformat(),
        f"{day.isoformat()} 00:00:00",
        f"{day:%Y%m%d}",
        f"{day:%y%m%d}",
        day.isoformat(),
    ]
    assert changed(transform("fake", "birth_date", column(length=8)), ["unknown"], ["kim"]) == [f"{day:%Y%m%d}"]
    assert changed(transform("fake", "birth_date", column(length=6)), ["unknown"], ["kim"]) == [f"{day:%y%m%d}"]


def test_an_address_lies_in_a_region_that_exists() -> None:
    made = changed(transform("fake", "address"), ["x"] * 500, _SUBJECTS[:500])
    assert all(region(one, sido_only=False) for one in made)


@pytest.mark.parametrize(
    ("kind", "on", "says"),
    [
        ("email", column(length=20), "needs 34 characters"),
        ("login_id", column(length=20), "needs 21 characters"),
        ("name", column("integer"), "the column is integer"),
        ("birth_date", column("integer"), "the column is integer"),
        ("surname", column(), "name, nickname"),
        (None, column(), "name, nickname"),
    ],
)
def test_a_column_that_it_does_not_fit_is_refused(kind: object, on: object, says: str) -> None:
    assert says in problems("fake", kind, on)[0]  # type: ignore[arg-type]
