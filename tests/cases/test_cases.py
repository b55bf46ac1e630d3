"""The legal cases: the plan's state of each row on each day; `make proof` looks on every engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cases.cases import Case, files
from retention.matrix.condition import AllOf, Column, Compare, Constant
from retention.matrix.model import Matrix
from retention.plan.counting import Counts
from support.bench import Bench

FILES = files()
FEWEST = 120
_LOADED: dict[str, Matrix] = {}


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path)
    bench.do(statement for file in FILES for statement in file.statements(bench.engine))
    yield bench
    bench.close()


@pytest.mark.thorough
def test_every_case_is_in_the_state_that_the_law_gives_it(bench: Bench) -> None:
    wrong: list[str] = []
    days = 0
    for case in (case for file in FILES for case in file.cases):
        matrix = _of_case(_matrix(bench, case), case)
        waits = any(rule.id == case.asked and rule.while_referenced for rule in matrix.rules)
        for as_of, expected in case.on.items():
            days += 1
            counts, left = bench.look(matrix, as_of, case.asked)
            if (found := _states(counts)) != {expected: 1}:
                wrong.append(f"{case.name}: on {as_of} it is {found}, not {expected}")
            # What a row waits for goes before it in the same night; while it is there the independent check waits too.
            if left != (expected in ("due", "overdue")) and not (waits and left == 0):
                wrong.append(f"{case.name}: on {as_of} the independent check finds {left} due")
    assert not wrong, "\n".join(wrong)
    print(f"{sum(len(file.cases) for file in FILES)} cases, {days} days on {bench.engine}")


def test_every_case_says_in_both_languages_why_and_by_which_article() -> None:
    wrong = {case.name: found for file in FILES for case in file.cases if (found := case.mistakes())}
    assert not wrong
    assert sum(len(file.cases) for file in FILES) >= FEWEST


def _states(counts: Counts) -> dict[str, int]:
    assert counts.full is not None
    late = counts.overdue
    found = {**counts.full, "unreadable": counts.unreadable, "held": counts.held, "referenced": counts.referenced}
    found |= {"due": counts.due - late, "overdue": late}
    return {state: number for state, number in found.items() if number and state != "selected"}


def _matrix(bench: Bench, case: Case) -> Matrix:
    """Return the matrix of the case's file, the same for all cases that say nothing else."""
    sections = case.sections()
    key = json.dumps(sections, sort_keys=True)
    if key not in _LOADED:
        _LOADED[key] = bench.matrix(sections)
    return _LOADED[key]


def _of_case(matrix: Matrix, case: Case) -> Matrix:
    """Return the matrix with rules that select the case's rows only."""
    mine = Compare("=", Column("case_no"), Constant(case.number))
    rules = tuple(
        replace(rule, where=mine if rule.where is None else AllOf((mine, rule.where))) for rule in matrix.rules
    )
    return replace(matrix, rules=rules)
