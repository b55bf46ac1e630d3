"""What only one engine has: partitions, histories, clocks that move by themselves; and what an index costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from support.identity import identify
from support.matrices import written
from support.shop import Shop

HEAD = """\
version: 1
timezone: Asia/Seoul
organisation: {name: 가게}
databases:
  shop: {connection: shop_db, identity: shop-1, zone: Asia/Seoul}
legal_bases:
  login: {statute: 통신비밀보호법, article: 제15조의2, keep: P3M}
purposes:
  service: {items: {required: [name]}}
"""


def found(url: str, folder: Path, matrix: str, capsys: Any, *statements: str) -> dict[str, list[dict[str, str]]]:
    """What a check finds after the statements, by code."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    identify(url)
    shop = Shop(url, folder, written(folder, HEAD + matrix))
    called = shop.call(capsys, "check", "--json", day=None)
    codes: dict[str, list[dict[str, str]]] = {}
    for one in called.document["findings"]:
        codes.setdefault(one["code"], []).append(one)
    return codes


LOG = """\
tables:
  shop.log: {not_personal: [kind, parent]}
rules:
  - id: logs
    table: shop.log
    keep: [{basis: login, since: at}]
    then: delete
"""


@pytest.mark.postgresql
def test_a_partition_belongs_to_its_table(postgresql_url: str, tmp_path: Path, capsys: Any) -> None:
    made = (
        "CREATE TABLE kind (id INTEGER PRIMARY KEY)",
        "CREATE TABLE log (id INTEGER, at DATE, kind INTEGER, parent INTEGER, PRIMARY KEY (id, at)) "
        "PARTITION BY RANGE (at)",
        "CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        "ALTER TABLE log_2025 ADD FOREIGN KEY (kind) REFERENCES kind (id)",
        "CREATE INDEX log_at ON log (at)",
    )
    codes = found(postgresql_url, tmp_path, LOG, capsys, *made)
    assert "RET210" in codes
    assert [one["where"] for one in codes["RET210"]] == ["shop.kind"], "partitions aren't tables of their own"
    assert [(one["where"], one["what"].partition(":")[0]) for one in codes["RET224"]] == [
        ("shop.log", "shop.log itself has no foreign key (kind) to shop.kind, only its partition log_2025")
    ]
    named = found(postgresql_url, tmp_path, LOG.replace("shop.log", "shop.log_2025"), capsys)
    assert named["RET223"][0]["do"] == "name shop.log"
    changing = LOG.replace("then: delete", "then: anonymize\n    columns: {at: {generalize: year}}\n    mark: done")
    changing = changing.replace("[kind, parent]", "[kind, parent, seen]").replace("since: at", "since: seen")
    moved = found(
        postgresql_url,
        tmp_path,
        changing,
        capsys,
        "ALTER TABLE log ADD COLUMN seen DATE",
        "ALTER TABLE log ADD COLUMN done TIMESTAMPTZ",
    )
    assert "RET225" in moved, moved


@pytest.mark.postgresql
def test_keys_that_partitions_alone_have_are_told_once_even_of_a_table_that_nobody_names(
    postgresql_url: str, tmp_path: Path, capsys: Any
) -> None:
    key = "FOREIGN KEY (log_id) REFERENCES log ON DELETE SET NULL"
    parts = [(f"seen_{year}", f"FROM ('{year}-01-01') TO ('{year + 1}-01-01')") for year in range(2021, 2026)]
    made = (
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER)",
        "CREATE TABLE seen (log_id INTEGER, at DATE) PARTITION BY RANGE (at)",
        *(f"CREATE TABLE {name} PARTITION OF seen ({key}) FOR VALUES {values}" for name, values in parts),
        "CREATE INDEX log_at ON log (at)",
    )
    codes = found(postgresql_url, tmp_path, LOG, capsys, *made)
    (alone,) = codes["RET224"]
    assert (alone["where"], alone["severity"]) == ("shop.seen", "warning")
    assert (
        "only its partitions seen_2021, seen_2022, seen_2023 and 2 more: as it says ON DELETE SET NULL" in alone["what"]
    )
    assert "to the partitioned table" in codes["RET221"][0]["do"]
    relation = "{columns: [log_id], to: shop.log, to_columns: [id], detach: true}"
    detached = LOG.replace("rules:", f"  shop.seen: {{none: t, relations: [{relation}]}}\nrules:")
    idle = found(postgresql_url, tmp_path, detached, capsys)["RET233"]
    assert [one["what"] for one in idle] == [
        "shop.seen(log_id) is to be detached, and shop.seen itself has no foreign key there"
    ]
    assert not {"RET224", "RET233"} & set(
        found(postgresql_url, tmp_path, detached, capsys, f"ALTER TABLE seen ADD {key}")
    )


