"""The independent check finds rows that only keep each other, and none that something else keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.identity import identify
from support.shop import Shop

MATRIX = """
version: 1
timezone: Asia/Seoul
organisation: {name: t}
classification: advised
databases:
  shop: {connection: shop_db, identity: together, zone: Asia/Seoul}
legal_bases:
  one: {statute: s, article: a, keep: P5Y, roll_holidays: false}
tables:
  shop.order: {none: t}
  shop.team: {none: t}
  shop.player: {none: t}
  shop.invoice: {none: t}
  shop.receipt: {none: t}
  shop.note: {}
  shop.line: {}
  shop.gift: {}
rules:
  - {id: teams, table: shop.team, keep: [{basis: one, since: at}], then: delete, approval: never}
  - {id: players, table: shop.player, keep: [{basis: one, since: at}], then: delete, approval: never}
  - {id: invoices, table: shop.invoice, keep: [{basis: one, since: at}], then: delete, approval: never,
     with: [shop.note]}
  - {id: receipts, table: shop.receipt, keep: [{basis: one, since: at}], then: delete, approval: never,
     with: [shop.note]}
  - {id: sales, table: shop.order, where: kind = 'sale', keep: [{basis: one, since: at}], then: delete,
     approval: never, with: [{table: shop.line, with: [shop.gift]}]}
  - {id: returns, table: shop.order, where: kind = 'return', keep: [{basis: one, since: at}], then: delete,
     approval: never, with: [shop.line]}
  - {id: tests, table: shop.order, where: kind = 'test', keep: [{basis: one, since: at}], then: delete,
     approval: never}
