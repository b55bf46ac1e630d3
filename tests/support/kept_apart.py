"""A shop whose settled payments are moved to tables of their own, with their cards and the cards' stamps."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from support.identity import identify
from support.shop import Shop

NIGHT, LATER = date(2024, 6, 1), date(2026, 11, 24)
_PAYMENT = (
    "(id INTEGER NOT NULL PRIMARY KEY, buyer_id INTEGER NOT NULL, login VARCHAR(40), amount DECIMAL(12,2), "
    "memo VARCHAR(60), settled_on DATE, paid_on DATE, at {instant}, proof {binary}, refund_of INTEGER, {more})"
)
_CARD = (
    "(payment_id INTEGER NOT NULL, line INTEGER NOT NULL, number VARCHAR(30), PRIMARY KEY (payment_id, line), {more})"
)
_STAMP = (
    "(id INTEGER NOT NULL PRIMARY KEY, payment_id INTEGER NOT NULL, line INTEGER NOT NULL, mark VARCHAR(20), "
    "FOREIGN KEY (payment_id, line) REFERENCES {card} (payment_id, line))"
)
_TYPES = {
    "sqlite": ("TIMESTAMP", "BLOB"),
    "postgresql": ("TIMESTAMPTZ", "BYTEA"),
    "mariadb": ("DATETIME(6)", "VARBINARY(20)"),
}
MATRIX = """
version: 1
timezone: Asia/Seoul
organisation: {name: 가게}
classification: advised
databases:
  shop: {connection: shop_db, identity: apart, zone: Asia/Seoul}
legal_bases:
  payment: {statute: 전자상거래법, article: 제6조, keep: P5Y}
purposes:
  service_payment: {name: 서비스 결제, items: {required: [login]}}
  membership: {name: 회원}
tables:
  shop.buyer: {}
  shop.payment: {subject: login, items: {login: login}}
  shop.card: {}
  shop.stamp: {}
  shop.dispute: {subject: {via: [shop.payment], column: login}}
  shop.payment_kept: {subject: login, items: {login: login}}
  shop.card_kept: {}
  shop.stamp_kept: {}
rules:
  - id: settled
    table: shop.payment
    purpose: {name: service_payment, ends: settled_on}
    then: separate
    to: shop.payment_kept
    with:
      - {table: shop.card, to: shop.card_kept, with: [{table: shop.stamp, to: shop.stamp_kept}]}
    approval: never
  - id: kept
    table: shop.payment_kept
    keep: [{basis: payment, since: paid_on}]
    then: delete
    with: [{table: shop.card_kept, with: [shop.stamp_kept]}]
    approval: never
  - id: disputes
    table: shop.dispute
    keep: [{basis: payment, since: closed_on}]
    then: delete
    approval: never
  - id: buyers
    table: shop.buyer
    purpose: {name: membership, ends: left_on}
    then: delete
    approval: never
"""
TABLES = ("payment", "card", "stamp", "payment_kept", "card_kept", "stamp_kept")
_ORDERED = {"card": "payment_id, line", "card_kept": "payment_id, line"}


def make_payments(url: str, folder: Path, *, more: str = "", kept: str = "", matrix: str = MATRIX) -> Shop:
    """Make the empty shop and its matrix. ``more`` and ``kept`` are clauses of the payments' tables here and there."""
    engine = make_url(url).get_backend_name().replace("mysql", "mariadb")
    instant, binary = _TYPES[engine]
    doubled = "doubled DECIMAL(13,2) GENERATED ALWAYS AS (amount * 2) STORED"

    def payment(*clauses: str) -> str:
        return _PAYMENT.format(instant=instant, binary=binary, more=", ".join(one for one in clauses if one))

    statements = (
        "CREATE TABLE buyer (id INTEGER NOT NULL PRIMARY KEY, left_on DATE)",
        f"CREATE TABLE payment {payment(doubled, 'FOREIGN KEY (buyer_id) REFERENCES buyer (id)', more)}",
        f"CREATE TABLE card {_CARD.format(more='FOREIGN KEY (payment_id) REFERENCES payment (id)')}",
        f"CREATE TABLE stamp {_STAMP.format(card='card')}",
        "CREATE TABLE dispute (id INTEGER NOT NULL PRIMARY KEY, payment_id INTEGER NOT NULL, closed_on DATE, "
        "FOREIGN KEY (payment_id) REFERENCES payment (id))",
        # In another order, with a column of its own.
        f"CREATE TABLE payment_kept {payment('CHECK (amount >= 0)', kept)}".replace(
            "login VARCHAR(40), amount DECIMAL(12,2)", "amount DECIMAL(12,2), came INTEGER DEFAULT 7, login VARCHAR(40)"
        ),
        f"CREATE TABLE card_kept {_CARD.format(more='FOREIGN KEY (payment_id) REFERENCES payment_kept (id)')}",
        f"CREATE TABLE stamp_kept {_STAMP.format(card='card_kept')}",
    )
    file = folder / "apart.yaml"
    file.write_text(matrix, encoding="utf-8")
    shop = Shop(url, folder, file)
    with shop.sql() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.execute(text("INSERT INTO buyer (id) VALUES (1), (2)"))
    identify(url, "apart")
    return shop


def pay(
    shop: Shop, numbers: Iterable[int], settled: str | None, paid: str, *, login: str = "somebody", cards: int = 1
) -> None:
    """Add payments with cards, each with two stamps."""
    lines = range(1, cards + 1)
    payments = [
        {
            "id": number,
            "login": login,
            "amount": f"{number}.10",
            "memo": f" 결제 {number}\\ 'x' ",
            "settled": settled,
            "paid": paid,
            "proof": bytes([0, 255, number % 256]),
        }
        for number in numbers
    ]
    cards_of = [{"id": one["id"], "line": line, "number": f"1234-{line}"} for one in payments for line in lines]
    stamps = [{**card, "stamp": card["id"] * 100 + card["line"] * 10 + n} for card in cards_of for n in (1, 2)]
    with shop.sql() as connection:
        for statement, rows in (
            (
                "INSERT INTO payment (id, buyer_id, login, amount, memo, settled_on, paid_on, at, proof) "
                "VALUES (:id, 1, :login, :amount, :memo, :settled, :paid, '2024-03-01 12:34:56.789012', :proof)",
                payments,
            ),
            ("INSERT INTO card (payment_id, line, number) VALUES (:id, :line, :number)", cards_of),
            ("INSERT INTO stamp (id, payment_id, line, mark) VALUES (:stamp, :id, :line, 'paid')", stamps),
        ):
            if rows:
                connection.execute(text(statement), rows)


def everything(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """Return all rows of every table that rows leave or come to, in the order of their keys."""
    with shop.sql() as connection:
        return {
            table: [
                dict(row)
                for row in connection.exec_driver_sql(
                    f"SELECT * FROM {table} ORDER BY {_ORDERED.get(table, 'id')}"
                ).mappings()
            ]
            for table in TABLES
        }
