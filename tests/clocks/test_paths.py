"""Clocks in other rows: over parents, and the latest of all rows on a path, those destroyed earlier included."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.bench import Bench, states

DAY = timedelta(days=1)
AS_OF = date(2026, 11, 24)
BASES = {
    "one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False},
    "two": {"statute": "s", "article": "a", "keep": "P2Y", "roll_holidays": False},
}
RELATIONS = {
    "shop.orders": [
        {"name": "buyer", "columns": ["member_id"], "to": "shop.member", "to_columns": ["id"]},
        {"name": "paid_by", "columns": ["payment_id"], "to": "shop.payment", "to_columns": ["id"]},
    ],
    "shop.line": [{"name": "of_order", "columns": ["order_id"], "to": "shop.orders", "to_columns": ["id"]}],
}
SCHEMA = (
    "CREATE TABLE member (id INTEGER PRIMARY KEY, left_on DATE)",
    "CREATE TABLE payment (id INTEGER PRIMARY KEY, paid_on DATE)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER, payment_id INTEGER, ordered_on DATE)",
    "CREATE TABLE line (id INTEGER PRIMARY KEY, order_id INTEGER, shipped_on DATE)",
    "CREATE INDEX orders_member ON orders (member_id)",
    "CREATE INDEX orders_payment ON orders (payment_id)",
    "CREATE INDEX line_order ON line (order_id)",
)


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path)
    bench.do(SCHEMA)
    yield bench
    bench.close()


def matrix_of(bench: Bench, *rules: dict[str, Any]) -> Any:
    tables = ("member", "payment", "orders", "line")
    return bench.matrix(
        {
            "legal_bases": BASES,
            "purposes": {"membership": {"name": "m"}},
            "tables": {f"shop.{t}": {"none": "t", "relations": RELATIONS.get(f"shop.{t}", [])} for t in tables},
            "rules": [{"then": "delete", "approval": "never", **rule} for rule in rules],
        }
    )


def rows(bench: Bench, table: str, *values: tuple[object, ...]) -> None:
    listed = ", ".join(
        "(" + ", ".join("NULL" if one is None else f"'{one}'" for one in value) + ")" for value in values
    )
    bench.do([f"INSERT INTO {table} VALUES {listed}"])


def left(bench: Bench, table: str) -> set[int]:
    return {row[0] for row in bench.all(f"SELECT id FROM {table}")}


OLD, NEW, BELOW = "2025-11-23", "2025-11-24", "1980-01-01"


@pytest.mark.parametrize(
    "path", [["shop.orders", "shop.member"], pytest.param(["of_order", "buyer"], marks=pytest.mark.thorough)]
)
def test_a_clock_over_parents(bench: Bench, path: list[str]) -> None:
    rows(bench, "member", (1, OLD), (2, NEW), (3, None), (4, BELOW))
    rows(
        bench, "orders", *((n, n, None, "2001-01-01") for n in (1, 2, 3, 4)), (5, None, None, None), (6, 99, None, None)
    )
    rows(bench, "line", *((n, n, "2001-01-01") for n in range(1, 7)), (7, None, "2001-01-01"), (8, 98, "2001-01-01"))
    clock = {"via": path, "column": "left_on"}
    period = {"basis": "one", "since": clock}
    rule = {"id": "lines", "table": "shop.line"}

    strict = matrix_of(bench, {**rule, "keep": [period]})
    assert states(bench.plan(strict, AS_OF).rules[0]) == {"due": 1, "separate": 1, "unreadable": 6}

    lenient = matrix_of(
        bench,
        {**rule, "keep": [{**period, "when_null": "not_applicable"}, {"basis": "one", "since": "shipped_on"}]},
    )
    assert states(bench.plan(lenient, AS_OF).rules[0]) == {"due": 6, "separate": 1, "unreadable": 1}
    assert bench.due_left(lenient, AS_OF) == {"lines": 6}

    ends = matrix_of(bench, {**rule, "purpose": {"name": "membership", "ends": clock}})
    # An end on 2025-11-24 is long past; a parent that isn't there leaves the end unknown, a null in it leaves it open.
    assert states(bench.plan(ends, AS_OF).rules[0]) == {"due": 2, "in_use": 1, "unreadable": 5}
    bench.run(ends, AS_OF)
    assert left(bench, "line") == {3, 4, 5, 6, 7, 8}


@pytest.mark.thorough
@pytest.mark.parametrize(
    "ends",
    [
        ["shipped_on", {"via": ["shop.orders"], "column": "ordered_on"}],
        {"since": ["shipped_on", {"via": ["shop.orders"], "column": "ordered_on"}], "after": "P1M"},
        [{"since": {"via": ["shop.orders"], "column": "ordered_on"}, "after": "P1M"}, "shipped_on"],
    ],
)
def test_an_end_in_a_parent_that_is_missing_is_unreadable_whatever_the_others_say(bench: Bench, ends: Any) -> None:
    rows(bench, "orders", (1, None, None, OLD), (2, None, None, BELOW))
    rows(bench, "line", (1, 1, OLD), (2, 2, OLD), (3, 77, OLD), (4, None, OLD))
    matrix = matrix_of(bench, {"id": "lines", "table": "shop.line", "purpose": {"name": "membership", "ends": ends}})
    assert states(bench.plan(matrix, AS_OF).rules[0]) == {"due": 1, "unreadable": 3}
    assert bench.due_left(matrix, AS_OF) == {"lines": 1}
    bench.run(matrix, AS_OF)
    assert left(bench, "line") == {2, 3, 4}


def test_the_latest_of_children_reached(bench: Bench) -> None:
    rows(bench, "member", *((n, "2001-01-01") for n in range(1, 9)))
    rows(
        bench,
        "orders",
        (1, 1, None, OLD), (2, 1, None, "2020-01-01"),  # both lapsed
        (3, 2, None, OLD), (4, 2, None, NEW),  # the later one isn't
        (5, 3, None, OLD), (6, 3, None, None),  # one is open
        (7, 4, None, OLD), (8, 4, None, BELOW),  # one can't be read
        (9, 5, None, "9999-12-31"),  # never
    )  # fmt: skip
    clock = {"latest_of": ["shop.orders"], "column": "ordered_on"}
    for absent in ("unreadable", "not_applicable"):
        matrix = matrix_of(
            bench,
            {
                "id": "members",
                "table": "shop.member",
                "keep": [
                    {"basis": "one", "since": clock, "when_null": absent},
                    {"basis": "one", "since": "left_on"},
                ],
            },
        )
        nothing_reached = (
            {"unreadable": 2 + 3} if absent == "unreadable" else {"referenced": 1, "due": 3, "unreadable": 2}
        )
        expected = {"referenced": 1, "separate": 2, **nothing_reached}
        assert states(bench.plan(matrix, AS_OF).rules[0]) == expected


def test_a_row_on_the_way_without_its_parent_is_never_skipped(bench: Bench) -> None:
    rows(bench, "member", *((n, "2001-01-01") for n in range(1, 6)))
    rows(bench, "payment", (1, OLD), (2, NEW), (3, None))
    rows(
        bench,
        "orders",
        (1, 1, 1, None),  # lapsed
        (2, 2, 1, None), (3, 2, None, None),  # not paid yet
        (4, 3, 1, None), (5, 3, 77, None),  # its payment is missing
        (6, 4, 1, None), (7, 4, 2, None),  # one not lapsed
        (8, 5, 1, None), (9, 5, 3, None),  # one open
    )  # fmt: skip
    matrix = matrix_of(
        bench,
        {
            "id": "members",
            "table": "shop.member",
            "keep": [
                {
                    "basis": "one",
                    "since": {"latest_of": ["shop.orders", "shop.payment"], "column": "paid_on"},
                    "when_null": "not_applicable",
                },
                {"basis": "one", "since": "left_on"},
            ],
        },
    )
    assert states(bench.plan(matrix, AS_OF).rules[0]) == {"referenced": 1, "unreadable": 3, "separate": 1}


def test_rows_that_were_destroyed_count_with_the_day_they_said(bench: Bench) -> None:
    rows(bench, "member", (1, None), (2, None), (3, None))
    rows(bench, "orders", (1, 1, None, "2024-03-01"), (2, 2, None, "2024-03-01"), (3, 2, None, "2026-03-01"))
    orders = {"id": "orders", "table": "shop.orders", "keep": [{"basis": "one", "since": "ordered_on"}]}
    members = {
        "id": "members",
        "table": "shop.member",
        "keep": [{"basis": "two", "since": {"latest_of": ["shop.orders"], "column": "ordered_on"}}],
    }
    matrix = matrix_of(bench, orders, members)
    # The orders' own year is over in March 2025, the members' two years in March 2026.
    bench.run(matrix, date(2025, 3, 2))
    assert left(bench, "orders") == {3}
    assert left(bench, "member") == {1, 2, 3}
    assert states(bench.plan(matrix, date(2026, 3, 1)).rules[1]) == {"separate": 2, "unreadable": 1}
    plan = bench.plan(matrix, date(2026, 3, 2))
    assert states(plan.rules[1]) == {"due": 1, "separate": 1, "unreadable": 1}
    bench.run(matrix, date(2026, 3, 2))
    assert left(bench, "member") == {2, 3}
    # The member who ordered again goes the night two years after that, and nothing is kept of rows that are gone.
    bench.run(matrix, date(2028, 3, 2))
    assert (left(bench, "orders"), left(bench, "member")) == (set(), {3})
    assert bench.all("SELECT * FROM retention_clock") == []


@pytest.mark.thorough
def test_the_days_are_kept_whether_the_counting_rule_is_carried_out_or_not(bench: Bench) -> None:
    rows(bench, "member", (1, None))
    rows(bench, "orders", (1, 1, None, "2024-03-01"))
    orders = {"id": "orders", "table": "shop.orders", "keep": [{"basis": "one", "since": "ordered_on"}]}
    members = {
        "id": "members",
        "table": "shop.member",
        "keep": [{"basis": "two", "since": {"latest_of": ["shop.orders"], "column": "ordered_on"}}],
    }
    matrix = matrix_of(bench, orders, members)
    bench.run(matrix, date(2025, 3, 2), only=frozenset({"orders"}))
    assert left(bench, "orders") == set()
    assert states(bench.plan(matrix, date(2026, 3, 2)).rules[1]) == {"due": 1}


@pytest.mark.thorough
def test_a_destroyed_row_that_could_not_be_read_is_never_forgotten(bench: Bench) -> None:
    rows(bench, "member", (1, None))
    rows(bench, "payment", (1, None))
    rows(bench, "orders", (1, 1, 1, "2024-03-01"))
    orders = {"id": "orders", "table": "shop.orders", "keep": [{"basis": "one", "since": "ordered_on"}]}
    members = {
        "id": "members",
        "table": "shop.member",
        "keep": [{"basis": "two", "since": {"latest_of": ["shop.orders", "shop.payment"], "column": "paid_on"}}],
    }
    matrix = matrix_of(bench, orders, members)
    bench.run(matrix, date(2025, 3, 2))
    assert left(bench, "orders") == set()
    assert states(bench.plan(matrix, date(2096, 3, 2)).rules[1]) == {"unreadable": 1}


@pytest.mark.thorough
def test_parts_leave_their_day_behind_as_well(bench: Bench) -> None:
    rows(bench, "member", (1, None))
    rows(bench, "orders", (1, 1, None, "2024-01-01"))
    rows(bench, "line", (1, 1, "2024-06-01"), (2, 1, "2024-05-01"))
    orders = {
        "id": "orders",
        "table": "shop.orders",
        "keep": [{"basis": "one", "since": {"latest_of": ["shop.line"], "column": "shipped_on"}}],
        "with": ["shop.line"],
    }
    members = {
        "id": "members",
        "table": "shop.member",
        "keep": [{"basis": "two", "since": {"latest_of": ["shop.orders", "shop.line"], "column": "shipped_on"}}],
    }
    matrix = matrix_of(bench, orders, members)
    assert bench.run(matrix, date(2025, 6, 1))["orders"].done == 0
    assert bench.run(matrix, date(2025, 6, 2))["orders"].done == 1
    assert left(bench, "line") == set()
    assert states(bench.plan(matrix, date(2026, 6, 1)).rules[1]) == {"separate": 1}
    assert states(bench.plan(matrix, date(2026, 6, 2)).rules[1]) == {"due": 1}


def test_an_order_that_comes_in_meanwhile_keeps_the_row(bench: Bench) -> None:
    """The statement re-checks that no related row makes the clock later; no relation holds the row here."""
    rows(bench, "payment", (1, "2001-01-01"), (2, "2001-01-01"))
    rows(bench, "orders", (1, None, 1, OLD), (2, None, 2, OLD))
    matrix = bench.matrix(
        {
            "legal_bases": BASES,
            "tables": {
                "shop.payment": {"none": "t"},
                "shop.orders": {"none": "t", "relations": [{**RELATIONS["shop.orders"][1], "holds": False}]},
            },
            "rules": [
                {
                    "id": "payments",
                    "table": "shop.payment",
                    "keep": [{"basis": "one", "since": {"latest_of": ["^paid_by"], "column": "ordered_on"}}],
                    "then": "delete",
                    "approval": "never",
                }
            ],
        }
    )
    plan = bench.plan(matrix, AS_OF)
    assert states(plan.rules[0]) == {"due": 2}
    bench.do([f"INSERT INTO orders VALUES (3, NULL, 2, '{NEW}')"])
    outcome = bench.run(matrix, AS_OF, plan=plan)["payments"]
    assert (outcome.done, outcome.survived) == (1, 1)
    assert left(bench, "payment") == {2}


@dataclass
class Model:
    """The same nights, row by row, from the words of the language."""

    members: dict[int, date | None]
    payments: dict[int, date | None]
    orders: dict[int, tuple[int | None, int | None, date | None]]
    kept: dict[int, set[date | None]] = field(default_factory=dict)

    def reached(self, member: int) -> list[date | None]:
        """Return what the rows say that the path reaches; None for one that can't be read."""
        found: list[date | None] = list(self.kept.get(member, ()))
        for buyer, payment, _ordered in self.orders.values():
            if buyer == member:
                found.append(readable(self.payments[payment]) if payment in self.payments else None)
        return found

    def state(self, member: int, as_of: date, staying: set[int]) -> str:
        days = self.reached(member)
        other = readable(self.members[member])
        if None in days or (other is None):
            return "unreadable"
        if any(not over(day, 2, as_of) for day in days if day) or not over(other, 1, as_of):
            return "separate"
        return "referenced" if any(self.orders[one][0] == member for one in staying) else "due"

    def night(self, as_of: date) -> dict[int, str]:
        """Carry out one night; return the members' states before it."""
        gone = {one for one, (_b, _p, on) in self.orders.items() if (day := readable(on)) and over(day, 1, as_of)}
        staying = set(self.orders) - gone
        found = {member: self.state(member, as_of, staying) for member in self.members}
        held = {self.orders[one][1] for one in staying}
        paid = {
            one
            for one, on in self.payments.items()
            if (day := readable(on)) and over(day, 1, as_of) and one not in held
        }
        for one in gone:
            buyer, payment, _on = self.orders[one]
            if buyer is not None:
                day = readable(self.payments[payment]) if payment in self.payments else None
                self.kept.setdefault(buyer, set()).add(day)
        for one in gone:
            del self.orders[one]
        for one in paid:
            del self.payments[one]
        for member, state in found.items():
            if state == "due":
                del self.members[member]
                self.kept.pop(member, None)
        return found


