"""The independent check finds a record with parts that should be gone, and none that a hold on a part keeps."""

from __future__ import annotations

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
  shop: {connection: shop_db, identity: records, zone: Asia/Seoul}
legal_bases:
  one: {statute: s, article: a, keep: P5Y, roll_holidays: false}
tables:
  shop.orders: {none: t}
  shop.line: {}
  shop.stamp: {}
rules:
  - id: orders
    table: shop.orders
    keep: [{basis: one, since: at}]
    then: delete
    with: [{table: shop.line, with: [shop.stamp]}]
    approval: never
"""


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Shop:
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(MATRIX, encoding="utf-8")
    made = Shop(sqlite_url, tmp_path, matrix)
    for statement in (
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, at DATE)",
        "CREATE TABLE line (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), what TEXT)",
        "CREATE TABLE stamp (id INTEGER PRIMARY KEY, line_id INTEGER REFERENCES line (id), what TEXT)",
        "CREATE TABLE claim (id INTEGER PRIMARY KEY, line_id INTEGER REFERENCES line (id))",
        "INSERT INTO orders VALUES (1, '2015-01-01'), (2, '2015-01-01'), (3, '2015-01-01'), (4, '2026-01-01')",
        "INSERT INTO line VALUES (1, 1, 'book'), (2, 2, 'pen'), (3, 3, 'map'), (4, 4, 'ink')",
        "INSERT INTO stamp VALUES (1, 1, 'red'), (2, 2, 'blue'), (3, 3, 'red'), (4, 4, 'red')",
    ):
        made.do(statement)
    identify(sqlite_url, "records")
    return made


def _left(shop: Shop, capsys: Any) -> tuple[int, int]:
    """Return what ``verify`` exits with, and how many due rows it finds."""
    found = shop.call(capsys, "verify", "--json")
    return found.code, next(one["count"] for one in found.document["checks"] if one["check"] == "due left")


def test_records_that_are_still_there_are_found_before_they_go_and_none_afterwards(shop: Shop, capsys: Any) -> None:
    shop.do("DROP TABLE claim")
    assert _left(shop, capsys) == (1, 3)
    assert shop.call(capsys, "run", "--json").code == 0
    assert _left(shop, capsys) == (0, 0)


def test_a_record_whose_part_something_refers_to_is_not_called_forgotten(shop: Shop, capsys: Any) -> None:
    shop.do("INSERT INTO claim VALUES (1, 2)")
    assert shop.call(capsys, "run", "--json").code == 0
    assert shop.one("SELECT count(*) FROM orders") == 2
    assert _left(shop, capsys) == (0, 0)


@pytest.mark.parametrize(("table", "where"), [("line", "what = 'pen'"), ("stamp", "what = 'blue'")])
def test_a_record_whose_part_is_held_is_not_called_forgotten(shop: Shop, capsys: Any, table: str, where: str) -> None:
    shop.do("DROP TABLE claim")
    held = ("hold", "add", "--where", f"shop.{table}", where, "--reason", "a case", "--by", "the officer")
    assert shop.call(capsys, *held, "--json", day=None).code == 0
    assert shop.call(capsys, "run", "--json").code == 0
    assert [row for row in (1, 2, 3, 4) if shop.one("SELECT count(*) FROM orders WHERE id = :n", n=row)] == [2, 4]
    assert _left(shop, capsys) == (0, 0)
