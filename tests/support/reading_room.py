"""A reading room: a small schema of another kind than the shop's, with a rule for each way a night can go."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from retention.database.url import parse
from support.identity import identify

DAY = date(2026, 11, 24)
LOANS, VISITS, READERS = 6, 4, 3
MATRIX = """\
version: 1
timezone: Asia/Seoul
organisation: {name: 배움도서관}
databases:
  library: {connection: library_db, identity: library-test, zone: Asia/Seoul}
legal_bases:
  visits_kept: {statute: 통신비밀보호법, article: 제15조의2 ②, record: 출입 기록, keep: P3M}
purposes:
  lending: {name: 대출, items: {required: [reader_no, remark]}}
  membership: {name: 회원 관리, items: {required: [name, email]}}
tables:
  library.loan: {subject: reader_no, items: {reader_no: reader_no, remark: remark}, not_personal: [id, returned_at]}
  library.visit: {subject: reader_no, items: {reader_no: reader_no}, not_personal: [id, seen_at]}
  library.reader: {subject: email, items: {name: name, email: email}, not_personal: [id, left_at]}
rules:
  - {id: loans, table: library.loan, purpose: {name: lending, ends: returned_at}, then: delete, limit: {rows: 2}}
  - {id: visits, table: library.visit, keep: [{basis: visits_kept, since: seen_at}], then: delete, approval: never}
  - id: readers
    table: library.reader
    purpose: {name: membership, ends: left_at}
    then: erase
    columns: [name]
    approval: never
"""
_TABLES = """
CREATE TABLE loan (id INTEGER PRIMARY KEY, reader_no VARCHAR(60), remark VARCHAR(200), returned_at DATE);
CREATE TABLE visit (id INTEGER PRIMARY KEY, reader_no VARCHAR(60), seen_at DATE);
CREATE TABLE reader (id INTEGER PRIMARY KEY, name VARCHAR(60), email VARCHAR(60), left_at DATE);
"""


def make_library(url: str, personal: str = "somebody") -> None:
    """Make the tables, with some rows that are over and one of each that isn't; personal values begin so."""
    engine = create_engine(parse(url, "library"), poolclass=NullPool)
    rows = {
        "loan (id, reader_no, remark, returned_at)": [
            f"({n}, '{personal}-{n}', '{personal} lost it', '{'2020-05-05' if n else '2027-01-01'}')"
            for n in range(LOANS + 1)
        ],
        "visit (id, reader_no, seen_at)": [
            f"({n}, '{personal}-{n}', '{'2020-05-05' if n else '2026-11-20'}')" for n in range(VISITS + 1)
        ],
        "reader (id, name, email, left_at)": [
            f"({n}, '{personal}', '{personal}-{n}@example.invalid', '{'2020-05-05' if n else '2027-01-01'}')"
            for n in range(READERS + 1)
        ],
    }
    with engine.begin() as connection:
        for statement in _TABLES.split(";"):
            if statement.strip():
                connection.execute(text(statement))
        for table, values in rows.items():
            connection.execute(text(f"INSERT INTO {table} VALUES {', '.join(values)}"))
    engine.dispose()
    identify(url, "library-test")


def write_matrix(path: Path, *replacements: tuple[str, str]) -> Path:
    """Write the matrix, with texts replaced."""
    matrix = MATRIX
    for old, new in replacements:
        assert old in matrix, old
        matrix = matrix.replace(old, new, 1)
    path.write_text(matrix, encoding="utf-8")
    return path


def counted(url: str) -> dict[str, int]:
    """Return how many rows each table has, and how many readers still have a name."""
    engine = create_engine(make_url(parse(url, "library")), poolclass=NullPool)
    with engine.connect() as connection:
        found = {
            table: int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
            for table in ("loan", "visit", "reader")
        }
        found["named"] = int(connection.execute(text("SELECT count(name) FROM reader")).scalar_one())
    engine.dispose()
    return found


BEFORE = {"loan": LOANS + 1, "visit": VISITS + 1, "reader": READERS + 1, "named": READERS + 1}
AFTER = {"loan": 1, "visit": 1, "reader": READERS + 1, "named": 1}
