"""A rule's ``where`` that its database refuses, or takes for something else, stops that rule alone, on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from support.shop import Shop
from support.small import make_small

GOOD = "good"
UUID = "123e4567-e89b-12d3-a456-426614174000"

Case = tuple[str, str, str]
"""A column's type, the value it holds, and a condition on it; the column is called ``c``."""


def shop_of(url: str, folder: Path, capsys: Any, cases: dict[str, Case], *before: str) -> Shop:
    """A shop with a table and a rule for each case, each with one row that has long been due."""
    statements = list(before)
    for name, (type_, value, _where) in cases.items():
        statements.append(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, at DATE, c {type_})")
        statements.append(f"INSERT INTO {name} VALUES (1, '2020-01-01', {value})")
    tables = "".join(f"  shop.{name}: {{not_personal: [c]}}\n" for name in cases)
    rules = "".join(
        f"  - id: {name}\n    table: shop.{name}\n    where: >-\n        {where}\n"
        "    keep: [{basis: y5, since: at}]\n    then: delete\n"
        for name, (_type, _value, where) in cases.items()
    )
    shop = make_small(url, folder, f"classification: advised\ntables:\n{tables}rules:\n{rules}", *statements)
    assert shop.call(capsys, "key", "new", day=None).code == 0
    return shop


def refused(shop: Shop, capsys: Any) -> dict[str, str]:
    """What a check finds wrong with conditions, by rule."""
    found = shop.call(capsys, "check", "--json", day=None).document["findings"]
    return {one["what"].split(":")[0].removeprefix("rule "): one["what"] for one in found if one["code"] == "RET230"}


def night(shop: Shop, capsys: Any, *rules: str) -> dict[str, tuple[str, int]]:
    """How each rule ended, and how many rows it took."""
    called = shop.call(capsys, "run", "--json", *shop.accepts(*rules))
    return {one["id"]: (one["status"], one["done"]) for one in called.document["rules"]}


def _on(url: str, **types: str) -> str:
    return types[make_url(url).get_backend_name().replace("mysql", "mariadb")]


