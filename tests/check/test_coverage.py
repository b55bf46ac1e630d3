"""What no rule covers is told: tables, columns, rows, items, purposes and records that the policy promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from retention.check.coverage import uncovered
from retention.matrix.load import load
from support.identity import identify
from support.matrices import written
from support.schemas import valid
from support.shop import MATRIX, Shop

POLICY = """\
version: 1
timezone: Asia/Seoul
organisation: {name: 가게}
databases:
  shop: {connection: shop_db, identity: shop-1, zone: Asia/Seoul}
legal_bases:
  login: {statute: 통신비밀보호법, article: 제15조의2, keep: P3M}
  dispute: {statute: 전자상거래법, article: 제6조, record: 분쟁처리에 관한 기록, keep: P3Y}
purposes:
  service: {name: 서비스, items: {required: [name, memo], optional: [birth_date]}}
  letters: {name: 소식지, items: {required: [name]}}
tables:
  shop.reader: {subject: id, items: {name: name}}
  shop.log: {subject: id, items: {name: name}, not_personal: [kind]}
  shop.member: {subject: id, items: {name: name, memo: memo}}
  shop.note: {items: {body: memo}, not_personal: [log_id]}
  shop.product: {out_of_scope: no personal data}
rules:
  - id: logs
    table: shop.log
    where: kind = 'a'
    keep: [{basis: login, since: at}]
    then: delete
    with: [{table: shop.note, columns: [log_id], to_columns: [id]}]
  - id: members
    table: shop.member
    purpose: {name: service, ends: left_on}
    then: erase
    columns: [name]
"""
SCHEMA = (
    "CREATE TABLE reader (id INTEGER PRIMARY KEY, name VARCHAR(20))",
    "CREATE TABLE log (id INTEGER PRIMARY KEY, name VARCHAR(20), kind VARCHAR(5), at DATE)",
    "CREATE TABLE member (id INTEGER PRIMARY KEY, name VARCHAR(20), memo VARCHAR(20), left_on DATE, "
    "passport VARCHAR(9))",
    "CREATE TABLE note (id INTEGER PRIMARY KEY, log_id INTEGER, body VARCHAR(20))",
    "CREATE TABLE product (id INTEGER PRIMARY KEY)",
    "CREATE TABLE stray (id INTEGER PRIMARY KEY, log_id INTEGER, FOREIGN KEY (log_id) REFERENCES log (id))",
    "INSERT INTO log (id, kind) VALUES (1, 'a'), (2, 'b'), (3, NULL)",
    "INSERT INTO note (id, log_id) VALUES (1, 1), (2, 9), (3, NULL), (4, 8)",
)


def test_the_demo_s_matrix_covers_its_policy() -> None:
    matrix, _findings = load(MATRIX)
    assert not list(uncovered(matrix))


def test_everything_uncovered_is_told(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    engine = create_engine(engine_url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in SCHEMA:
            connection.exec_driver_sql(statement)
    identify(engine_url)
    path = written(tmp_path, POLICY)
    shop = Shop(engine_url, tmp_path, path)
    called = shop.call(capsys, "coverage", "--json", day=None)
    assert called.code == 1, called.err
    valid(called.document, "coverage")
    lines = POLICY.splitlines()

    def at(text: str) -> str:
        return f"{path}:{next(number for number, line in enumerate(lines, 1) if text in line)}"

    found = {(one["code"], one["where"]): one["what"] for one in called.document["findings"]}
    assert set(found) == {
        ("RET204", "shop.member.passport"),
        ("RET210", "shop.stray"),
        ("RET222", "shop.stray(log_id)"),
        ("RET401", at("shop.reader")),
        ("RET402", "shop.member.memo"),
        ("RET403", "shop.log"),
        ("RET403", "shop.note"),
        ("RET404", at("service: {")),
        ("RET405", at("letters: {")),
        ("RET406", at("dispute: {")),
    }
    assert found["RET403", "shop.log"].startswith("2 rows")
    assert found["RET403", "shop.note"].startswith("3 rows")
    assert "분쟁처리에 관한 기록" in found["RET406", at("dispute: {")]
    shown = shop.call(capsys, "coverage", day=None)
    assert shown.code == 1
    assert "tables: 5, 1 out of scope; with personal items: 4, 3 of them under a rule" in shown.out


def test_a_matrix_that_cannot_be_read_is_told_as_by_check(tmp_path: Path, capsys: Any) -> None:
    shop = Shop("sqlite:///nowhere", tmp_path, written(tmp_path, "version: 1\n"))
    called = shop.call(capsys, "coverage", "--json", day=None)
    assert called.code == 1
    assert {one["code"] for one in called.document["findings"]} == {"RET004"}
