"""Keys that are no plain numbers or texts: bytes on every engine, and what SQLite lets stand in a primary key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from sqlalchemy import String, func

from retention.execute.told import Telling
from support.bench import Bench, OneHold, states

AS_OF = date(2026, 3, 2)
_BASIS = {"statute": "s", "article": "a", "roll_holidays": False}
BASES = {"one": {**_BASIS, "keep": "P1Y"}, "five": {**_BASIS, "keep": "P5Y"}}
KEEP = [{"basis": "one", "since": "seen_on"}]
PERSONS = {"shop.cust": {"subject": "login"}, "shop.ord": {"none": "t"}}
# The first two are no UTF-8, and would be the same text if what isn't were left out; the third is one.
KEYS = ("FFEEDDCCBBAA99887766554433221100", "FEEEDDCCBBAA99887766554433221100", "30313233343536373839616263646566")


def _persons(bench: Bench) -> None:
    type_ = {"mariadb": "BINARY(16)", "postgresql": "BYTEA", "sqlite": "BLOB"}[bench.engine]
    first, second, third = (f"'\\x{key}'" if bench.engine == "postgresql" else f"x'{key}'" for key in KEYS)
    bench.do(
        [
            f"CREATE TABLE cust (id {type_} PRIMARY KEY, login VARCHAR(20), seen_on DATE)",
            f"CREATE TABLE ord (id INTEGER PRIMARY KEY, cust_id {type_}, paid_on DATE, "
            "FOREIGN KEY (cust_id) REFERENCES cust (id))",
            f"INSERT INTO cust VALUES ({first}, 'kim', '2020-01-01'), ({second}, 'lee', '2020-01-01'), "
            f"({third}, 'park', '2020-01-01')",
            f"INSERT INTO ord VALUES (1, {first}, '2024-02-01'), (2, {second}, '2020-02-01')",
        ]
    )


def _matrix(bench: Bench, tables: Mapping[str, Any], *rules: Mapping[str, Any]) -> Any:
    return bench.matrix({"legal_bases": BASES, "tables": tables, "rules": list(rules)})


def _logins(bench: Bench) -> list[str]:
    return [row[0] for row in bench.all("SELECT login FROM cust ORDER BY login")]


def test_what_is_kept_of_rows_that_went_is_kept_for_the_very_row(bench: Bench) -> None:
    _persons(bench)
    paid = {"latest_of": ["shop.ord"], "column": "paid_on"}
    matrix = _matrix(
        bench,
        PERSONS,
        {"id": "ord", "table": "shop.ord", "keep": [{"basis": "one", "since": "paid_on"}], "then": "delete"},
        {"id": "cust", "table": "shop.cust", "keep": [{"basis": "five", "since": paid}], "then": "delete"},
    )
    for _night in range(2):
        bench.run(matrix, AS_OF)
        # The one paid in 2024 is kept by an order that is gone; nobody ever ordered for the third.
        assert _logins(bench) == ["kim", "park"]


def test_a_row_whose_key_is_bytes_is_changed_once(bench: Bench) -> None:
    _persons(bench)
    change = {"then": "anonymize", "columns": {"login": {"constant": "x"}}}
    matrix = _matrix(bench, PERSONS, {"id": "cust", "table": "shop.cust", "keep": KEEP, **change})
    assert bench.run(matrix, AS_OF)["cust"].done == 3
    assert states(bench.plan(matrix, AS_OF).rules[0]) == {"done": 3}


def test_a_hold_covers_the_row_with_its_key_and_no_other(bench: Bench) -> None:
    _persons(bench)
    bench.do(["DELETE FROM ord"])
    matrix = _matrix(bench, PERSONS, {"id": "cust", "table": "shop.cust", "keep": KEEP, "then": "delete"})
    bench.run(matrix, AS_OF, holds=OneHold(there=True, kind="subject", subject=("kim",)))
    assert _logins(bench) == ["kim"]


def test_a_row_whose_key_is_bits_is_changed_once(mariadb_bench: Bench) -> None:
    """Bits that are no text are none that the engine takes for one."""
    mariadb_bench.do(
        [
            "CREATE TABLE log (id BIT(8) PRIMARY KEY, login VARCHAR(20), seen_on DATE)",
            *(f"INSERT INTO log VALUES (b'{key}', 'kim', '2020-01-01')" for key in ("1", "11110000", "11111111")),
        ]
    )
    matrix = mariadb_bench.one_rule(then="anonymize", columns={"login": {"constant": "x"}})
    assert mariadb_bench.run(matrix, AS_OF)["log"].done == 3
    assert states(mariadb_bench.plan(matrix, AS_OF).rules[0]) == {"done": 3}


def test_keys_that_are_fewer_than_the_rows_are_refused_before_anything_goes(
    postgresql_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql_bench.do(
        [
            "CREATE TABLE log (id VARCHAR(9), n INTEGER, seen_on DATE, PRIMARY KEY (id, n))",
            "INSERT INTO log VALUES ('a', 1, '2020-01-01'), ('b', 2, '2020-01-01')",
        ]
    )

    def some(_self: Telling, value: Any) -> Any:
        gathered = func.array_agg(value)
        return func.trim_array(gathered, 1) if isinstance(value.type, String) else gathered

    monkeypatch.setattr(Telling, "_gather", some)
    with pytest.raises(AssertionError, match="rule log: the database told 1 keys of 2 rows"):
        postgresql_bench.run(postgresql_bench.one_rule(), AS_OF)
    assert postgresql_bench.all("SELECT count(*) FROM log") == [(2,)]


ODD = {
    "INT PRIMARY KEY": ("1", "'abc'", "2.5", "NULL", "NULL"),
    "INTEGER PRIMARY KEY DESC": ("1", "'abc'", "2.5", "NULL", "NULL"),
    "TEXT PRIMARY KEY": ("'a'", "'b'", "'c'", "NULL", "NULL"),
    "BLOB PRIMARY KEY": ("x'00ff'", "'b'", "1", "NULL", "NULL"),
}


def _odd(bench: Bench, declared: str) -> None:
    values = ", ".join(f"({key}, 'kim', '2020-01-01')" for key in ODD[declared])
    bench.do([f"CREATE TABLE log (id {declared}, login TEXT, seen_on DATE)", f"INSERT INTO log VALUES {values}"])


@pytest.mark.parametrize("index", [False, True], ids=["by key", "by clock"])
@pytest.mark.parametrize("declared", ODD)
def test_rows_without_a_key_stay_and_the_rest_goes(sqlite_bench: Bench, declared: str, index: bool) -> None:
    _odd(sqlite_bench, declared)
    sqlite_bench.do(["CREATE INDEX seen ON log (seen_on)"] if index else [])
    matrix = sqlite_bench.one_rule()
    plan = sqlite_bench.plan(matrix, AS_OF)
    assert states(plan.rules[0]) == {"due": 3}
    assert sqlite_bench.run(matrix, AS_OF, plan=plan)["log"].done == 3
    assert sqlite_bench.all("SELECT id FROM log") == [(None,), (None,)]
    assert sqlite_bench.run(matrix, AS_OF)["log"].done == 0


@pytest.mark.parametrize("declared", ODD)
def test_rows_without_a_key_are_left_as_they_are_and_the_rest_is_changed(sqlite_bench: Bench, declared: str) -> None:
    _odd(sqlite_bench, declared)
    change = {"then": "anonymize", "columns": {"login": {"constant": "x"}}}
    matrix = sqlite_bench.one_rule(**change)
    assert sqlite_bench.run(matrix, AS_OF)["log"].done == 3
    assert states(sqlite_bench.plan(matrix, AS_OF).rules[0]) == {"done": 3}
    assert sqlite_bench.all("SELECT login FROM log WHERE id IS NULL") == [("kim",), ("kim",)]


@pytest.mark.parametrize("declared", ODD)
def test_holds_find_rows_without_a_key_in_their_way(sqlite_bench: Bench, declared: str) -> None:
    _odd(sqlite_bench, declared)
    sqlite_bench.do(["UPDATE log SET login = 'lee' WHERE rowid = 1"])
    rule = {"id": "log", "table": "shop.log", "keep": KEEP, "then": "delete"}
    matrix = _matrix(sqlite_bench, {"shop.log": {"subject": "login"}}, rule)
    outcome = sqlite_bench.run(matrix, AS_OF, holds=OneHold(there=True, kind="subject", subject=("kim",)))["log"]
    assert outcome.done == 1
    assert sqlite_bench.all("SELECT count(*) FROM log") == [(4,)]


def test_a_part_without_a_key_keeps_its_owner_and_no_other(sqlite_bench: Bench) -> None:
    """Nobody could tell it from another such part, of which a hold or a second owner wants that it stays."""
    sqlite_bench.do(
        [
            "CREATE TABLE log (id TEXT PRIMARY KEY, seen_on DATE)",
            "CREATE TABLE note (id TEXT PRIMARY KEY, log_id TEXT REFERENCES log (id), login TEXT)",
            "INSERT INTO log VALUES ('a', '2020-01-01'), ('b', '2020-01-01'), ('c', '2020-01-01')",
            "INSERT INTO note VALUES (NULL, 'a', 'lee'), ('n', 'a', 'lee'), ('k', 'b', 'kim'), (NULL, 'c', 'kim')",
        ]
    )
    tables = {"shop.log": {"none": "t"}, "shop.note": {"subject": "login"}}
    rule = {"id": "log", "table": "shop.log", "keep": KEEP, "then": "delete", "with": ["shop.note"]}
    matrix = _matrix(sqlite_bench, tables, rule)
    held = OneHold(there=True, kind="subject", subject=("lee",))
    assert states(sqlite_bench.plan(matrix, AS_OF).rules[0]) == {"due": 1, "referenced": 2}
    assert sqlite_bench.run(matrix, AS_OF, holds=held)["log"].done == 1
    assert sqlite_bench.all("SELECT id FROM log ORDER BY id") == [("a",), ("c",)]
    assert sqlite_bench.all("SELECT id FROM note ORDER BY id") == [(None,), (None,), ("n",)]


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "type_",
    ["CITEXT", pytest.param("number", marks=pytest.mark.thorough), pytest.param("mood", marks=pytest.mark.thorough)],
)
def test_keys_of_types_that_the_driver_does_not_know_go_as_others(postgresql_bench: Bench, type_: str) -> None:
    postgresql_bench.do(
        [
            "CREATE EXTENSION IF NOT EXISTS citext",
            "CREATE DOMAIN number AS INTEGER",
            "CREATE TYPE mood AS ENUM ('1', '2', '3')",
            f"CREATE TABLE log (id {type_} PRIMARY KEY, seen_on DATE)",
            "INSERT INTO log VALUES ('1', '2020-01-01'), ('2', '2020-01-01'), ('3', '2026-01-01')",
        ]
    )
    assert postgresql_bench.run(postgresql_bench.one_rule(), AS_OF)["log"].done == 2
    assert postgresql_bench.all("SELECT CAST(id AS TEXT) FROM log") == [("3",)]