"""
OLD, YOUNG = "2015-01-01", "2026-01-01"


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Shop:
    """Return a shop in which each row of one table refers to one of another that refers back to it."""
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(MATRIX, encoding="utf-8")
    made = Shop(sqlite_url, tmp_path, matrix)
    for statement in (
        "CREATE TABLE team (id INTEGER PRIMARY KEY, captain INTEGER REFERENCES player (id), at DATE)",
        "CREATE TABLE player (id INTEGER PRIMARY KEY, team INTEGER REFERENCES team (id), at DATE)",
        "CREATE TABLE invoice (id INTEGER PRIMARY KEY, at DATE)",
        "CREATE TABLE receipt (id INTEGER PRIMARY KEY, at DATE)",
        """CREATE TABLE note (id INTEGER PRIMARY KEY, invoice INTEGER REFERENCES invoice (id),
           receipt INTEGER REFERENCES receipt (id), what TEXT)""",
        """CREATE TABLE "order" (id INTEGER PRIMARY KEY, kind TEXT, at DATE)""",
        """CREATE TABLE line (id INTEGER PRIMARY KEY, "order" INTEGER REFERENCES "order" (id))""",
        "CREATE TABLE gift (id INTEGER PRIMARY KEY, line INTEGER REFERENCES line (id))",
        "CREATE TABLE photo (id INTEGER PRIMARY KEY, player INTEGER REFERENCES player (id))",
    ):
        made.do(statement)
    identify(sqlite_url, "together")
    return made


def _pair(shop: Shop, number: int, team: str, player: str) -> None:
    shop.do("INSERT INTO team VALUES (:n, NULL, :at)", n=number, at=team)
    shop.do("INSERT INTO player VALUES (:n, :n, :at)", n=number, at=player)
    shop.do("UPDATE team SET captain = :n WHERE id = :n", n=number)


def _shared(shop: Shop, number: int, invoice: str, receipt: str) -> None:
    shop.do("INSERT INTO invoice VALUES (:n, :at)", n=number, at=invoice)
    shop.do("INSERT INTO receipt VALUES (:n, :at)", n=number, at=receipt)
    shop.do("INSERT INTO note VALUES (:n, :n, :n, 'paid')", n=number)


def _left(shop: Shop, capsys: Any, rules: Sequence[str]) -> tuple[int, list[int]]:
    """Return what ``verify`` exits with, and how many due rows of each rule it finds."""
    found = shop.call(capsys, "verify", "--json")
    counts = {one["rule"]: one["count"] for one in found.document["checks"] if one["check"] == "due left"}
    return found.code, [counts[rule] for rule in rules]


@pytest.mark.parametrize(
    ("put", "rules"), [(_pair, ("teams", "players")), (_shared, ("invoices", "receipts"))], ids=["circle", "shared"]
)
def test_they_are_found_before_they_go_and_none_afterwards(shop: Shop, capsys: Any, put: Any, rules: Any) -> None:
    for number, days in enumerate([(OLD, OLD), (OLD, YOUNG), (YOUNG, OLD), (OLD, OLD)]):
        put(shop, number, *days)
    assert _left(shop, capsys, rules) == (1, [2, 2])
    assert shop.call(capsys, "run", "--json").code == 0
    assert _left(shop, capsys, rules) == (0, [0, 0])


def test_what_a_hold_or_another_row_keeps_is_not_called_forgotten(shop: Shop, capsys: Any) -> None:
    for number in range(3):
        _pair(shop, number, OLD, OLD)
        _shared(shop, number, OLD, OLD)
    shop.do("INSERT INTO photo VALUES (1, 0)")
    for table in ("team", "note"):
        words = ("hold", "add", "--where", f"shop.{table}", "id = 1", "--reason", "a case", "--by", "the officer")
        assert shop.call(capsys, *words, "--json", day=None).code == 0
    rules = ("teams", "players", "invoices", "receipts")
    assert _left(shop, capsys, rules) == (1, [1, 1, 2, 2])
    ran = shop.call(capsys, "run", "--json")
    done = [one["done"] for one in ran.document["rules"] if one["id"] in rules]
    assert (ran.code, done) == (0, [1, 1, 2, 2])
    assert _left(shop, capsys, rules) == (0, [0, 0, 0, 0])


def test_what_is_no_part_under_a_rows_own_rule_keeps_it_and_nothing_is_called_forgotten(
    shop: Shop, capsys: Any
) -> None:
    for number, (kind, lines, gifts) in enumerate(
        [("sale", 1, 1), ("return", 0, 0), ("return", 1, 0), ("return", 1, 1), ("test", 0, 0), ("test", 1, 0)]
    ):
        shop.do("""INSERT INTO "order" VALUES (:n, :kind, :at)""", n=number, kind=kind, at=OLD)
        if lines:
            shop.do("INSERT INTO line VALUES (:n, :n)", n=number)
        if gifts:
            shop.do("INSERT INTO gift VALUES (:n, :n)", n=number)
    rules = ("sales", "returns", "tests")
    assert _left(shop, capsys, rules) == (1, [1, 2, 1])
    assert shop.call(capsys, "run", "--json").code == 0
    assert shop.one("""SELECT group_concat(id) FROM (SELECT id FROM "order" ORDER BY id)""") == "3,5"
    assert _left(shop, capsys, rules) == (0, [0, 0, 0])


def test_of_a_rule_alone_only_its_own_rows_are_looked_for(shop: Shop, capsys: Any) -> None:
    _shared(shop, 1, OLD, OLD)
    shop.do("INSERT INTO invoice VALUES (7, :at)", at=OLD)
    found = shop.call(capsys, "verify", "--json", "--rule", "invoices")
    assert [one["count"] for one in found.document["checks"] if one["check"] == "due left"] == [1]


def test_a_chain_that_is_too_long_calls_nothing_forgotten(
    shop: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pair(shop, 1, OLD, OLD)
    monkeypatch.setattr("retention.quality.together._ROUNDS", 0)
    assert _left(shop, capsys, ("teams", "players")) == (0, [0, 0])


@pytest.mark.mariadb
@pytest.mark.parametrize(("null", "left"), [("NULL", 2), ("NOT NULL", 0)])
def test_a_row_that_mariadb_never_lets_go_of_itself_is_not_called_forgotten(
    mariadb_url: str, tmp_path: Path, capsys: Any, null: str, left: int
) -> None:
    matrix = tmp_path / "matrix.yaml"
    begun, rules = (
        MATRIX[: MATRIX.index("tables:")],
        "  - {id: staff, table: shop.staff, then: delete, approval: never,",
    )
    keep = "keep: [{basis: one, since: at}]}"
    matrix.write_text(f"{begun}tables: {{shop.staff: {{none: t}}}}\nrules:\n{rules} {keep}\n", encoding="utf-8")
    shop = Shop(mariadb_url, tmp_path, matrix)
    shop.do(f"CREATE TABLE staff (id INT PRIMARY KEY, boss INT {null} REFERENCES staff (id), at DATE)")
    identify(mariadb_url, "together")
    for number in (1, 2):
        shop.do("INSERT INTO staff VALUES (:n, :n, :at)", n=number, at=OLD)
    assert _left(shop, capsys, ["staff"]) == (min(left, 1), [left])
    ran = shop.call(capsys, "run", "--json")
    assert (ran.code, ran.document["rules"][0]["done"]) == (0, left)
    assert _left(shop, capsys, ["staff"]) == (0, [0])
