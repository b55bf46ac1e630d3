"""Foreign tables of PostgreSQL: what goes there goes in another server's transaction, with what nobody sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from check.test_engines import found

MATRIX = """\
classification: advised
tables:
  shop.log: {key: [id]}
  shop.line: {key: [id]}
  shop.kept: {key: [id]}
  shop.payment: {}
  shop.parted: {key: [id]}
  shop.bill: {relations: [{columns: [payment_id], to: shop.payment, to_columns: [id]}]}
  shop.line_kept: {}
rules:
  - {id: log, table: shop.log, keep: [{basis: login, since: at}], then: delete}
  - id: payment
    table: shop.payment
    keep: [{basis: login, since: at}]
    then: separate
    to: shop.kept
    with: [{table: shop.line, columns: [payment_id], to_columns: [id], to: shop.line_kept}]
  - {id: parted, table: shop.parted, keep: [{basis: login, since: at}], then: delete}
"""
FOREIGN = "SERVER elsewhere"
MADE = (
    "CREATE FOREIGN DATA WRAPPER nothing",
    "CREATE SERVER elsewhere FOREIGN DATA WRAPPER nothing",
    f"CREATE FOREIGN TABLE log (id INTEGER NOT NULL, at DATE) {FOREIGN}",
    f"CREATE FOREIGN TABLE line (id INTEGER NOT NULL, payment_id INTEGER) {FOREIGN}",
    "CREATE TABLE line_kept (id INTEGER PRIMARY KEY, payment_id INTEGER)",
    "CREATE TABLE payment (id INTEGER PRIMARY KEY, at DATE)",
    f"CREATE FOREIGN TABLE kept (id INTEGER NOT NULL, at DATE) {FOREIGN}",
    "CREATE TABLE parted (id INTEGER NOT NULL, at DATE) PARTITION BY RANGE (at)",
    f"CREATE FOREIGN TABLE p20 PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') {FOREIGN}",
    f"CREATE FOREIGN TABLE bill (id INTEGER NOT NULL, payment_id INTEGER) {FOREIGN}",
)


@pytest.mark.postgresql
def test_a_foreign_table_is_destroyed_in_nowhere_and_holds_nothing(
    postgresql_url: str, tmp_path: Path, capsys: Any
) -> None:
    codes = found(postgresql_url, tmp_path, MATRIX, capsys, *MADE)
    told = sorted((one["severity"], one["scope"], one["what"].partition(",")[0]) for one in codes["RET243"])
    assert told == [
        ("error", "table", "rows of shop.bill hold rows of shop.payment"),
        ("error", "table", "shop.line is a foreign table"),
        ("error", "table", "shop.log is a foreign table"),
        ("error", "table", "shop.parted is a foreign table"),
    ]
    assert [(one["where"], one["severity"]) for one in codes["RET245"]] == [("shop.kept", "error")]
    assert "shop.p20" not in {one["where"] for one in codes.get("RET210", ())}
    mended = [f"DROP FOREIGN TABLE {name}" for name in ("log", "line", "kept", "p20", "bill")]
    mended += [f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, at DATE)" for name in ("log", "kept")]
    mended += [f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, payment_id INTEGER)" for name in ("line", "bill")]
    codes = found(postgresql_url, tmp_path, MATRIX, capsys, *mended)
    assert not {"RET243", "RET245"} & set(codes)
