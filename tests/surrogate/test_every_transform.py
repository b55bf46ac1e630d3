"""What holds for every transform there is."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.keys import RunKey
from retention.matrix.transformdocs import NAMES
from retention.surrogate import PATHS, SUPPORTED, Transform, build, pools
from retention.surrogate.fake_kinds import KINDS
from retention.surrogate.korean_patterns import NAMED
from support.shop import ROOT
from support.surrogates import KEY, OTHER, Spec, changed, column
from support.texts import texts

ARGUMENTS: dict[str, list[Any]] = {
    "null": [None],
    "keep": [None],
    "constant": ["gone"],
    "mask": [{"first": 1, "last": 1}],
    "truncate": [2],
    "token": ["d"],
    "fake": ["name", "mobile", "email", "birth_date", "login_id"],
    "generalize": ["year", "sido", "sigungu", "ip24"],
    "date_shift": ["d"],
    "format_preserving": ["d"],
    "redact": [["email", "mobile"]],
    "python": ["builtins:min"],
    "paths": [{"$.a": Spec("token", "d"), "$.b": Spec("fake", "name")}],
}
CASES = [
    pytest.param(name, argument, id=f"{name}-{number}")
    for name, arguments in ARGUMENTS.items()
    for number, argument in enumerate(arguments)
    if name != "python"
]
_LENGTH = 40
_VALUES = st.lists(st.none() | texts(max_size=40), max_size=20)


@cache
def _built(name: str, written: str) -> Transform:
    argument = next(one for one in ARGUMENTS[name] if repr(one) == written)
    return build(name, argument, column(length=_LENGTH), KEY)


def test_no_transform_is_left_out_here() -> None:
    assert set(ARGUMENTS) == SUPPORTED


def test_the_language_has_what_there_is_and_nothing_else() -> None:
    assert {*NAMES, PATHS} == SUPPORTED


def test_the_manual_leaves_none_out() -> None:
    manual = (ROOT / "docs" / "transforms.md").read_text(encoding="utf-8")
    assert [name for name in SUPPORTED - {PATHS} if not re.search(rf"`\{{?{name}\b", manual)] == []
    assert [kind for kind in KINDS if f"fake: {kind}" not in manual] == []
    assert [name for name in NAMED if f"`{name}`" not in manual] == []


@pytest.mark.parametrize(("name", "argument"), CASES)
@given(values=_VALUES)
def test_any_text_is_changed_without_a_word_and_fits(name: str, argument: Any, values: list[Any]) -> None:
    built = _built(name, repr(argument))
    subjects = [None if number % 3 == 0 else f"learner{number % 5}" for number in range(len(values))]
    new = changed(built, values, subjects)
    assert len(new) == len(values)
    assert [one is None for one, old in zip(new, values, strict=True) if old is None] == [True] * values.count(None)
    assert all(one is None or len(one) <= _LENGTH for one in new)
    assert changed(built, values, subjects) == new
    if built.recognises is not None:
        assert all(pd.Series([one]).str.fullmatch(built.recognises).all() for one in new if one is not None)


@pytest.mark.parametrize(("name", "argument"), [(one.values[0], one.values[1]) for one in CASES])
def test_a_keyed_transform_says_so_and_depends_on_its_key(name: str, argument: Any) -> None:
    values = ['{"a":"x","b":"y"}' if name == "paths" else f"2020-05-{number:02d}" for number in range(10, 28)]
    subjects = [f"learner{number}" for number in range(len(values))]

    def new(key: RunKey) -> list[Any]:
        return changed(build(name, argument, column(), key), values, subjects)

    assert build(name, argument, column(), KEY).keyed == (new(KEY) != new(OTHER))


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_one_that_is_accepted_on_a_unique_column_keeps_values_apart(name: str, argument: Any) -> None:
    built = build(name, argument, column(unique=True, one_per_subject=True), KEY)
    if built.check() or name == "null":
        return
    values = [f"user{number}@mail.invalid" for number in range(3000)]
    assert len(set(changed(built, values))) == len(values)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_rows_keep_their_order_and_their_index(name: str, argument: Any) -> None:
    values = pd.Series(["b", None, "a", "b"], index=[7, 3, 5, 9], dtype=object)
    subjects = pd.Series(["x", "y", "z", "x"], index=[7, 3, 5, 9], dtype=object)
    new = build(name, argument, column(), KEY).transform(values, subjects)
    assert list(new.index) == [7, 3, 5, 9]
    assert new[7] == new[9] or (new[7] is None and new[9] is None)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_a_prepared_transform_makes_no_row_wait(name: str, argument: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for pool in (pools.surnames, pools.given_names) if argument == "name" or name == "paths" else ():
        pool.cache_clear()
    built = build(name, argument, column(), KEY)
    built.prepare()
    monkeypatch.setattr("retention.surrogate.pools.import_module", None)
    monkeypatch.setattr("numpy.argsort", None)
    values = ["12345", "1"] if name == "format_preserving" else ['{"a":"x","b":"y"}', "2020-01-01"]
    assert len(changed(built, values)) == 2


def test_missing_numbers_of_pandas_are_nulls_too() -> None:
    assert changed(build("token", "d", column(), KEY), [math.nan, "a"])[0] is None
