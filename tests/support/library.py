"""A lending library of a few rows on any engine: logs, records with parts, people; no rule of it asks anybody."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from support.identity import identify
from support.shop import DAY, Shop

DDL = (
    "CREATE TABLE person (id INTEGER NOT NULL PRIMARY KEY, login VARCHAR(40) NOT NULL, nick VARCHAR(40), left_on DATE,"
    " hidden_at TIMESTAMP NULL)",
    "CREATE TABLE visit (id INTEGER NOT NULL PRIMARY KEY, login VARCHAR(40), came_on DATE)",
    "CREATE TABLE loan (id INTEGER NOT NULL PRIMARY KEY, person_id INTEGER NOT NULL, ended_on DATE,"
    " FOREIGN KEY (person_id) REFERENCES person (id))",
    "CREATE TABLE loan_line (loan_id INTEGER NOT NULL, line INTEGER NOT NULL, what VARCHAR(20),"
    " PRIMARY KEY (loan_id, line), FOREIGN KEY (loan_id) REFERENCES loan (id))",
    "CREATE TABLE fine (id INTEGER NOT NULL PRIMARY KEY, loan_id INTEGER NOT NULL, paid_on DATE,"
    " FOREIGN KEY (loan_id) REFERENCES loan (id))",
)
MATRIX = """
version: 1
timezone: Asia/Seoul
organisation: {name: 도서관}
databases:
  library: {connection: shop_db, identity: library-test, zone: Asia/Seoul}
legal_bases:
  five_years: {statute: 법, article: 제1조, keep: P5Y}
  three_months: {statute: 법, article: 제2조, keep: P3M}
purposes:
  membership: {name: 회원, items: {required: [login, nick]}}
tables:
  library.person:
    subject: login
    items: {login: login, nick: nick}
    not_personal: [id]
  library.visit: {subject: login, items: {login: login}, not_personal: [id]}
  library.loan: {subject: {via: [library.person], column: login}, not_personal: [id, person_id]}
  library.loan_line: {not_personal: [loan_id, line, what]}
  library.fine: {subject: {via: [library.loan, library.person], column: login}, not_personal: [id, loan_id]}
rules:
  - {id: visits, table: library.visit, keep: [{basis: three_months, since: came_on}], then: delete, approval: never}
  - {id: fines, table: library.fine, keep: [{basis: five_years, since: paid_on}], then: delete, approval: never}
  - id: loans
    table: library.loan
    keep: [{basis: five_years, since: ended_on}]
    then: delete
    with: [library.loan_line]
    approval: never
  - id: nicks
    table: library.person
    purpose: {name: membership, ends: left_on}
    then: erase
    columns: [nick]
    approval: never
  - id: names
    table: library.person
    purpose: {name: membership, ends: left_on}
    keep: [{while_referenced_by: [loans]}]
    then: anonymize
    columns: {login: {token: person}}
    mark: hidden_at
    approval: never
"""
TABLES = {"person": ("id",), "visit": ("id",), "loan": ("id",), "loan_line": ("loan_id", "line"), "fine": ("id",)}
COLUMNS = {
    "person": ("id", "login", "nick", "left_on"),
    "visit": ("id", "login", "came_on"),
    "loan": ("id", "person_id", "ended_on"),
    "loan_line": ("loan_id", "line", "what"),
    "fine": ("id", "loan_id", "paid_on"),
}

Rows = dict[str, dict[tuple[Any, ...], Mapping[str, Any]]]


def make_library(url: str, folder: Path, *, people: int = 12, seed: int = 1) -> Shop:
    """Make the library, its matrix and its identity; the same seed gives the same rows."""
    chance = random.Random(seed)
    matrix = folder / "library.yaml"
    matrix.write_text(MATRIX, encoding="utf-8")
    shop = Shop(url, folder, matrix)

    def day(oldest: int) -> date:
        return DAY - timedelta(days=chance.randrange(1, oldest * 365))

    made: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    loan = fine = visit = 0
    for person in range(1, people + 1):
        login = f"reader{person:03}"
        made["person"].append((person, login, f"nick{person}", day(6) if person % 3 else None))
        for _ in range(chance.randrange(6)):
            visit += 1
            made["visit"].append((visit, login, day(1)))
        for _ in range(chance.randrange(4)):
            loan += 1
            made["loan"].append((loan, person, day(9)))
            made["loan_line"].extend(
                (loan, line, chance.choice(["book", "film"])) for line in range(1, chance.randrange(1, 4))
            )
            for _ in range(chance.randrange(2)):
                fine += 1
                made["fine"].append((fine, loan, day(9)))
    with shop.sql() as connection:
        for statement in DDL:
            connection.exec_driver_sql(statement)
        for table, rows in made.items():
            names = COLUMNS[table]
            holes = ", ".join(f":{name}" for name in names)
            statement = text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({holes})")
            connection.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
    identify(url, "library-test")
    return shop


def rows_of(shop: Shop) -> Rows:
    """Return every row of the library by its key."""
    found: Rows = {}
    with shop.sql() as connection:
        for table, key in TABLES.items():
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()
            found[table] = {tuple(row[name] for name in key): dict(row) for row in rows}
    return found
