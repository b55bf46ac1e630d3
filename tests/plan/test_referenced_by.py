"""`referenced_by` counts the rows that stay because of a reference, and says until when; a row's own holds nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.small import make_small

MATRIX = """
tables:
  shop.o: {not_personal: [s]}
  shop.p: {not_personal: [o_id]}
rules:
  - {id: r, table: shop.o, keep: [{basis: y5, since: d}], then: delete, approval: never}
"""
TABLE = "CREATE TABLE o (id INTEGER NOT NULL PRIMARY KEY, d DATE, s INTEGER, FOREIGN KEY (s) REFERENCES o (id))"
P = "CREATE TABLE p (id INTEGER NOT NULL PRIMARY KEY, o_id INTEGER, FOREIGN KEY (o_id) REFERENCES o (id))"
# 2 has lapsed, and 4, which hasn't, refers to it.
ROWS = "INSERT INTO o VALUES (2, '2010-01-01', NULL), (4, '2026-01-01', 2)"
UNTIL = "2031-01-01"


def _asked(url: str, folder: Path, capsys: Any, *rows: str) -> tuple[dict[str, Any], dict[str, Any]]:
    shop = make_small(url, folder, MATRIX, TABLE, P, ROWS, *rows)
    planned = shop.call(capsys, "plan", "--json").document["rules"][0]
    explained = shop.call(capsys, "explain", "shop.o", "2", "--json").document["rules"][0]
    return planned, explained


def test_a_row_that_refers_to_itself_and_goes_is_held_by_nothing(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    planned, explained = _asked(engine_url, tmp_path, capsys, "INSERT INTO o VALUES (1, '2010-01-01', 1)")
    assert (planned["rows"]["due"], planned["rows"]["referenced"]) == (1, 1)
    assert planned["referenced_by"] == [{"table": "shop.o", "rows": 1, "until": UNTIL}]
    assert explained["referenced_by"][0]["until"] == UNTIL


def test_a_row_that_stays_and_refers_to_itself_is_no_holder_of_itself(
    sqlite_url: str, tmp_path: Path, capsys: Any
) -> None:
    rows = ("INSERT INTO o VALUES (1, '2010-01-01', 1)", "INSERT INTO p VALUES (1, 1)")
    planned, explained = _asked(sqlite_url, tmp_path, capsys, *rows)
    assert planned["rows"]["referenced"] == 2
    assert planned["referenced_by"] == [
        {"table": "shop.o", "rows": 1, "until": UNTIL},
        {"table": "shop.p", "rows": 1},
    ]
    assert explained["referenced_by"][0]["until"] == UNTIL


@pytest.mark.parametrize("rows", [(), ("INSERT INTO o VALUES (1, '2026-01-01', 1)",)])
def test_until_is_the_last_day_of_the_rows_that_hold(
    sqlite_url: str, tmp_path: Path, capsys: Any, rows: tuple[str, ...]
) -> None:
    planned, _explained = _asked(sqlite_url, tmp_path, capsys, *rows)
    assert planned["referenced_by"] == [{"table": "shop.o", "rows": 1, "until": UNTIL}]
