"""Whom a hold covers: a value that a person wrote down, found in columns of every type, compared as the column does."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from retention.pipeline import Pipeline
from retention.pipeline.holds import add_hold
from retention.register import Hold
from support.identity import identify
from support.questions import opened
from support.shop import Shop

UUID = "6f9619ff-8b86-d011-b42d-00cf4fc964ff"
LONG = "a long and personal key, " * 8
COLUMNS = {
    "small": "SMALLINT",
    "whole": "INTEGER",
    "large": "BIGINT",
    "precise": "DECIMAL(20, 2)",
    "exact": {"mysql": "VARCHAR(40) COLLATE utf8mb4_bin", "": "VARCHAR(40)"},
    "loose": {
        "mysql": "VARCHAR(40) COLLATE utf8mb4_general_ci",
        "postgresql": "VARCHAR(40) COLLATE loosely",
        "sqlite": "VARCHAR(40) COLLATE NOCASE",
    },
    "short": "VARCHAR(3)",
    "western": {"mysql": "VARCHAR(40) CHARACTER SET latin1", "": "VARCHAR(40)"},
    "padded": "CHAR(10)",
    "uuid": {"sqlite": "CHAR(36)", "": "UUID"},
    "bytes": {"mysql": "VARBINARY(40)", "postgresql": "BYTEA", "sqlite": "BLOB"},
    "day": "DATE",
    "odd": {"mysql": "DOUBLE", "postgresql": "amount", "sqlite": "REAL"},
    "mail": {
        "mysql": "VARCHAR(40) COLLATE utf8mb4_general_ci",
        "postgresql": "mail",
        "sqlite": "DATE COLLATE NOCASE",
    },
}
VALUES: dict[str, list[Any]] = {
    "small": [42, 7],
    "whole": [42, 7],
    "large": [42, 2**40],
    "precise": ["42.00", "7.50"],
    "exact": ["42", "042", "Han", "it's", "김"],
    "loose": ["han", "HAN", "Kim"],
    "short": ["42", "abc"],
    "western": ["Han", "42"],
    "padded": ["42", "Han"],
    "uuid": [UUID],
    "bytes": [b"42", bytes.fromhex(UUID.replace("-", ""))],
    "day": ["2020-02-29"],
    "odd": [42, 7.5],
    "mail": ["a@shop"],
}
CASES: dict[str, dict[str, int]] = {
    "42": dict.fromkeys(
        ["small", "whole", "large", "precise", "exact", "short", "western", "padded", "bytes", "odd"], 1
    ),
    "042": {"exact": 1},
    " 42": {},
    "7": {"small": 1, "whole": 1},
    "7.5": {"precise": 1, "odd": 1},
    "A@Shop": {"mail": 1},
    str(2**40): {"large": 1},
    str(10**30): {},
    "40000": {},
    "Han": {"exact": 1, "loose": 2, "western": 1, "padded": 1},
    "abcd": {},
    "it's": {"exact": 1},
    "김": {"exact": 1},
    UUID: {"uuid": 1, "bytes": 1},
    "2020-02-29": {"day": 1},
    "%": {},
    "' OR '1'='1": {},
}


@pytest.fixture
def types(engine_url: str, tmp_path: Path) -> Shop:
    engine = make_url(engine_url).get_backend_name().replace("mariadb", "mysql")
    lines = ["version: 1", "timezone: Asia/Seoul", "organisation: {name: 주식회사}", "databases:"]
    lines += ["  types: {connection: shop_db, identity: types, zone: Asia/Seoul}", "legal_bases:"]
    lines += ["  year: {statute: 법, article: 제1조, keep: P1Y}", "tables:"]
    tables = [*COLUMNS, "pair"]
    for table in COLUMNS:
        lines.append(f"  types.of_{table}: {{subject: named, not_personal: [id, named]}}")
    lines.append("  types.of_pair: {key: [one, other], subject: [one, other], not_personal: [one, other]}")
    lines += ["  types.of_part: {not_personal: [id, one, other, note]}", "rules:"]
    for table in tables:
        parts = (
            ", with: [{table: types.of_part, columns: [one, other], to_columns: [one, other]}]"
            if table == "pair"
            else ""
        )
        lines.append(
            f"  - {{id: r_{table}, table: types.of_{table}, keep: [{{basis: year, since: at}}], then: delete{parts}}}"
        )
    matrix = tmp_path / "types.yaml"
    matrix.write_text("\n".join(lines) + "\n", encoding="utf-8")
    shop = Shop(engine_url, tmp_path, matrix)
    with shop.sql() as connection:
        if engine == "postgresql":
            connection.exec_driver_sql(
                "CREATE COLLATION loosely (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            )
            connection.exec_driver_sql("CREATE EXTENSION citext")
            connection.exec_driver_sql("CREATE DOMAIN mail AS CITEXT")
            connection.exec_driver_sql("CREATE DOMAIN cents AS NUMERIC(10, 2)")
            connection.exec_driver_sql("CREATE DOMAIN amount AS cents")
        for table, type_ in COLUMNS.items():
            spelled = type_ if isinstance(type_, str) else type_.get(engine, type_.get("", ""))
            connection.exec_driver_sql(f"CREATE TABLE of_{table} (id INTEGER PRIMARY KEY, named {spelled}, at DATE)")
            for number, value in enumerate(VALUES[table]):
                statement = text(f"INSERT INTO of_{table} (id, named, at) VALUES (:i, :v, '2020-01-01')")
                connection.execute(statement, {"i": number, "v": value})
        connection.exec_driver_sql(
            "CREATE TABLE of_pair (one INTEGER, other VARCHAR(200), at DATE, PRIMARY KEY (one, other))"
        )
        connection.exec_driver_sql(
            "CREATE TABLE of_part (id INTEGER PRIMARY KEY, one INTEGER, other VARCHAR(200), note VARCHAR(9))"
        )
        for one, other in ((1, "a"), (1, "b"), (2, "a"), (12, LONG[:198])):
            connection.execute(
                text("INSERT INTO of_pair (one, other, at) VALUES (:o, :t, '2020-01-01')"), {"o": one, "t": other}
            )
        connection.exec_driver_sql("INSERT INTO of_part (id, one, other) VALUES (1, 1, 'a'), (2, 1, 'a'), (3, 2, 'a')")
    identify(engine_url, "types")
    return shop


def covers(shop: Shop, capsys: Any, *subject: str) -> dict[str, int]:
    options = [part for value in subject for part in ("--subject", value)]
    words = ("--database", "types", "--reason", "a case", "--by", "the officer", "--json")
    added = shop.call(capsys, "hold", "add", *options, *words, day=None)
    assert added.code == 0 and "covers" in added.document, added.err
    return {one["table"].removeprefix("types.of_"): one["rows"] for one in added.document["covers"]}


def _covered(pipeline: Pipeline, value: str) -> dict[str, int]:
    """Return what a hold on a value covers: the command would begin anew for each."""
    wish = Hold("subject", subject=(value,), database="types", reason="a case", by="the officer", until=None)
    _hold, covered = add_hold(pipeline, wish)
    assert covered is not None
    return {one["table"].removeprefix("types.of_"): one["rows"] for one in covered}


def test_a_value_is_found_in_columns_of_every_type_that_can_hold_it(types: Shop, capsys: Any) -> None:
    with opened(types) as pipeline:
        assert {value: _covered(pipeline, value) for value in CASES} == CASES
    held = types.call(capsys, "plan", "--json")
    assert held.code == 0, held.err
    rows = {one["id"]: one["rows"]["held"] for one in held.document["rules"]}
    assert {table: rows[f"r_{table}"] for table in VALUES} == {
        table: sum(case.get(table, 0) for case in CASES.values()) for table in VALUES
    }, "all of them at once"


@pytest.mark.thorough
def test_a_subject_of_several_columns_has_as_many_values_in_their_order(
    types: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert covers(types, capsys, "1", "a") == {"pair": 1, "part": 2}
    assert covers(types, capsys, "a", "1") == {}
    assert "pair" not in covers(types, capsys, "1")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"2\na\n")))
    assert covers(types, capsys, "-") == {"pair": 1, "part": 1}
    assert covers(types, capsys, "12", LONG[:198]) == {"pair": 1}, "a long key is no hindrance"
    ran = types.call(capsys, "run", "--json", "--rule", "r_pair", *types.accepts("r_pair"))
    assert ran.code == 0, ran.out + ran.err
    assert types.one("SELECT count(*) FROM of_pair") == 3
    assert types.one("SELECT count(*) FROM of_part") == 3
