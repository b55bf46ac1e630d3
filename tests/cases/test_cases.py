"""The legal cases, all of them on every engine: the plan's state of each row on each day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cases.cases import Case, files
from retention.matrix.model import AllOf, Column, Compare, Constant, Matrix
from support.bench import Bench, states

FILES = files()
FEWEST = 120


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path)
    bench.do(statement for file in FILES for statement in file.statements(bench.engine))
    yield bench
    bench.close()


def test_every_case_is_in_the_state_that_the_law_gives_it(bench: Bench) -> None:
    wrong: list[str] = []
    days = 0

    @cache
    def matrix_of(written: str) -> Matrix:
        return bench.matrix(json.loads(written))

    for case in (case for file in FILES for case in file.cases):
        matrix = _of_case(matrix_of(json.dumps(case.sections(), default=str, sort_keys=True)), case)
        for as_of, expected in case.on.items():
            days += 1
            rule = next(one for one in bench.plan(matrix, as_of).rules if one.id == case.asked)
            found: Any = states(rule)
            if found == {"due": 1}:
                found = {"overdue" if rule.overdue else "due": 1}
            if found != {expected: 1}:
                wrong.append(f"{case.name}: on {as_of} it is {found}, not {expected}")
            left = bench.due_left(matrix, as_of)[case.asked]
            if left != (1 if expected in ("due", "overdue") else 0):
                wrong.append(f"{case.name}: on {as_of} the independent check finds {left} due")
    assert not wrong, "\n".join(wrong)
    print(f"{sum(len(file.cases) for file in FILES)} cases, {days} days on {bench.engine}")


def test_every_case_says_in_both_languages_why_and_by_which_article() -> None:
    wrong = {case.name: found for file in FILES for case in file.cases if (found := case.mistakes())}
    assert not wrong
    assert sum(len(file.cases) for file in FILES) >= FEWEST


def _of_case(matrix: Matrix, case: Case) -> Matrix:
    """Return the matrix with rules that select the case's rows only."""
    mine = Compare("=", Column("case_no"), Constant(case.number))
    rules = tuple(
        replace(rule, where=mine if rule.where is None else AllOf((mine, rule.where))) for rule in matrix.rules
    )
    return replace(matrix, rules=rules)