def readable(day: date | None) -> date | None:
    return day if day is not None and day >= date(1990, 1, 1) else None


def over(day: date, years: int, as_of: date) -> bool:
    """Whether a period of years has lapsed; the days used here are none that Art. 160 treats specially."""
    return day.replace(year=day.year + years) < as_of


@pytest.mark.thorough
def test_random_nights_agree_with_a_model_row_by_row(bench: Bench, proof: bool) -> None:
    chance = random.Random(11)
    for _ in range(12 if proof else 1):
        _random_nights(bench, chance, size=400 if proof else 80)


def _random_nights(bench: Bench, chance: random.Random, size: int) -> None:
    bench.do([f"DELETE FROM {table}" for table in ("orders", "payment", "member", "retention_clock")])

    def day(broken: float) -> date | None:
        if chance.random() < broken:
            return chance.choice([None, date(1980, 1, 1)])
        return date(chance.randrange(2020, 2027), chance.randrange(1, 13), chance.randrange(2, 28))

    model = Model(
        {one: day(0.05) for one in range(1, size + 1)},
        {one: day(0.08) for one in range(1, size + 1)},
        {
            one: (
                chance.choice([None, *range(1, size + 1)]) if chance.random() < 0.1 else chance.randrange(1, size + 9),
                None if chance.random() < 0.05 else chance.randrange(1, size + 5),
                day(0.03),
            )
            for one in range(1, 2 * size + 1)
        },
    )
    rows(bench, "member", *((one, on) for one, on in model.members.items()))
    rows(bench, "payment", *((one, on) for one, on in model.payments.items()))
    rows(bench, "orders", *((one, *values) for one, values in model.orders.items()))
    path = {"latest_of": ["shop.orders", "shop.payment"], "column": "paid_on"}
    matrix = matrix_of(
        bench,
        {"id": "orders", "table": "shop.orders", "keep": [{"basis": "one", "since": "ordered_on"}]},
        {"id": "payments", "table": "shop.payment", "keep": [{"basis": "one", "since": "paid_on"}]},
        {
            "id": "members",
            "table": "shop.member",
            "keep": [
                {"basis": "two", "since": path, "when_null": "not_applicable"},
                {"basis": "one", "since": "left_on"},
            ],
        },
    )
    for year in (2023, 2024, 2025, 2026, 2028):
        as_of = date(year, chance.randrange(1, 13), chance.randrange(2, 28))
        plan = bench.plan(matrix, as_of)
        expected = model.night(as_of)
        mine = next(rule for rule in plan.rules if rule.id == "members")
        want = {state: list(expected.values()).count(state) for state in sorted(set(expected.values()))}
        assert dict(sorted(states(mine).items())) == want, as_of
        bench.run(matrix, as_of, plan=plan)
        assert left(bench, "member") == set(model.members), as_of
        assert left(bench, "orders") == set(model.orders), as_of
        assert left(bench, "payment") == set(model.payments), as_of
        assert bench.due_left(matrix, as_of)["members"] == 0
