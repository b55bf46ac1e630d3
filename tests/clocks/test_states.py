"""Exactly one state for each row, against the words of the language row by row: purposes, periods, lists, ends."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from retention.law import last_day
from support.bench import Bench, states

# A Saturday: a last day on Saturday 14 November moves to Monday 16, five days before it, and isn't overdue yet.
AS_OF = date(2026, 11, 21)
DAYS = ["2025-11-13", "2025-11-14", "2025-11-19", "2025-11-20", "2025-11-21", "2026-11-20", "2026-11-21", "9999-12-31"]
VALUES = [None, "", "2021-02-30", *DAYS]
NULL, BAD = "null", "unreadable"
Read = date | str
Row = Mapping[str, str | None]


def read(value: str | None, *, empty_is_null: bool = False) -> Read:
    if value is None or (value == "" and empty_is_null):
        return NULL
    return date.fromisoformat(value) if value in DAYS else BAD


def combined(found: list[Read], choose: Callable[[list[date]], date]) -> Read:
    """Return the one that is chosen of those set; one that can't be read makes the whole unreadable."""
    if BAD in found:
        return BAD
    days = [one for one in found if isinstance(one, date)]
    return choose(days) if days else NULL


@dataclass
class Period:
    clock: Callable[[Row], Read]
    keep: str = "P1Y"
    roll: bool = False
    computation: str = "civil"
    optional: bool = False

    def last(self, event: date) -> date:
        return last_day(event, self.keep, self.roll, self.computation)  # type: ignore[arg-type]


@dataclass
class Case:
    """One rule, and what it means. ``ends`` gives each purpose's end day."""

    rule: dict[str, Any]
    periods: list[Period]
    ends: list[Callable[[Row], Read]]

    def state(self, row: Row) -> tuple[str, bool]:
        ends = [end(row) for end in self.ends]
        if any(end == NULL or (isinstance(end, date) and end >= AS_OF) for end in ends):
            return "in_use", False
        clocks = [(period, period.clock(row)) for period in self.periods]
        if BAD in ends or any(clock == BAD or (clock == NULL and not period.optional) for period, clock in clocks):
            return "unreadable", False
        last = [period.last(clock) for period, clock in clocks if isinstance(clock, date)]
        if not last and not ends:
            return "unreadable", False
        if any(day >= AS_OF for day in last):
            return "separate", False
        latest = max([*last, *(end for end in ends if isinstance(end, date))])
        return "due", latest + timedelta(days=5) < AS_OF


def column(name: str) -> dict[str, str]:
    return {"column": name, "as": "date"}


def of(*names: str) -> Callable[[Row], Read]:
    return lambda row: combined([read(row[name]) for name in names], max)


def earliest(*names: str) -> Callable[[Row], Read]:
    return lambda row: combined([read(row[name]) for name in names], min)


def later(clock: Callable[[Row], Read], period: str, roll: bool) -> Callable[[Row], Read]:
    def end(row: Row) -> Read:
        event = clock(row)
        return last_day(event, period, roll) if isinstance(event, date) else event

    return end


A, B, C = column("a"), column("b"), column("c")
CASES = {
    "one period": Case({"keep": [{"basis": "plain", "since": A}]}, [Period(of("a"))], []),
    "the latest of two clocks": Case({"keep": [{"basis": "plain", "since": [A, B]}]}, [Period(of("a", "b"))], []),
    "two periods that may not apply": Case(
        {
            "keep": [
                {"basis": "plain", "since": A, "when_null": "not_applicable"},
                {"basis": "rolled", "since": [B, C], "when_null": "not_applicable"},
            ]
        },
        [Period(of("a"), optional=True), Period(of("b", "c"), roll=True, optional=True)],
        [],
    ),
    "a purpose and a period": Case(
        {"keep": [{"basis": "rolled", "since": A}], "purpose": {"name": "p", "ends": B}},
        [Period(of("a"), roll=True)],
        [of("b")],
    ),
    "two purposes": Case({"purpose": [{"name": "p", "ends": A}, {"name": "q", "ends": B}]}, [], [of("a"), of("b")]),
    "a purpose that ends with the earliest of two": Case(
        {"purpose": {"name": "p", "ends": [A, B]}, "keep": [{"basis": "plain", "since": C}]},
        [Period(of("c"))],
        [earliest("a", "b")],
    ),
    "a purpose that ends so long after the latest of two": Case(
        {"purpose": {"name": "p", "ends": {"since": [A, B], "after": "P1Y", "roll_holidays": True}}},
        [],
        [later(of("a", "b"), "P1Y", True)],
    ),
    "a purpose that ends with a term or a withdrawal": Case(
        {"purpose": {"name": "p", "ends": [{"since": A, "after": "P1Y"}, B]}},
        [],
        [lambda row: combined([later(of("a"), "P1Y", False)(row), read(row["b"])], min)],
    ),
    "both readings of a period": Case(
        {
            "keep": [
                {"basis": "administrative", "since": A, "when_null": "not_applicable"},
                {"basis": "rolled", "since": B},
            ]
        },
        [Period(of("a"), computation="administrative", optional=True), Period(of("b"), roll=True)],
        [],
    ),
    "empty texts that stand for null": Case(
        {"keep": [{"basis": "plain", "since": [{**A, "empty": "null"}, B]}], "purpose": {"name": "p", "ends": C}},
        [Period(lambda row: combined([read(row["a"], empty_is_null=True), read(row["b"])], max))],
        [of("c")],
    ),
    "no period at all": Case({"keep": [{"basis": "none", "since": A}]}, [Period(of("a"), keep="P0D")], []),
}
ROWS = [dict(zip("abc", values, strict=True)) for values in itertools.product(VALUES, repeat=3)]


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path)
    bench.do(["CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(10), b VARCHAR(10), c VARCHAR(10))"])
    yield bench
    bench.close()


def _fill(bench: Bench) -> None:
    def text(value: str | None) -> str:
        return "NULL" if value is None else f"'{value}'"

    values = ", ".join(f"({n}, {', '.join(text(row[one]) for one in 'abc')})" for n, row in enumerate(ROWS))
    bench.do(["DELETE FROM t", f"INSERT INTO t VALUES {values}"])


@pytest.mark.thorough
def test_every_row_is_in_the_state_that_the_language_gives_it(bench: Bench) -> None:
    basis = {"statute": "s", "article": "a", "keep": "P1Y"}
    sections = {
        "legal_bases": {
            "plain": {**basis, "roll_holidays": False},
            "rolled": basis,
            "administrative": {**basis, "roll_holidays": True, "computation": "administrative"},
            "none": {**basis, "keep": "P0D", "roll_holidays": False},
        },
        "purposes": {"p": {"name": "p"}, "q": {"name": "q"}},
        "tables": {"shop.t": {"none": "test"}},
    }
    for name, case in CASES.items():
        _fill(bench)
        rule = {"id": "r", "table": "shop.t", "then": "delete", "approval": "never", **case.rule}
        matrix = bench.matrix({**sections, "rules": [rule]})
        plan = bench.plan(matrix, AS_OF)
        found = [case.state(row) for row in ROWS]
        assert states(plan.rules[0]) == dict(Counter(state for state, _late in found)), name
        assert plan.rules[0].overdue == sum(late for _state, late in found), name
        due = [number for number, (state, _late) in enumerate(found) if state == "due"]
        assert bench.due_left(matrix, AS_OF) == {"r": len(due)}, name
        bench.run(matrix, AS_OF, plan=plan)
        stayed = {row[0] for row in bench.all("SELECT id FROM t")}
        assert stayed == set(range(len(ROWS))) - set(due), name
