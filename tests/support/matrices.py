"""A small matrix that nothing is wrong with, and what is found in it once something is changed."""

from __future__ import annotations

from pathlib import Path

from retention.errors import Finding
from retention.matrix.load import inspect
from retention.matrix.model import Matrix

SMALL = """\
version: 1
timezone: Asia/Seoul
organisation: {name: 주식회사 가게}
holidays: {add: [2031-01-02], remove: []}
databases:
  shop: {connection: shop_db, identity: shop-1, zone: Asia/Seoul}
legal_bases:
  contract: {statute: 전자상거래법, article: 제6조, keep: P5Y, read: 2026-07-21, source_mark: V}
  login: {statute: 통신비밀보호법, article: 제15조의2, keep: P3M, roll_holidays: true, computation: civil}
purposes:
  service: {name: 서비스, items: {required: [name, login_id], optional: [phone]}}
tables:
  shop.member:
    subject: login_id
    items: {name: name, login_id: login_id, phone: phone}
    not_personal: [id, left_at, status]
  shop.orders:
    subject: {via: [shop.member], column: login_id}
    items: {receiver: name}
    not_personal: [id, member_id, status, closed_at]
  shop.order_line: {not_personal: [order_id, line]}
  shop.log:
    subject: login_id
    items: {login_id: login_id}
    not_personal: [id]
rules:
  - id: orders
    table: shop.orders
    purpose: {name: service, ends: closed_at}
    keep: [{basis: contract, since: closed_at}]
    then: delete
    with: [shop.order_line]
    limit: {rows: 1000, share: 0.5}
  - id: logs
    table: shop.log
    keep: [{basis: login, since: at}]
    then: delete
  - id: members
    table: shop.member
    purpose: {name: service, ends: left_at}
    keep: [{while_referenced_by: [orders]}]
    then: anonymize
    columns:
      name: {constant: 탈퇴회원}
      phone: null
      login_id: keep
"""


def written(folder: Path, text: str, name: str = "matrix.yaml") -> Path:
    """Return a file that holds the text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def changed(text: str, *replacements: tuple[str, str]) -> str:
    """Return a text with others in place of some, each of which stands in it."""
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def found(folder: Path, text: str) -> tuple[Matrix | None, list[Finding]]:
    """Return the matrix a text stands for, and every finding that needs no database."""
    matrix, findings = inspect(written(folder, text))
    return matrix, list(findings)


def line_of(text: str, within: str = SMALL) -> int:
    """Return the line on which a text first stands."""
    return within[: within.index(text)].count("\n") + 1


def told(folder: Path, *replacements: tuple[str, str]) -> list[tuple[str, int]]:
    """Return the code and line of everything found in the small matrix once it has been changed."""
    _matrix, findings = found(folder, changed(SMALL, *replacements))
    return [(finding.code, int(finding.where.rpartition(":")[2])) for finding in findings]
