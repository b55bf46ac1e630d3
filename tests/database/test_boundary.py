"""What of a database's refusal goes on: its number and the name of a constraint, never a value."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from retention.database.connect import Database, open_database
from retention.database.identity import identity_of
from retention.database.url import parse
from retention.errors import DatabaseFault, Refused
from support.bench import Bench
from support.servers import free_port

CANARY = "010-2345-6789"
SAYS = f"no constraint {CANARY} x"


@pytest.fixture
def mariadb(mariadb_bench: Bench) -> Bench:
    mariadb_bench.do(
        [
            "CREATE TABLE shop (id INTEGER PRIMARY KEY)",
            "CREATE TABLE log (id INTEGER PRIMARY KEY, note VARCHAR(80), shop_id INTEGER, n INTEGER, "
            "CONSTRAINT uq_note UNIQUE (note), CONSTRAINT of_shop FOREIGN KEY (shop_id) REFERENCES shop (id), "
            "CONSTRAINT ck_n CHECK (n > 0))",
            "INSERT INTO shop VALUES (1)",
            f"INSERT INTO log VALUES (1, '{SAYS}', 1, 1)",
        ]
    )
    return mariadb_bench


def refusal(database: Database, statement: str) -> str:
    """Return what is told of a statement that the database refuses."""
    with database.session() as connection, pytest.raises(DatabaseFault) as refused, database.transaction(connection):
        connection.exec_driver_sql(statement.replace("%", "%%"))
    return str(refused.value)


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM shop", "of_shop"),
        ("INSERT INTO log VALUES (2, 'y', 7, 1)", "of_shop"),
        (f"INSERT INTO log VALUES (2, '{SAYS}', 1, 1)", "uq_note"),
        ("INSERT INTO log VALUES (2, 'y', 1, 0)", "ck_n"),
    ],
)
def test_a_constraint_is_named(mariadb: Bench, statement: str, named: str) -> None:
    told = refusal(mariadb.database, statement)
    assert told.endswith(f"constraint {named}")
    assert CANARY not in told


SIGNALS = {
    1644: "CONCAT('business constraint ', OLD.note, ' is violated')",
    1451: "CONCAT('Cannot delete or update a parent row: a foreign key constraint fails ', OLD.note)",
    1452: "CONCAT('a foreign key constraint fails (CONSTRAINT `', OLD.note, '` FOREIGN KEY (x))')",
    1062: "CONCAT('Duplicate entry ''no constraint ', OLD.note, ''' in key ''uq'' of ', OLD.note)",
    3819: "CONCAT('Check constraint ''', OLD.note, ' x'' is violated.')",
    4025: "CONCAT('CONSTRAINT `', OLD.note, '` failed')",
}


@pytest.mark.mariadb
@pytest.mark.parametrize("number", SIGNALS)
def test_what_a_trigger_says_is_not_told(mariadb: Bench, number: int) -> None:
    """Whatever number it gives itself."""
    mariadb.do(
        [
            "CREATE TRIGGER says BEFORE DELETE ON log FOR EACH ROW BEGIN DECLARE m VARCHAR(128); "
            f"SET m = {SIGNALS[number]}; "
            f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = m, MYSQL_ERRNO = {number}; END"
        ]
    )
    told = refusal(mariadb.database, "DELETE FROM log")
    assert CANARY not in told
    assert "constraint" not in told


@pytest.mark.postgresql
def test_a_name_that_a_function_gives_is_told_only_where_it_looks_like_one(postgresql_bench: Bench) -> None:
    raised = f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '23514', CONSTRAINT = '{CANARY}'; END $$"
    assert CANARY not in refusal(postgresql_bench.database, raised)
    assert refusal(postgresql_bench.database, raised.replace(CANARY, "ck_n")).endswith("23514; constraint ck_n")


@pytest.mark.postgresql
def test_a_role_that_may_use_no_schema_is_told_which_right_it_lacks(postgresql_bench: Bench) -> None:
    told = refusal(postgresql_bench.database, "SET LOCAL search_path = nowhere; CREATE TABLE log (id INTEGER)")
    assert "3F000; the role lacks the right USAGE on the schema" in told
    assert "`retention init CONNECTION --grants ROLE`" in told


@pytest.mark.parametrize("scheme", ["postgresql", "mariadb"])
def test_a_server_that_is_not_there_was_never_lost(scheme: str) -> None:
    with pytest.raises(Refused, match=r"it can't be opened \(\w+\); check its URL") as refused:
        open_database("shop", 0, "shop_db", parse(f"{scheme}://role:geheim@127.0.0.1:{free_port()}/shop", "shop_db"))
    assert "lost" not in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_what_is_no_sqlite_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is a folder"):
        open_database("shop", 0, "shop_db", parse(f"sqlite:///{tmp_path}", "shop_db"))
    file = tmp_path / "retention.yaml"
    file.write_text("version: 1\n" * 100, encoding="utf-8")
    database = open_database("shop", 0, "shop_db", parse(f"sqlite:///{file}", "shop_db"))
    with pytest.raises(DatabaseFault, match="no SQLite database; mend the URL"), database.planning() as connection:
        identity_of(connection)
    database.close()


def test_a_statement_that_sqlite_cannot_read_is_told_as_that(tmp_path: Path) -> None:
    if sqlite3.sqlite_version_info >= (3, 46):
        pytest.skip("this SQLite reads statements however deep they are")
    (tmp_path / "shop.sqlite").touch()
    database = open_database("shop", 0, "shop_db", parse(f"sqlite:///{tmp_path}/shop.sqlite", "shop_db"))
    deep = text(f"SELECT {'(' * 120}1{')' * 120}")
    with pytest.raises(DatabaseFault, match="nested too deeply for this SQLite"), database.planning() as connection:
        connection.execute(deep)
    database.close()
