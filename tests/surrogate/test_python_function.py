"""Functions of one's own are called, checked, and never let a value out."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from retention.errors import Refused
from support.library import MATRIX, make_library
from support.surrogates import changed, column, problems, transform

CANARY = "CANARY-41d7"


@pytest.fixture(autouse=True)
def _module() -> Iterator[None]:
    module = types.ModuleType("their_transforms")
    module.initials = lambda values, subjects: values.str[:1]  # type: ignore[attr-defined]
    module.whose = lambda values, subjects: subjects  # type: ignore[attr-defined]
    module.listed = lambda values, subjects: ["x"] * len(values)  # type: ignore[attr-defined]
    module.short = lambda values, subjects: values[:1]  # type: ignore[attr-defined]
    module.nothing = lambda values, subjects: None  # type: ignore[attr-defined]
    module.number = 5  # type: ignore[attr-defined]

    def fails(values: pd.Series, subjects: pd.Series) -> pd.Series:
        raise ValueError(f"can't read {values.iloc[0]}")

    def leaves(values: pd.Series, subjects: pd.Series) -> pd.Series:
        sys.exit(f"can't read {values.iloc[0]}")

    module.fails = fails  # type: ignore[attr-defined]
    module.leaves = leaves  # type: ignore[attr-defined]
    module.half = lambda values, subjects: [f"\ud800{value}" for value in values]  # type: ignore[attr-defined]
    module.mapping = lambda values, subjects: [{"was": value} for value in values]  # type: ignore[attr-defined]
    sys.modules["their_transforms"] = module
    yield
    del sys.modules["their_transforms"]


def test_a_function_gets_values_and_subjects_and_a_null_stays_null() -> None:
    values, subjects = ["Kim", None, "Lee"], ["a", "b", "c"]
    assert changed(transform("python", "their_transforms:initials"), values, subjects) == ["K", None, "L"]
    assert changed(transform("python", "their_transforms:whose"), values, subjects) == ["a", None, "c"]
    assert changed(transform("python", "their_transforms:listed"), values, subjects) == ["x", None, "x"]


@pytest.mark.parametrize(
    ("function", "says"),
    [("fails", "ValueError"), ("leaves", "SystemExit"), ("short", "1 values for 2"), ("nothing", "TypeError")],
)
def test_what_fails_is_told_in_one_line_without_a_value(function: str, says: str) -> None:
    with pytest.raises(Refused) as caught:
        changed(transform("python", f"their_transforms:{function}"), [CANARY, "x"])
    assert says in str(caught.value)
    assert CANARY not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.thorough
@pytest.mark.parametrize("function", ["leaves", "half", "mapping"])
def test_the_night_goes_on_past_a_rule_whose_function_does_what_it_should_not(
    engine_url: str, tmp_path: Path, capsys: Any, function: str
) -> None:
    shop = make_library(engine_url, tmp_path)
    erased = "then: erase\n    columns: [nick]"
    mine = f"then: anonymize\n    columns: {{nick: {{python: 'their_transforms:{function}'}}}}"
    shop.matrix.write_text(MATRIX.replace(erased, mine), encoding="utf-8")
    shop.do("UPDATE person SET nick = :nick", nick=CANARY)
    ran = shop.call(capsys, "run", "--json")
    rules = {rule["id"]: rule for rule in ran.document["rules"]}
    left = rules.pop("nicks")
    assert (ran.code, {rule["status"] for rule in rules.values()}) == (1, {"done"})
    assert left["status"] in ("refused", "failed") and left["done"] == 0
    assert CANARY not in ran.out + ran.err
    assert shop.one("SELECT count(*) FROM person WHERE nick = :nick", nick=CANARY) == 12


@pytest.mark.parametrize(
    ("argument", "on", "says"),
    [
        ("their_transforms", column(), "module:function"),
        ("their_transforms:x.y", column(), "module:function"),
        ("no_such_module_anywhere:f", column(), "ModuleNotFoundError"),
        ("their_transforms:nowhere", column(), "AttributeError"),
        ("their_transforms:number", column(), "no function"),
        ("their_transforms:initials", column(unique=True), "unique"),
    ],
)
def test_what_names_no_function_is_refused(argument: str, on: object, says: str) -> None:
    assert says in problems("python", argument, on)[0]  # type: ignore[arg-type]
