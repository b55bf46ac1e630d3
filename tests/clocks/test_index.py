"""Every clock whose values sort like time is searched by its index, and the plan says so by the engine's EXPLAIN."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from clocks.values import AS_OF, CUTOFF, clock_of, kinds, quoted
from retention.plan.statement import clock_query
from support.bench import Bench

ROWS = 4096
DIGITS = "(SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)"
NUMBERS = "INSERT INTO numbers SELECT " + " + ".join(f"{4**n} * x{n}.d" for n in range(6)) + " FROM "
NUMBERS += ", ".join(f"{DIGITS} x{n}" for n in range(6))


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path, zone="Asia/Seoul")
    bench.do(("CREATE TABLE numbers (n INTEGER PRIMARY KEY)", NUMBERS))
    yield bench
    bench.close()


def _analyse(bench: Bench, *tables: str) -> None:
    bench.do(f"ANALYZE {'TABLE ' if bench.engine == 'mariadb' else ''}{table}" for table in tables)


def _lapsed(entry: dict[str, Any], *, lapsed: bool) -> str | None:
    """Return the earliest value of the entry that has lapsed, or the latest one that hasn't."""
    days = [(date.fromisoformat(day), value) for value, day in entry["values"] if day[:1].isdigit()]
    found = sorted(one for one in days if (one[0] < CUTOFF) == lapsed)
    return None if not found else str(found[0 if lapsed else -1][1])


def _indexes(bench: Bench, matrix: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    with bench.database.planning() as connection:
        for unit in bench.units(matrix, AS_OF):
            for rule in unit.rules:
                found[rule.id] = bench.database.dialect.indexes_used(connection, clock_query(rule, AS_OF))
    return found


def test_a_clock_that_sorts_like_time_is_searched_by_its_index(bench: Bench) -> None:
    sorted_ = {}
    for table, column, entry in kinds(bench.engine):
        old, new = _lapsed(entry, lapsed=True), _lapsed(entry, lapsed=False)
        if old is None or new is None:
            continue
        sorted_[table] = entry
        bench.do(
            (
                f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, at {column})",
                f"INSERT INTO {table} SELECT n, {quoted(new)} FROM numbers",
                f"UPDATE {table} SET at = {quoted(old)} WHERE id < 5",
                f"CREATE INDEX by_{table} ON {table} (at)",
            )
        )
    _analyse(bench, *sorted_)
    matrix = bench.matrix(
        {
            "legal_bases": {"five": {"statute": "s", "article": "a", "keep": "P5Y", "roll_holidays": False}},
            "tables": {f"shop.{table}": {"none": "test"} for table in sorted_},
            "rules": [
                {
                    "id": table,
                    "table": f"shop.{table}",
                    "keep": [{"basis": "five", "since": clock_of(entry)}],
                    "then": "delete",
                }
                for table, entry in sorted_.items()
            ],
        }
    )
    found = _indexes(bench, matrix)
    wrong = {
        f"{entry['name']} ({table})": found[table]
        for table, entry in sorted_.items()
        if found[table] != (() if entry.get("sorts") == "false" else (f"by_{table}",))
    }
    assert not wrong
    assert len(sorted_) >= 15


def test_clocks_in_other_rows_and_several_at_once_are_searched_by_indexes(bench: Bench) -> None:
    bench.do(
        (
            "CREATE TABLE member (id INTEGER PRIMARY KEY, left_on DATE)",
            "CREATE TABLE orders "
            "(id INTEGER PRIMARY KEY, member_id INTEGER, paid_on DATE, supplied_on DATE, note TEXT)",
            "CREATE TABLE line (id INTEGER PRIMARY KEY, order_id INTEGER)",
            "INSERT INTO member SELECT n, '2001-01-01' FROM numbers WHERE n < 40",
            f"INSERT INTO orders SELECT n, n, '2026-01-01', '2026-01-01', '{'wide' * 150}' FROM numbers",
            "UPDATE orders SET paid_on = '2001-01-01', supplied_on = '2001-01-01' WHERE id < 40",
            "INSERT INTO line SELECT n, n FROM numbers WHERE n < 40",
            "CREATE INDEX orders_member ON orders (member_id)",
            "CREATE INDEX orders_paid ON orders (paid_on)",
            "CREATE INDEX orders_supplied ON orders (supplied_on)",
        )
    )
    _analyse(bench, "member", "orders", "line")
    relations = {
        "shop.orders": [{"columns": ["member_id"], "to": "shop.member", "to_columns": ["id"]}],
        "shop.line": [{"columns": ["order_id"], "to": "shop.orders", "to_columns": ["id"]}],
    }
    clocks = {
        "member": {"latest_of": ["shop.orders"], "column": "paid_on"},
        "orders": ["paid_on", "supplied_on"],
        "line": {"via": ["shop.orders"], "column": "paid_on"},
    }
    matrix = bench.matrix(
        {
            "legal_bases": {"five": {"statute": "s", "article": "a", "keep": "P5Y"}},
            "tables": {
                f"shop.{table}": {"none": "test", "relations": relations.get(f"shop.{table}", [])} for table in clocks
            },
            "rules": [
                {
                    "id": table,
                    "table": f"shop.{table}",
                    "keep": [{"basis": "five", "since": clock}],
                    "then": "delete",
                }
                for table, clock in clocks.items()
            ],
        }
    )
    found = _indexes(bench, matrix)
    assert set(found["member"]) & {"orders_member", "orders_paid"}
    assert set(found["orders"]) & {"orders_paid", "orders_supplied"}
    assert found["line"], "the order's own key leads to its clock"


def test_the_plan_names_the_index_and_leaves_it_out_where_there_is_none(bench: Bench) -> None:
    bench.do(
        (
            "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, other DATE)",
            "INSERT INTO log SELECT n, '2026-01-01', '2026-01-01' FROM numbers",
            "CREATE INDEX log_at ON log (at)",
        )
    )
    _analyse(bench, "log")
    sections = {
        "legal_bases": {"five": {"statute": "s", "article": "a", "keep": "P5Y"}},
        "tables": {"shop.log": {"none": "test"}},
    }
    rule = {"id": "r", "table": "shop.log", "then": "delete"}
    for column, index in (("at", "log_at"), ("other", None)):
        matrix = bench.matrix({**sections, "rules": [{**rule, "keep": [{"basis": "five", "since": column}]}]})
        plan = bench.plan(matrix, AS_OF)
        assert plan.rules[0].as_json().get("index") == index
    digest = plan.digest
    bench.do(("CREATE INDEX log_other ON log (other)",))
    again = bench.plan(matrix, AS_OF)
    assert (again.rules[0].index, again.digest) == ("log_other", digest), "an index is nothing that anybody approves"