@pytest.mark.postgresql
def test_the_default_schema_may_be_named_or_not(postgresql_url: str, tmp_path: Path, capsys: Any) -> None:
    made = (
        "CREATE SCHEMA archive",
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER)",
        "CREATE TABLE archive.log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER)",
        "CREATE INDEX ON log (at)",
        "CREATE INDEX ON archive.log (at)",
    )
    codes = found(postgresql_url, tmp_path, LOG.replace("shop.log", "shop.public.log"), capsys, *made)
    assert not {"RET201", "RET204"} & set(codes), codes
    other = found(postgresql_url, tmp_path, LOG.replace("shop.log", "shop.archive.log"), capsys)
    assert not {"RET201", "RET204"} & set(other), other
    both = LOG.replace("  shop.log:", "  shop.public.log: {}\n  shop.log:")
    twice = found(postgresql_url, tmp_path, both, capsys)
    assert "two names" in twice["RET234"][0]["what"]


@pytest.mark.mariadb
def test_a_history_and_a_clock_that_moves_by_itself_are_told(mariadb_url: str, tmp_path: Path, capsys: Any) -> None:
    made = (
        "CREATE TABLE log (id INT PRIMARY KEY, kind INT, parent INT, "
        "at DATETIME DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP, KEY (at))",
    )
    codes = found(mariadb_url, tmp_path, LOG, capsys, *made)
    assert "ON UPDATE" in codes["RET211"][0]["what"]
    versioned = (
        "CREATE TABLE kept (id INT PRIMARY KEY, kind INT, parent INT, at DATETIME, KEY (at)) WITH SYSTEM VERSIONING"
    )
    codes = found(mariadb_url, tmp_path, LOG.replace("shop.log", "shop.kept"), capsys, versioned)
    assert codes["RET229"][0]["severity"] == "error"
    assert "RET201" not in codes


def test_an_index_that_is_missing_is_told_with_its_cost(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    matrix = """\
tables:
  shop.log: {not_personal: [kind, parent]}
  shop.line:
    not_personal: [log_id]
    relations: [{columns: [log_id], to: shop.log, to_columns: [id]}]
rules:
  - id: logs
    table: shop.log
    keep: [{basis: login, since: at}]
    then: delete
    with: [shop.line]
"""
    rows = ", ".join(f"({number}, {number % 50})" for number in range(2000))
    made = [
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER)",
        "CREATE TABLE line (id INTEGER PRIMARY KEY, log_id INTEGER)",
        f"INSERT INTO line (id, log_id) VALUES {rows}",
    ]
    made += {"postgresql": ["ANALYZE line"], "mariadb": ["ANALYZE TABLE line"]}.get(engine_url.partition("+")[0], [])
    codes = found(engine_url, tmp_path, matrix, capsys, *made)
    told = codes["RET205"][0]
    assert told["where"] == "shop.line(log_id)"
    assert "rows" in told["what"]
    number = int(told["what"].partition("about ")[2].partition(" rows")[0].replace(",", ""))
    assert 1000 <= number <= 4000
    assert told["do"].startswith("CREATE INDEX")
    shop = Shop(engine_url, tmp_path, tmp_path / "matrix.yaml")
    plan = shop.call(capsys, "plan", "--json").document
    assert all("about" not in one["what"] for one in plan["findings"]), "estimates would make no two plans equal"


def test_names_that_the_database_lacks_are_all_told(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    matrix = """\
tables:
  shop.logs: {}
  shop.log:
    key: [no]
    subject: {via: [shop.kind], column: person}
    not_personal: [kynd]
    relations:
      - {columns: [parent], to: shop.log, to_columns: [number]}
      - {columns: [kind], to: shop.kinds, to_columns: [id]}
      - {columns: [kind], to: shop.kind, to_columns: [id]}
  shop.kind: {}
rules:
  - id: logs
    table: shop.log
    where: state = 'x'
    keep:
      - {basis: login, since: day}
      - {basis: login, since: {via: [shop.kind], column: since}}
    then: anonymize
    columns: {who: null}
    mark: done
"""
    made = (
        "CREATE TABLE kind (id INTEGER PRIMARY KEY)",
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER)",
    )
    codes = found(engine_url, tmp_path, matrix, capsys, *made)
    missing = {one["what"].rpartition(" ")[2] for one in codes["RET202"]}
    assert missing == {"no", "person", "kynd", "number", "state", "day", "since", "who", "done"}
    assert {one["what"].rpartition(" ")[2] for one in codes["RET201"]} == {"shop.logs", "shop.kinds"}
    assert next(one for one in codes["RET201"] if "logs" in one["what"])["do"] == "did you mean log?"
    assert next(one for one in codes["RET202"] if "kynd" in one["what"])["do"] == "did you mean kind?"
    shop = Shop(engine_url, tmp_path, tmp_path / "matrix.yaml")
    assert shop.call(capsys, "plan", "--json").code == 2