def test_a_constant_that_its_column_can_t_hold_stops_its_rule_and_no_other(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    small = _on(engine_url, postgresql="SMALLINT", mariadb="SMALLINT", sqlite="INTEGER")
    number = _on(engine_url, postgresql="70000", mariadb="-32769", sqlite="9223372036854775808")
    binary = _on(engine_url, postgresql="BYTEA", mariadb="VARBINARY(9)", sqlite="BLOB")
    cases: dict[str, Case] = {
        "small": (small, "1", f"c < {number}"),
        "large": ("BIGINT", "1", "c = 99999999999999999999999"),
        "flag": ("BOOLEAN", "TRUE", "c = 'yes'"),
        "document": ("JSON", "'{}'", "c = '{}'"),
        "bytes": (binary, "'a'", "c = 'a'"),
        "day": ("DATE", "'2020-01-01'", "c < '2020-02-31'"),
        "moment": ("TIMESTAMP", "'2020-01-01 10:00:00'", "c < '2020-01-01 soon'"),
        "pattern": ("VARCHAR(9)", "'a'", r"c LIKE 'a\'"),
        "number": ("VARCHAR(9)", "'a'", "c = 0"),
        GOOD: ("VARCHAR(9)", "'a'", "c = 'a'"),
    }
    shop = shop_of(engine_url, tmp_path, capsys, cases)
    assert set(refused(shop, capsys)) == set(cases) - {GOOD}
    ended = night(shop, capsys, GOOD)
    assert ended.pop(GOOD) == ("done", 1)
    assert set(ended.values()) == {("refused", 0)}
    assert {name for name in cases if not shop.one(f"SELECT COUNT(*) FROM {name}")} == {GOOD}


@pytest.mark.postgresql
def test_what_a_strict_engine_refuses_to_compare_stops_its_rule_and_no_other(
    postgresql_url: str, tmp_path: Path, capsys: Any
) -> None:
    cases: dict[str, Case] = {
        "listed": ("kind", "'a'", "c = 'A'"),
        "money": ("MONEY", "7", "c > 5"),
        "span": ("INTERVAL", "'1 day'", "c = '1 day'"),
        "written": ("UUID", f"'{UUID}'", f"c = '{UUID[:-1]}'"),
        "patterned": ("UUID", f"'{UUID}'", "c LIKE '1%'"),
        GOOD: ("kind", "'a'", "c IN ('a', 'b')"),
    }
    shop = shop_of(postgresql_url, tmp_path, capsys, cases, "CREATE TYPE kind AS ENUM ('a', 'b')")
    found = refused(shop, capsys)
    assert set(found) == set(cases) - {GOOD}
    assert found["listed"].endswith("22P02")
    assert night(shop, capsys, GOOD) == {GOOD: ("done", 1)} | dict.fromkeys(set(cases) - {GOOD}, ("refused", 0))


@pytest.mark.mariadb
def test_what_a_lenient_engine_compares_with_nothing_is_refused(mariadb_url: str, tmp_path: Path, capsys: Any) -> None:
    cases: dict[str, Case] = {
        "listed": ("ENUM('a', 'b')", "'a'", "c <> 'c'"),
        "several": ("SET('a', 'b')", "'a,b'", "c <> 'a,c'"),
        "born": ("YEAR", "2020", "c < 20200"),
        "clock": ("TIME", "'10:00:00'", "c <> 'ten'"),
        "written": ("UUID", f"'{UUID}'", "c <> 'x'"),
        "positive": ("TINYINT UNSIGNED", "1", "c > -1"),
        "good": ("ENUM('a', 'b')", "'a'", "c = 'A'"),
        "good2": ("SET('a', 'b')", "'a,b'", "c = 'a,b'"),
        "good3": ("YEAR", "2020", "c < 2021"),
        "good4": ("TIME", "'10:00:00'", "c < '11:00'"),
        "good5": ("TINYINT UNSIGNED", "200", "c > 199"),
    }
    shop = shop_of(mariadb_url, tmp_path, capsys, cases)
    good = {name for name in cases if name.startswith(GOOD)}
    assert set(refused(shop, capsys)) == set(cases) - good
    ended = night(shop, capsys, *good)
    assert {name for name, how in ended.items() if how == ("done", 1)} == good


def test_a_constant_is_compared_as_what_its_column_holds(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    uuid = _on(engine_url, postgresql="UUID", mariadb="UUID", sqlite="VARCHAR(36)")
    instant = _on(engine_url, postgresql="TIMESTAMPTZ", mariadb="TIMESTAMP", sqlite="TIMESTAMP")
    naive = _on(engine_url, postgresql="TIMESTAMP", mariadb="DATETIME", sqlite="TIMESTAMP")
    utc = _on(engine_url, postgresql="SET TIME ZONE 'UTC'", mariadb="SET time_zone = '+00:00'", sqlite="SELECT 1")
    stored, at = "'2020-01-01 10:00:00'", "2020-01-01 10:00:00"
    offset = _on(engine_url, postgresql="2020-01-01T19:00+09:00", mariadb="2020-01-01T19:00+09:00", sqlite=at)
    cases: dict[str, Case] = {
        "later": ("DATE", "'2020-01-02'", "c > '2020-01-01'"),
        "sooner": ("DATE", "'2020-01-02'", "'2020-01-03' > c"),
        "listed": ("DATE", "'2020-01-02'", "c IN ('2020-01-01', '2020-01-02')"),
        "among": ("DATE", "'2020-01-02'", "c BETWEEN '2020-01-01' AND '2020-01-03'"),
        "amid": ("DATE", "'2020-01-02'", "'2020-01-02' BETWEEN c AND c"),
        "one_of": ("DATE", "'2020-01-02'", "'2020-01-02' IN (c, at)"),
        "moment": (naive, stored, f"c = '{at}'"),
        "start": (naive, stored, "c >= '2020-01-01'"),
        "instant": (instant, stored, f"c = '{offset}'"),
        "flag": ("BOOLEAN", "TRUE", "c = 1"),
        "flags": ("BOOLEAN", "TRUE", "c IN (0, 1)"),
        "unless": ("BOOLEAN", "TRUE", "0 <> c"),
        "number": ("INTEGER", "1", "c = TRUE"),
        "half": ("INTEGER", "2", "c NOT IN (1.5)"),
        "named": (uuid, f"'{UUID}'", f"c = '{UUID}'"),
    }
    shop = shop_of(engine_url, tmp_path, capsys, cases, utc)
    assert refused(shop, capsys) == {}
    assert night(shop, capsys) == dict.fromkeys(cases, ("done", 1))


@pytest.mark.postgresql
def test_a_value_that_was_renamed_since_stops_its_rule_alone(postgresql_url: str, tmp_path: Path, capsys: Any) -> None:
    cases: dict[str, Case] = {"listed": ("kind", "'a'", "c = 'a'"), GOOD: ("INTEGER", "1", "c = 1")}
    shop = shop_of(postgresql_url, tmp_path, capsys, cases, "CREATE TYPE kind AS ENUM ('a', 'b')")
    assert refused(shop, capsys) == {}
    shop.do("ALTER TYPE kind RENAME VALUE 'a' TO 'z'")
    assert night(shop, capsys) == {"listed": ("refused", 0), GOOD: ("done", 1)}


@pytest.mark.postgresql
def test_a_refused_condition_isn_t_asked_along_with_other_rules(
    postgresql_url: str, tmp_path: Path, capsys: Any
) -> None:
    """Neither of rows that the rule shares with another, nor of rows that keep those of another."""
    cases: dict[str, Case] = {
        "log": ("INTEGER", "1", "c = 'one'"),
        "line": ("INTEGER REFERENCES log", "1", "c = 'two'"),
        GOOD: ("INTEGER", "1", "c = 1"),
    }
    shop = shop_of(postgresql_url, tmp_path, capsys, cases)
    matrix = (
        shop.matrix.read_text(encoding="utf-8")
        + """\
  - id: kept
    table: shop.log
    keep: [{basis: y5, since: at}, {while_referenced_by: [line]}]
    then: anonymize
    columns: {c: null}
  - id: shared
    table: shop.line
    keep: [{basis: y5, since: at}]
    then: anonymize
    columns: {c: null}
"""
    )
    shop.matrix.write_text(matrix, encoding="utf-8")
    called = shop.call(capsys, "plan", "--json")
    assert called.code == 1, called.out
    assert {one["id"] for one in called.document["rules"]} == {"shared", GOOD}, called.err
    told = [one["what"] for one in called.document["findings"] if one["code"] == "RET301"]
    assert len(told) == 1
    assert "rule line" in told[0]
