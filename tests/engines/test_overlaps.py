"""MariaDB's keys WITHOUT OVERLAPS: the same number stands in several rows, each for another time."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from check.test_engines import HEAD
from support.identity import identify
from support.matrices import written
from support.shop import Shop

MATRIX = """\
classification: advised
tables: {shop.member: {}}
rules:
  - id: members
    table: shop.member
    purpose: {name: service, ends: left_on}
    then: pseudonymize
    for: statistics
    columns: {name: {token: x}}
"""


@pytest.mark.mariadb
@pytest.mark.parametrize("key", ["PRIMARY KEY", "UNIQUE KEY k"])
def test_the_period_belongs_to_the_key_of_a_row(key: str, mariadb_url: str, tmp_path: Path, capsys: Any) -> None:
    engine = create_engine(mariadb_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE member (id INTEGER NOT NULL, s DATE, e DATE, left_on DATE, name VARCHAR(40), "
            f"PERIOD FOR p (s, e), {key} (id, p WITHOUT OVERLAPS))"
        )
        connection.exec_driver_sql(
            "INSERT INTO member VALUES (1, '2019-01-01', '2020-01-01', '2020-01-01', 'Kim'), "
            "(1, '2020-01-01', '2021-01-01', '2021-01-01', 'Lee'), (2, '2020-01-01', '2021-01-01', '2021-01-01', 'Lee')"
        )
    identify(mariadb_url)
    shop = Shop(mariadb_url, tmp_path, written(tmp_path, HEAD + MATRIX))
    assert shop.call(capsys, "key", "new", day=None).code == 0
    accepted = ("--accept", "members=9", "--by", "the officer")
    ran = shop.call(capsys, "run", "--json", *accepted, day=date(2024, 6, 1))
    rule = ran.document["rules"][0]
    assert (rule["status"], rule["done"]) == ("done", 3), ran.out + ran.err
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM member ORDER BY id, s").scalars().all()
    assert (names[1] == names[2], names[0] != names[1]) == (True, True)
    assert not {"Kim", "Lee"} & set(names)