@pytest.mark.thorough
def test_an_unclassified_column_stops_its_table_s_rules_and_not_the_night(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    matrix = """\
tables:
  shop.log: {not_personal: [kind]}
  shop.other: {}
rules:
  - {id: logs, table: shop.log, keep: [{basis: login, since: at}], then: delete}
  - {id: others, table: shop.other, keep: [{basis: login, since: at}], then: delete}
"""
    made = (
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, passport VARCHAR(20))",
        "CREATE TABLE other (id INTEGER PRIMARY KEY, at DATE)",
        "INSERT INTO log (id, at) VALUES (1, '2020-01-01')",
        "INSERT INTO other (id, at) VALUES (1, '2020-01-01')",
    )
    codes = found(engine_url, tmp_path, matrix, capsys, *made)
    assert [(one["where"], one["scope"], one["severity"]) for one in codes["RET204"]] == [
        ("shop.log.passport", "table", "error")
    ]
    shop = Shop(engine_url, tmp_path, tmp_path / "matrix.yaml")
    ran = shop.call(capsys, "run", "--json", "--accept", "others=1", "--by", "the tester")
    assert ran.code == 1
    assert {one["id"]: one["status"] for one in ran.document["rules"]} == {"logs": "refused", "others": "done"}
    assert (shop.one("SELECT count(*) FROM log"), shop.one("SELECT count(*) FROM other")) == (1, 0)
    advised = found(engine_url, tmp_path, "classification: advised\n" + matrix, capsys)
    assert advised["RET204"][0]["severity"] == "warning"


@pytest.mark.postgresql
def test_rows_of_a_table_that_inherits_another_are_not_taken_for_its_own(
    postgresql_url: str, tmp_path: Path, capsys: Any
) -> None:
    made = (
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER)",
        "CREATE TABLE log_kept (extra TEXT) INHERITS (log)",
        "INSERT INTO log_kept VALUES (1, '2020-01-01', 1, 1, 'evidence')",
    )
    codes = found(postgresql_url, tmp_path, LOG, capsys, *made)
    assert "shop.log_kept inherits shop.log" in codes["RET242"][0]["what"]
    assert codes["RET242"][0]["severity"] == "error"
    assert "RET242" not in found(postgresql_url, tmp_path, LOG, capsys, "ALTER TABLE log_kept NO INHERIT log")


@pytest.mark.mariadb
def test_a_table_without_transactions_is_refused(mariadb_url: str, tmp_path: Path, capsys: Any) -> None:
    made = "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER) ENGINE = MyISAM"
    codes = found(mariadb_url, tmp_path, LOG, capsys, made)
    assert "storage engine without transactions" in codes["RET243"][0]["what"]
    assert "RET243" not in found(mariadb_url, tmp_path, LOG, capsys, "ALTER TABLE log ENGINE = InnoDB")


@pytest.mark.parametrize(
    ("server", "spoilt", "mended"),
    [
        pytest.param("mariadb", "ENGINE = Aria", "ENGINE = InnoDB", marks=pytest.mark.mariadb),
        pytest.param("postgresql", "SET UNLOGGED", "SET LOGGED", marks=pytest.mark.postgresql),
    ],
)
def test_the_pipeline_s_own_tables_must_keep_what_they_are_given(
    server: str, spoilt: str, mended: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: Any
) -> None:
    url = request.getfixturevalue(f"{server}_url")
    found(
        url, tmp_path, LOG, capsys, "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INTEGER, parent INTEGER)"
    )
    codes = found(url, tmp_path, LOG, capsys, f"ALTER TABLE retention_batch {spoilt}")
    assert [(one["where"], one["scope"]) for one in codes["RET246"]] == [("shop.retention_batch", "run")]
    called = Shop(url, tmp_path, tmp_path / "matrix.yaml").call(capsys, "run")
    assert (called.code, "RET246" in called.err) == (2, True)
    assert "RET246" not in found(url, tmp_path, LOG, capsys, f"ALTER TABLE retention_batch {mended}")


@pytest.mark.mariadb
def test_a_foreign_key_that_compares_other_things_than_values_is_refused(
    mariadb_url: str, tmp_path: Path, capsys: Any
) -> None:
    """InnoDB compares the numbers of an enumeration: a cascade would take rows that nobody has seen refer to one."""
    made = [
        "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind ENUM('x', 'y') UNIQUE, parent INTEGER)",
        "CREATE TABLE line (id INTEGER PRIMARY KEY, kind ENUM('x', 'y') REFERENCES log (kind) ON DELETE CASCADE)",
    ]
    assert "RET251" not in found(mariadb_url, tmp_path, LOG, capsys, *made)
    other = "ALTER TABLE line DROP FOREIGN KEY line_ibfk_1, MODIFY kind ENUM('y', 'x')"
    again = "ALTER TABLE line ADD FOREIGN KEY (kind) REFERENCES log (kind) ON DELETE CASCADE"
    codes = found(mariadb_url, tmp_path, LOG, capsys, other, again)
    assert [(one["severity"], one["where"]) for one in codes["RET251"]] == [("error", "shop.line(kind)")]


@pytest.mark.postgresql
def test_a_subject_that_a_hold_could_miss_is_refused(postgresql_url: str, tmp_path: Path, capsys: Any) -> None:
    made = "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE, kind INET, parent REAL)"
    named = LOG.replace("  shop.log: {", "  shop.log: {subject: kind, ")
    assert named != LOG
    assert "RET252" in found(postgresql_url, tmp_path, named, capsys, made)
    assert "RET252" not in found(postgresql_url, tmp_path, named, capsys, "ALTER TABLE log ALTER kind TYPE TEXT")
