"""Column by column: what may be moved to which type, so that it is there as it was here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from check.test_engines import found

MATRIX = """\
classification: advised
tables: {shop.here: {}, shop.there: {}}
rules:
  - id: moved
    table: shop.here
    purpose: {name: service, ends: ended_on}
    then: separate
    to: shop.there
"""
POSTGRESQL = {
    ("json", "jsonb"): False,
    ("jsonb", "json"): True,
    ("text", "name"): False,
    ("name", "text"): True,
    ("name", '"char"'): False,
    ("time(3)", "time(6)"): True,
    ("time(6)", "time(0)"): False,
    ("time", "timetz"): False,
    ("timetz", "timetz"): True,
    ("interval", "interval day"): False,
    ("interval", "interval(0)"): False,
    ("interval day", "interval"): True,
    ("interval second(2)", "interval second(2)"): True,
    ("bit varying(3)", "bit varying(2)"): False,
    ("bit varying(3)", "bit varying(4)"): True,
    ("bit(3)", "bit(4)"): False,
    ("smallint", "bigint"): True,
    ("bigint", "integer"): False,
    ("real", "double precision"): False,
    ("double precision", "double precision"): True,
    ("numeric(9,2)", "numeric(11,4)"): True,
    ("numeric(9,2)", "numeric"): True,
    ("numeric(9,2)", "money_of_two"): True,
    ("numeric(9,4)", "money_of_two"): False,
    ("varchar(10)", "lower_case"): False,
    ("lower_case", "lower_case"): True,
    ("lower_case", "text"): True,
    ("text", "free"): True,
    ("varchar(10)", "varchar(20)"): True,
    ("varchar(10)", "text"): True,
    ("mood", "text"): True,
    ("mood", "mood"): True,
    ("mood", "char(4)"): False,
    ("inet", "inet"): True,
    ("point", "point"): True,
    ("point", "box"): False,
    ("numeric(9,2)[]", "numeric(9,2)[]"): True,
    ("numeric(9,2)[]", "numeric(9,1)[]"): False,
    ("timestamp(3)", "timestamp"): True,
    ("timestamp", "timestamp(3)"): False,
    ("uuid", "uuid"): True,
    ("bytea", "bytea"): True,
    ("boolean", "boolean"): True,
}
MARIADB = {
    ("double", "double(10,2)"): False,
    ("double", "double"): True,
    ("float(10,4)", "float(10,2)"): False,
    ("float", "double"): False,
    ("varbinary(4)", "binary(4)"): False,
    ("binary(4)", "binary(8)"): False,
    ("binary(4)", "binary(4)"): True,
    ("binary(4)", "varbinary(4)"): True,
    ("varbinary(4)", "blob"): True,
    ("time(6)", "time"): False,
    ("time", "time(3)"): True,
    ("bit(3)", "bit(2)"): False,
    ("bit(3)", "bit(4)"): True,
    ("set('a','b')", "set('b')"): False,
    ("set('a','b')", "set('b','a','c')"): False,
    ("set('a','b')", "set('a','c','b')"): True,
    ("enum('x','y')", "enum('y','x')"): True,
    ("enum('x','y')", "enum('x')"): False,
    ("enum('x','y')", "varchar(9)"): True,
    ("varchar(9)", "varchar(9) character set latin1"): False,
    ("varchar(9) character set latin1", "varchar(9)"): True,
    ("varchar(9) collate utf8mb4_bin", "varchar(9) collate utf8mb4_general_ci"): True,
    ("text", "mediumtext"): True,
    ("longtext", "text"): False,
    ("int", "bigint"): True,
    ("int unsigned", "bigint"): True,
    ("int", "int unsigned"): False,
    ("decimal(9,2)", "decimal(9,2) unsigned"): False,
    ("decimal(9,2)", "decimal(11,2)"): True,
    ("json", "json"): True,
    ("year", "year"): True,
    ("uuid", "uuid"): True,
    ("inet6", "inet6"): True,
    ("point", "point"): True,
    ("point", "polygon"): False,
    ("datetime(3)", "datetime(6)"): True,
    ("datetime(6)", "datetime"): False,
    ("tinyint(1)", "tinyint(1)"): True,
}
SQLITE = {
    ("DECIMAL(12,2)", "NUMERIC"): True,
    ("DECIMAL(12,2)", "REAL"): False,
    ("DOUBLE", "FLOAT"): True,
    ("VARCHAR(10)", "TEXT"): True,
    ("TIME", ""): False,
    ("", ""): True,
    ("DATE", "DATE"): True,
}
DOMAINS = (
    "CREATE DOMAIN money_of_two AS numeric(9,2)",
    "CREATE DOMAIN lower_case AS varchar(10) CHECK (value = lower(value))",
    "CREATE DOMAIN free AS text",
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
)


@pytest.mark.parametrize(
    ("server", "pairs", "first"),
    [
        pytest.param("postgresql", POSTGRESQL, DOMAINS, marks=pytest.mark.postgresql),
        pytest.param("mariadb", MARIADB, (), marks=pytest.mark.mariadb),
        ("sqlite", SQLITE, ()),
    ],
)
def test_a_value_is_moved_only_to_a_type_that_is_known_to_leave_it_as_it_is(
    server: str,
    pairs: dict[tuple[str, str], bool],
    first: tuple[str, ...],
    request: pytest.FixtureRequest,
    tmp_path: Path,
    capsys: Any,
) -> None:
    made = [
        f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, ended_on DATE, "
        + ", ".join(f"c{number} {pair[which]} NULL" for number, pair in enumerate(pairs))
        + ")"
        for which, name in enumerate(("here", "there"))
    ]
    codes = found(request.getfixturevalue(f"{server}_url"), tmp_path, MATRIX, capsys, *first, *made)
    refused = {one["where"].rpartition(".")[2] for one in codes["RET240"]}
    assert {pair: f"c{number}" not in refused for number, pair in enumerate(pairs)} == pairs
