"""Parts that rows of two rules share: as long as either row stays they stay, and whoever has to go with them.

A row stays as well because its rule is not among those asked for, waits for a person, or can't be carried out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.identity import identify
from support.shop import Shop

pytestmark = pytest.mark.thorough

TABLES = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, at DATE)",
    "CREATE TABLE payment (id INTEGER PRIMARY KEY, who VARCHAR(20), at DATE)",
    """CREATE TABLE note (id INTEGER PRIMARY KEY, order_id INTEGER, payment_id INTEGER,
       FOREIGN KEY (order_id) REFERENCES orders (id), FOREIGN KEY (payment_id) REFERENCES payment (id))""",
    "CREATE INDEX note_order ON note (order_id)",
    "CREATE INDEX note_payment ON note (payment_id)",
    "INSERT INTO orders VALUES (1, '2015-01-01'), (2, '2015-01-01'), (3, '2015-01-01'), (4, '2015-01-01')",
    """INSERT INTO payment VALUES (1, 'w1', '2026-01-01'), (2, 'w2', '2015-01-01'), (3, 'w3', '2026-02-01'),
       (4, 'w4', '2015-01-01')""",
    "INSERT INTO note VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4)",
)
MATRIX = """
version: 1
timezone: Asia/Seoul
organisation: {{name: t}}
classification: advised
databases:
  shop: {{connection: shop_db, identity: shared, zone: Asia/Seoul}}
legal_bases:
  one: {{statute: s, article: a, keep: P5Y, roll_holidays: false}}
tables:
  shop.orders: {{none: t}}
  shop.payment: {{subject: who, items: {{who: login}}, not_personal: [id, at]}}
  shop.note: {{}}
rules:
  - {{id: orders, table: shop.orders, keep: [{{basis: one, since: at}}], then: delete, with: [shop.note],
      approval: never}}
  - {{id: payments, table: shop.payment, keep: [{{basis: one, since: {clock}}}], then: delete, with: [shop.note],
      approval: {approval}}}
"""
ALL = [1, 2, 3, 4]


@pytest.fixture
def make(engine_url: str, tmp_path: Path) -> Any:
    def shop(approval: str = "never", clock: str = "at") -> Shop:
        matrix = tmp_path / "matrix.yaml"
        matrix.write_text(MATRIX.format(approval=approval, clock=clock), encoding="utf-8")
        made = Shop(engine_url, tmp_path, matrix)
        with made.sql() as connection:
            for statement in TABLES:
                connection.exec_driver_sql(statement)
        identify(engine_url, "shared")
        return made

    return shop


def _there(shop: Shop) -> dict[str, list[int]]:
    with shop.sql() as connection:
        tables = ("orders", "payment", "note")
        return {
            one: [row[0] for row in connection.exec_driver_sql(f"SELECT id FROM {one} ORDER BY id")] for one in tables
        }


def test_they_go_when_both_rows_may(make: Any, capsys: Any) -> None:
    shop = make()
    assert shop.call(capsys, "run", "--json").code == 0
    assert _there(shop) == {"orders": [1, 3], "payment": [1, 3], "note": [1, 3]}


def test_they_stay_where_the_other_rule_is_not_asked_for(make: Any, capsys: Any) -> None:
    shop = make()
    planned = shop.call(capsys, "plan", "--full", "--json", "--rule", "orders")
    (rule,) = planned.document["rules"]
    assert (rule["rows"]["due"], rule["rows"]["referenced"]) == (0, 4)
    assert shop.call(capsys, "run", "--json", "--rule", "orders").code == 0
    assert _there(shop) == {"orders": ALL, "payment": ALL, "note": ALL}


def test_they_stay_where_the_other_rule_waits(make: Any, capsys: Any) -> None:
    """The plan counts them, as both might go; the statement itself finds that the other one stays."""
    shop = make(approval="always")
    ran = shop.call(capsys, "run", "--json")
    assert ran.code == 3
    done = {one["id"]: (one["status"], one["done"]) for one in ran.document["rules"]}
    assert done == {"orders": ("partial", 0), "payments": ("waiting", 0)}
    assert _there(shop) == {"orders": ALL, "payment": ALL, "note": ALL}
    assert shop.call(capsys, "verify", "--json").code == 0, "what waits for another rule's answer isn't forgotten"


def test_they_stay_where_the_other_rule_can_not_be_bound(make: Any, capsys: Any) -> None:
    shop = make(clock="gone_at")
    ran = shop.call(capsys, "run", "--json")
    assert ran.code in (1, 2), ran.out
    assert _there(shop) == {"orders": ALL, "payment": ALL, "note": ALL}


def test_a_hold_on_the_other_row_s_person_keeps_them_whichever_rule_is_asked_for(make: Any, capsys: Any) -> None:
    shop = make()
    held = ("hold", "add", "--subject", "w2", "--database", "shop", "--reason", "a case", "--by", "the officer")
    assert shop.call(capsys, *held, "--json", day=None).code == 0
    for rule in ("orders", "payments"):
        assert shop.call(capsys, "run", "--json", "--rule", rule).code == 0
        assert {2} <= set.intersection(*map(set, _there(shop).values()))
    assert shop.call(capsys, "run", "--json").code == 0
    assert _there(shop) == {"orders": [1, 2, 3], "payment": [1, 2, 3], "note": [1, 2, 3]}
