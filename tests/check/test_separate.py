"""Where rows are moved to: every value has to have a place there, on every engine; and the role may put it there."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import pytest

from check.test_engines import found
from check.test_rights import SERVERS, Role, administer, findings, granted
from plan.steps import Steps, ledger_in
from support.kept_apart import NIGHT, make_payments, pay
from support.shop import Shop

MATRIX = """\
classification: advised
tables:
  shop.payment: {}
  shop.payment_kept: {}
  shop.card: {}
  shop.card_kept: {}
  shop.orders: {}
  shop.orders_kept: {}
rules:
  - id: payments
    table: shop.payment
    purpose: {name: service, ends: settled_on}
    then: separate
    to: shop.payment_kept
    with:
      - {table: shop.card, columns: [payment_id], to_columns: [id], to: shop.card_kept}
  - id: orders
    table: shop.orders
    purpose: {name: service, ends: settled_on}
    then: separate
    to: shop.orders_kept
  - id: kept
    table: shop.payment_kept
    keep: [{basis: login, since: settled_on}]
    then: delete
    with: [shop.card_kept]
"""
TABLES = (
    "CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, settled_on DATE)",
    "CREATE TABLE orders_kept (id INTEGER NOT NULL PRIMARY KEY, settled_on DATE)",
    "CREATE TABLE payment (id INTEGER NOT NULL PRIMARY KEY, order_id INTEGER, amount DECIMAL(12,2), memo VARCHAR(60), "
    "number VARCHAR(20), note VARCHAR(20), paid DECIMAL(9,2), doubled DECIMAL(13,2) GENERATED ALWAYS AS (amount * 2) "
    "STORED, settled_on DATE)",
    "CREATE TABLE card (id INTEGER NOT NULL PRIMARY KEY, payment_id INTEGER NOT NULL, digits VARCHAR(20))",
    "CREATE TABLE payment_kept (id INTEGER NOT NULL PRIMARY KEY, order_id INTEGER, amount DECIMAL(12,0), "
    "memo VARCHAR(40), number INTEGER, paid DECIMAL(9,2) GENERATED ALWAYS AS (amount) STORED, "
    "settled_on DATE NOT NULL, who VARCHAR(20) NOT NULL, came INTEGER NOT NULL DEFAULT 0, "
    "FOREIGN KEY (order_id) REFERENCES orders_kept (id))",
    "CREATE TABLE card_kept (id INTEGER NOT NULL PRIMARY KEY, payment_id INTEGER NOT NULL, digits VARCHAR(40), "
    "first_id INTEGER, FOREIGN KEY (payment_id) REFERENCES payment_kept (id), "
    "FOREIGN KEY (first_id) REFERENCES payment (id))",
)


def test_a_table_that_does_not_take_every_row_as_it_is_stops_the_rule(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    codes = found(engine_url, tmp_path, MATRIX, capsys, *TABLES)
    told = {
        (code, one["where"])
        for code in codes
        if code in ("RET238", "RET239", "RET240", "RET241")
        for one in codes[code]
    }
    bounds = set() if engine_url.startswith("sqlite") else {"amount", "memo"}
    assert told == {
        ("RET238", "shop.payment_kept.note"),
        ("RET239", "shop.payment_kept.paid"),
        ("RET239", "shop.payment_kept.settled_on"),
        ("RET239", "shop.payment_kept.who"),
        ("RET240", "shop.payment_kept.number"),
        ("RET241", "shop.payment_kept(order_id)"),
        ("RET241", "shop.card_kept(first_id)"),
        *(("RET240", f"shop.payment_kept.{name}") for name in bounds),
    }
    assert "the one is a text, the other an integer" in next(
        one["what"] for one in codes["RET240"] if "number" in one["where"]
    )
    assert {one["scope"] for code, _where in told for one in codes[code]} == {"rule"}
    assert [one["what"] for one in codes["RET145"]] == [
        "rule orders moves rows to shop.orders_kept, and no rule ever destroys them there"
    ]


FORGETFUL = """\
classification: advised
tables: {shop.payment: {}, shop.payment_kept: {}, shop.card: {}, shop.card_kept: {}}
rules:
  - id: payments
    table: shop.payment
    keep: [{basis: login, since: at}]
    then: separate
    to: shop.payment_kept
    with: [{table: shop.card, columns: [payment_id], to_columns: [id], to: shop.card_kept}]
"""


@pytest.mark.parametrize(
    ("server", "kept", "card", "says"),
    [
        pytest.param("mariadb", "%s ENGINE = MEMORY", "%s ENGINE = MyISAM", "engine", marks=pytest.mark.mariadb),
        pytest.param(
            "postgresql",
            "%s PARTITION BY RANGE (id); CREATE UNLOGGED TABLE k1 PARTITION OF payment_kept FOR VALUES FROM (0) TO (9)",
            "UNLOGGED %s",
            "UNLOGGED",
            marks=pytest.mark.postgresql,
        ),
    ],
)
def test_a_table_that_forgets_what_it_is_given_stops_the_rule(
    server: str, kept: str, card: str, says: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: Any
) -> None:
    made = [
        "CREATE TABLE payment (id INTEGER PRIMARY KEY, at DATE)",
        "CREATE TABLE card (id INTEGER PRIMARY KEY, payment_id INTEGER)",
        *f"CREATE {kept % 'TABLE payment_kept (id INTEGER PRIMARY KEY, at DATE)'}".split("; "),
        f"CREATE {card % 'TABLE card_kept (id INTEGER PRIMARY KEY, payment_id INTEGER)'}",
    ]
    url = request.getfixturevalue(f"{server}_url")
    told = found(url, tmp_path, FORGETFUL, capsys, *made)["RET245"]
    assert [(one["where"], one["severity"], one["scope"]) for one in told] == [
        ("shop.payment_kept", "error", "rule"),
        ("shop.card_kept", "error", "rule"),
    ]
    assert all(says in one["what"] for one in told)
    mended = [f"DROP TABLE {name}" for name in ("payment_kept", "card_kept")]
    mended += [f"CREATE TABLE {name}_kept AS SELECT * FROM {name}" for name in ("payment", "card")]
    assert "RET245" not in found(url, tmp_path, FORGETFUL, capsys, *mended)


@pytest.mark.parametrize("server", SERVERS)
def test_the_role_has_to_be_let_in_where_rows_are_moved_to(
    server: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: Any
) -> None:
    shop = make_payments(request.getfixturevalue(f"{server}_url"), tmp_path)
    role = Role(f"r{secrets.token_hex(5)}", server, shop)
    try:
        role.grant(granted(role, capsys))
        table = "public.card_kept" if server == "postgresql" else "card_kept"
        account = role.name if server == "postgresql" else f"'{role.name}'@'%'"
        role.take_over()
        assert "RET226" not in findings(shop, capsys)
        pay(Shop(role.administrator, tmp_path), [1], "2024-05-01", "2020-03-01")
        with ledger_in(tmp_path) as ledger:
            assert Steps(role.url, shop.matrix, ledger).run(NIGHT)[1]["settled"].done == 1
        administer(role.administrator, f"REVOKE INSERT ON {table} FROM {account}")
        missing = findings(shop, capsys)["RET226"]
        assert [one["what"].partition(" has no ")[2] for one in missing] == ["INSERT on card_kept"]
        assert "rule settled" in missing[0]["what"]
    finally:
        role.drop()
