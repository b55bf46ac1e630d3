"""Keys as people write them, read strictly: a slip names no other row, and no value reaches an error."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from retention.database.connect import open_database
from retention.database.key_values import key_values
from retention.database.keyset import among
from retention.database.names import TableKey
from retention.database.reflect import reflect
from retention.errors import Refused

KINDS = {
    "sqlite": "a INTEGER, b VARCHAR(20), c DATE, d NUMERIC(10, 2), e BLOB",
    "postgresql": "a BIGINT, b VARCHAR(20), c DATE, d NUMERIC(10, 2), e BYTEA",
    "mariadb": "a BIGINT, b VARCHAR(20), c DATE, d DECIMAL(10, 2), e VARBINARY(20)",
}
COLUMNS = ("a", "b", "c", "d", "e")
WRITTEN = ("-7", "ㄱ 1", "2024-02-29", "1.50", "00ff")


def _shape(url: str) -> Any:
    database = open_database("d", 0, "d", make_url(url))
    with database.planning() as planning:
        schema = reflect(planning, database.dialect, {None})
    database.close()
    return schema.tables[TableKey(None, "keyed")]


def test_a_key_of_many_kinds_finds_its_row(engine_url: str) -> None:
    engine = create_engine(engine_url, poolclass=NullPool)
    name = make_url(engine_url).get_backend_name()
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE keyed ({KINDS[name]})"))
        row = {"a": -7, "b": "ㄱ 1", "c": "2024-02-29", "d": 1.5, "e": b"\x00\xff"}
        connection.execute(text("INSERT INTO keyed VALUES (:a, :b, :c, :d, :e)"), row)
    shape = _shape(engine_url)
    with engine.connect() as connection:
        for column, written in zip(COLUMNS, WRITTEN, strict=True):
            values = key_values(shape, [column], [written], "here")
            found = connection.execute(shape.sql.select().where(among(shape.sql, [column], [values]))).all()
            assert len(found) == 1, column
        values = key_values(shape, COLUMNS, WRITTEN, "here")
        assert len(connection.execute(shape.sql.select().where(among(shape.sql, COLUMNS, [values]))).all()) == 1


@pytest.mark.parametrize("written", ["1_0", " 1", "1.0", "", "٣", "9223372036854775808", "CANARY"])
def test_what_is_no_number_is_refused_and_not_repeated(sqlite_url: str, written: str) -> None:
    engine = create_engine(sqlite_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text(f"CREATE TABLE keyed ({KINDS['sqlite']})"))
    shape = _shape(sqlite_url)
    with pytest.raises(Refused) as refused:
        key_values(shape, ["a"], [written], "explain shop.keyed")
    assert str(refused.value) == (
        "explain shop.keyed: what was given for a is no integer; write it as the database shows it"
    )
    with pytest.raises(Refused, match=r"its key has 2 columns \(a, b\)"):
        key_values(shape, ["a", "b"], [written], "explain shop.keyed")
