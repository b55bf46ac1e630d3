"""Column rules with clocks of their own: what is done, what follows, and rows kept while others refer to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from support.bench import Bench, Mistaken, states

AS_OF = date(2026, 11, 24)
MOMENT = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP", "mariadb": "DATETIME"}
INSTANT = {"sqlite": "DATETIME", "postgresql": "TIMESTAMPTZ", "mariadb": "TIMESTAMP NULL"}
SECTIONS = {
    "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
    "purposes": {"membership": {"name": "m"}, "marketing": {"name": "k"}},
}
MEMBER = {"id": "members", "table": "shop.member", "then": "anonymize", "approval": "never"}
NAME = {"columns": {"name": {"constant": "-"}}}


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path, zone="UTC")
    bench.do(
        [
            f"""CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20), left_on DATE, withdrawn_on DATE,
                done_at {MOMENT[bench.engine]}, done_utc {INSTANT[bench.engine]})""",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES member (id), paid_on DATE)",
            "CREATE INDEX orders_member ON orders (member_id)",
        ]
    )
    yield bench
    bench.close()


def matrix_of(bench: Bench, *rules: dict[str, Any]) -> Any:
    tables = {"shop.member": {"none": "t"}, "shop.orders": {"none": "t"}}
    return bench.matrix({**SECTIONS, "tables": tables, "rules": list(rules)})


def members(bench: Bench, *values: tuple[object, ...]) -> None:
    """Insert id, name, left_on, withdrawn_on, done_at."""
    listed = ", ".join("(" + ", ".join("NULL" if v is None else f"'{v}'" for v in value) + ")" for value in values)
    bench.do([f"INSERT INTO member (id, name, left_on, withdrawn_on, done_at) VALUES {listed}"])


def changed(bench: Bench) -> set[int]:
    return {row[0] for row in bench.all("SELECT id FROM member WHERE name = '-'")}


@pytest.mark.parametrize("mark", ["done_at", "done_utc"])
def test_a_mark_s_day_in_seoul_is_compared_with_the_clocks(bench: Bench, mark: str) -> None:
    before, after = "2026-11-20 14:59:59", "2026-11-20 15:00:00"
    members(
        bench,
        (1, "a", "2026-11-20", None, before),  # done on the day the clock says
        (2, "b", "2026-11-21", None, before),  # left a day after the mark
        (3, "c", "2026-11-21", None, after),  # already the next day in Seoul
        (4, "d", "2026-11-20", None, None),  # never marked
        (5, "e", None, None, after),  # is a member again
        (6, "f", "1980-01-01", None, after),  # unreadable, and done before
        (7, "g", "1980-01-01", None, None),
    )
    bench.do(["UPDATE member SET done_utc = done_at"])
    rule = {**MEMBER, **NAME, "purpose": {"name": "membership", "ends": "left_on"}, "mark": mark}
    matrix = matrix_of(bench, rule)
    plan = bench.plan(matrix, AS_OF)
    assert states(plan.rules[0]) == {"done": 3, "due": 2, "in_use": 1, "unreadable": 1}
    assert bench.due_left(matrix, AS_OF) == {"members": 2}
    bench.run(matrix, AS_OF, plan=plan)
    assert changed(bench) == {2, 4}
    assert states(bench.plan(matrix, AS_OF).rules[0]) == {"done": 5, "in_use": 1, "unreadable": 1}


@pytest.mark.thorough
def test_a_purpose_s_end_counts_and_not_only_its_clock(bench: Bench) -> None:
    mark = "2026-01-10 00:00:00"
    members(
        bench,
        (1, "a", "2024-01-01", None, mark),  # ended on 2026-01-01
        (2, "b", "2024-02-29", None, mark),  # left before the mark, ended on 2026-02-28
        (3, "c", "2024-01-09", None, mark),  # ended on 2026-01-09
        (4, "d", "2024-01-10", None, mark),  # ended on the mark's day
        (5, "e", "2024-01-11", None, mark),  # and a day after it
        (6, "f", "2025-06-01", None, mark),  # ends in 2027
    )
    purpose = {"name": "membership", "ends": {"since": "left_on", "after": "P2Y"}}
    matrix = matrix_of(bench, {**MEMBER, **NAME, "purpose": purpose, "mark": "done_at"})
    plan = bench.plan(matrix, AS_OF)
    assert states(plan.rules[0]) == {"done": 3, "due": 2, "in_use": 1}
    bench.run(matrix, AS_OF, plan=plan)
    assert changed(bench) == {2, 5}


@pytest.mark.thorough
def test_the_earliest_end_counts_where_a_purpose_has_several(bench: Bench) -> None:
    members(bench, (1, "a", None, "2026-01-01", None), (2, "b", "2026-01-01", None, None))
    rule = {**MEMBER, **NAME, "purpose": {"name": "marketing", "ends": ["withdrawn_on", "left_on"]}}
    matrix = matrix_of(bench, rule)
    assert bench.run(matrix, AS_OF)["members"].done == 2
    bench.do(["UPDATE member SET left_on = '2026-11-20'"])
    # Consent had been withdrawn before the first left; the second leaves anew.
    assert states(bench.plan(matrix, AS_OF).rules[0]) == {"done": 1, "due": 1}


def test_the_side_table_tells_what_was_done_and_nothing_is_done_twice(bench: Bench) -> None:
    members(bench, (1, "a", "2025-01-01", None, None), (2, "b", "2025-06-01", None, None))
    purpose = {"name": "membership", "ends": {"since": "left_on", "after": "P1Y"}}
    matrix = matrix_of(bench, {**MEMBER, **NAME, "purpose": purpose})
    assert bench.run(matrix, AS_OF)["members"].done == 2
    recorded = bench.all("SELECT row_key, event_day FROM retention_done ORDER BY row_key")
    assert [tuple(row) for row in recorded] == [("1", "2026-01-01"), ("2", "2026-06-01")]
    assert bench.run(matrix, AS_OF)["members"].done == 0
    bench.do(["UPDATE member SET name = 'again', left_on = '2025-06-02' WHERE id = 2"])
    assert states(bench.plan(matrix, AS_OF).rules[0]) == {"done": 1, "due": 1}
    assert bench.run(matrix, AS_OF)["members"].done == 1


@pytest.mark.thorough
def test_an_erased_row_is_done_and_goes_after_its_term(bench: Bench) -> None:
    members(bench, (1, "a", "2026-01-01", None, None), (2, None, "2026-01-01", None, None))
    rule = {
        "id": "members",
        "table": "shop.member",
        "then": "erase",
        "columns": ["name"],
        "purpose": {"name": "membership", "ends": "left_on"},
        "then_after": {"term": "P1M", "do": "delete"},
        "approval": "never",
    }
    matrix = matrix_of(bench, rule)
    assert states(bench.plan(matrix, AS_OF).rules[0]) == {"done": 1, "due": 1}
    bench.run(matrix, AS_OF)
    # The row that never held a name has no day from which a term could run.
    assert states(bench.plan(matrix, date(2026, 12, 24)).rules[1]) == {"in_use": 1, "unreadable": 1}
    assert states(bench.plan(matrix, date(2026, 12, 25)).rules[1]) == {"due": 1, "unreadable": 1}
    bench.run(matrix, date(2026, 12, 25))
    assert [row[0] for row in bench.all("SELECT id FROM member")] == [2]
    assert bench.all("SELECT * FROM retention_done") == []


@pytest.mark.parametrize("mark", [None, pytest.param("done_at", marks=pytest.mark.thorough)])
def test_a_term_runs_from_the_change_and_stops_for_who_comes_back(bench: Bench, mark: str | None) -> None:
    members(bench, *((n, "a", "2026-01-01", None, None) for n in (1, 2, 3)))
    rule = {
        **MEMBER,
        **NAME,
        "purpose": {"name": "membership", "ends": "left_on"},
        "then_after": {"term": "P1M", "do": "delete"},
        **({"mark": mark} if mark else {}),
    }
    matrix = matrix_of(bench, rule)
    outcomes = bench.run(matrix, AS_OF)
    assert (outcomes["members"].done, outcomes["members.after"].done) == (3, 0)
    bench.do(
        [
            "UPDATE member SET left_on = NULL WHERE id = 2",
            "UPDATE member SET left_on = '2026-12-20' WHERE id = 3",
        ]
    )
    plan = bench.plan(matrix, date(2026, 12, 25))
    assert states(plan.rules[0]) == {"done": 1, "in_use": 1, "due": 1}
    assert states(plan.rules[1]) == {"due": 1, "in_use": 1}
    assert bench.due_left(matrix, date(2026, 12, 25)) == {"members": 1, "members.after": 1}
    assert bench.run(matrix, date(2026, 12, 25), plan=plan)["members.after"].done == 1
    assert {row[0] for row in bench.all("SELECT id FROM member")} == {2, 3}


ORDERS = {
    "id": "orders",
    "table": "shop.orders",
    "keep": [{"basis": "one", "since": "paid_on"}],
    "then": "delete",
    "approval": "never",
}
WAITING = {
    **MEMBER,
    **NAME,
    "purpose": {"name": "membership", "ends": "left_on"},
    "keep": [{"while_referenced_by": ["orders"]}],
}


def _orders(bench: Bench) -> Any:
    members(
        bench,
        (1, "a", "2026-01-01", None, None),  # its orders go tonight
        (2, "b", "2026-01-01", None, None),  # an order stays
        (3, "c", "2026-01-01", None, None),  # has none
        (4, "d", None, None, None),  # is a member
        (5, "e", "2026-11-22", None, None),  # has left just now
    )
    bench.do(
        [
            """INSERT INTO orders VALUES (1, 1, '2025-11-23'), (2, 1, '2025-01-01'), (3, 2, '2025-11-24'),
               (4, 2, '2025-01-01'), (5, 4, '2025-01-01'), (6, 5, '2025-01-01')"""
        ]
    )
    return matrix_of(bench, ORDERS, WAITING)


@pytest.mark.thorough
def test_a_row_is_changed_the_night_that_the_last_order_referring_to_it_goes(bench: Bench) -> None:
    matrix = _orders(bench)
    plan = bench.plan(matrix, AS_OF)
    orders, waiting = plan.rules
    assert (states(orders), orders.overdue) == ({"due": 5, "separate": 1}, 4)
    # The last day of the first is that of its later order, of the third its purpose's end.
    assert (states(waiting), waiting.overdue) == ({"due": 3, "separate": 1, "in_use": 1}, 1)
    bench.run(matrix, AS_OF, plan=plan)
    assert changed(bench) == {1, 3, 5}
    assert set(bench.due_left(matrix, AS_OF).values()) == {0}
    assert states(bench.plan(matrix, AS_OF).rules[1]) == {"done": 3, "separate": 1, "in_use": 1}
    after = bench.plan(matrix, date(2026, 11, 25))
    assert states(after.rules[1]) == {"done": 3, "due": 1, "in_use": 1}


@pytest.mark.thorough
def test_the_last_day_of_orders_that_are_gone_decides_when_a_row_is_overdue(bench: Bench) -> None:
    matrix = _orders(bench)
    bench.run(matrix, AS_OF, only=frozenset({"orders"}))
    assert changed(bench) == set()
    kept = bench.all("SELECT row_key, day FROM retention_clock ORDER BY row_key")
    assert [tuple(row) for row in kept] == [
        ("1", "2026-11-23"),
        ("2", "2026-01-01"),
        ("4", "2026-01-01"),
        ("5", "2026-01-01"),
    ]
    for day, late in (
        (date(2026, 11, 24), 1),
        (date(2026, 11, 27), 1),
        (date(2026, 11, 28), 2),
        (date(2026, 11, 29), 3),
    ):
        waiting = bench.plan(matrix, day).rules[1]
        assert (waiting.due, waiting.overdue) == (3 if day == AS_OF else 4, late), day


@pytest.mark.thorough
def test_what_is_kept_of_a_row_follows_its_key(bench: Bench) -> None:
    bench.do(
        [
            "CREATE TABLE account (login VARCHAR(40) PRIMARY KEY, name VARCHAR(20), left_on DATE)",
            "CREATE TABLE visit (id INTEGER PRIMARY KEY, login VARCHAR(40), seen_on DATE)",
            "INSERT INTO account VALUES ('kim', 'a', '2025-01-01')",
            "INSERT INTO visit VALUES (1, 'kim', '2025-03-01')",
        ]
    )
    accounts = {"table": "shop.account", "approval": "never", "then": "anonymize"}
    matrix = bench.matrix(
        {
            **SECTIONS,
            "tables": {
                "shop.account": {"none": "t"},
                "shop.visit": {
                    "none": "t",
                    "relations": [{"columns": ["login"], "to": "shop.account", "to_columns": ["login"]}],
                },
            },
            "rules": [
                {
                    "id": "visits",
                    "table": "shop.visit",
                    "keep": [{"basis": "one", "since": "seen_on"}],
                    "then": "delete",
                    "approval": "never",
                },
                {
                    **accounts,
                    **NAME,
                    "id": "names",
                    "purpose": {"name": "membership", "ends": "left_on"},
                },
                {
                    **accounts,
                    "id": "logins",
                    "columns": {"login": {"token": "member"}},
                    "keep": [{"basis": "one", "since": {"latest_of": ["shop.visit"], "column": "seen_on"}}],
                },
            ],
        }
    )
    outcomes = bench.run(matrix, AS_OF)
    assert {rule: one.done for rule, one in outcomes.items()} == {"visits": 1, "names": 1, "logins": 1}
    (login,) = [row[0] for row in bench.all("SELECT login FROM account")]
    assert login != "kim"
    keys = {row[0] for row in bench.all("SELECT row_key FROM retention_done UNION SELECT row_key FROM retention_clock")}
    assert keys == {login}
    again = bench.run(matrix, date(2027, 1, 1))
    assert {rule: one.done for rule, one in again.items()} == {"visits": 0, "names": 0, "logins": 0}
    assert {rule.id: states(rule) for rule in bench.plan(matrix, date(2027, 1, 1)).rules if rule.id != "visits"} == {
        "names": {"done": 1},
        "logins": {"done": 1},
    }


def test_rules_that_wait_for_each_other_in_a_circle_are_refused_in_one_line(bench: Bench) -> None:
    other = {**ORDERS, "keep": [*ORDERS["keep"], {"while_referenced_by": ["members"]}]}
    with pytest.raises(Mistaken, match="the rules orders, members wait for each other") as mistake:
        matrix_of(bench, other, WAITING)
    assert "\n" not in str(mistake.value)


@pytest.mark.thorough
def test_a_row_waits_for_rows_that_are_changed_and_not_destroyed(bench: Bench) -> None:
    """Orders that are due tonight hold nothing tonight; those changed on an earlier night do."""
    members(bench, (1, "a", "2026-01-01", None, None), (2, "b", "2026-01-01", None, None))
    bench.do(["INSERT INTO orders VALUES (1, 1, '2025-11-23'), (2, 2, '2025-11-24')"])
    erased = {**ORDERS, "then": "erase", "columns": ["paid_on"], "keep": [{"basis": "one", "since": "paid_on"}]}
    kept = {**ORDERS, "then": "anonymize", "columns": {"paid_on": {"generalize": "month"}}}
    for rule in (erased, kept):
        bench.do(["UPDATE orders SET paid_on = '2025-11-23' WHERE id = 1", "UPDATE member SET name = 'a'"])
        bench.do(["DELETE FROM retention_done"])
        matrix = matrix_of(bench, rule, WAITING)
        plan = bench.plan(matrix, AS_OF)
        by_rule = {one.id: one for one in plan.rules}
        assert states(by_rule["members"]) == {"due": 1, "separate": 1}
        outcomes = bench.run(matrix, AS_OF, plan=plan)
        assert {one: (done.done, done.survived) for one, done in outcomes.items()} == {
            "members": (1, 0),
            "orders": (1, 0),
        }
        assert changed(bench) == {1}


@pytest.mark.parametrize("mark", [None, "done_at"])
def test_a_row_on_which_a_statute_still_runs_outlives_its_term(bench: Bench, mark: str | None) -> None:
    members(bench, (1, "a", "2025-11-01", None, None), (2, "b", "2022-01-01", None, None))
    rule = {
        **MEMBER,
        **NAME,
        "keep": [{"basis": "one", "since": "left_on"}],
        "then_after": {"term": "P1M", "do": "delete"},
        **({"mark": mark} if mark else {}),
    }
    assert bench.run(matrix_of(bench, rule), AS_OF)["members"].done == 2
    longer = {**SECTIONS["legal_bases"]["one"], "keep": "P2Y"}
    tables = {"shop.member": {"none": "t"}, "shop.orders": {"none": "t"}}
    matrix = bench.matrix({**SECTIONS, "legal_bases": {"one": longer}, "tables": tables, "rules": [rule]})
    late = date(2027, 11, 1)
    assert states(bench.plan(matrix, late).rules[1]) == {"due": 1, "separate": 1}
    assert bench.due_left(matrix, late)["members.after"] == 1
    assert bench.run(matrix, late)["members.after"].done == 1
    assert [row[0] for row in bench.all("SELECT id FROM member")] == [1]
    assert bench.run(matrix, date(2027, 11, 2))["members.after"].done == 1
