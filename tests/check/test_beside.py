"""What a rule would set off beside its own rows: triggers that reach others, keys that carry a change on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from check.test_engines import found

TRADE = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, note VARCHAR(20), state VARCHAR(20), at DATE)",
    "CREATE TABLE payment (id INTEGER PRIMARY KEY, order_id INTEGER, at DATE)",
    "CREATE TABLE search (id INTEGER PRIMARY KEY, order_id INTEGER)",
)
MATRIX = """\
classification: advised
tables: {shop.orders: {}, shop.payment: {}, shop.search: {out_of_scope: made of orders}}
rules:
  - {id: orders, table: shop.orders, keep: [{basis: login, since: at}], then: delete}
"""
WITH = MATRIX.replace(
    "then: delete", "then: delete, with: [{table: shop.payment, columns: [order_id], to_columns: [id]}]"
)
CHANGES = MATRIX.replace("then: delete", "then: erase, columns: [note]")


def trigger(url: str, event: str, body: str) -> tuple[str, ...]:
    """What makes a trigger on orders, in each engine's words."""
    if url.startswith("sqlite"):
        return ("DROP TRIGGER IF EXISTS t", f"CREATE TRIGGER t AFTER {event} ON orders BEGIN {body}; END")
    if url.startswith("postgresql"):
        body = f"$$ BEGIN {body}; RETURN OLD; END $$"
        function = f"CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS {body}"
        made = f"CREATE TRIGGER t AFTER {event} ON orders FOR EACH ROW EXECUTE FUNCTION f()"
        return (function, "DROP TRIGGER IF EXISTS t ON orders", made)
    return ("DROP TRIGGER IF EXISTS t", f"CREATE TRIGGER t AFTER {event} ON orders FOR EACH ROW BEGIN {body}; END")


@pytest.mark.thorough
def test_a_trigger_that_destroys_rows_of_the_matrix_stops_the_rule_that_sets_it_off(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    def told(matrix: str, event: str, body: str) -> list[tuple[str, str]]:
        codes = found(engine_url, tmp_path, matrix, capsys, *made, *trigger(engine_url, event, body))
        made.clear()
        return [(one["severity"], one["scope"]) for one in codes.get("RET247", ())]

    made = list(TRADE)
    payments = "DELETE FROM payment WHERE order_id = OLD.id"
    stops, warns = [("error", "rule")], [("warning", "rule")]
    assert told(MATRIX, "DELETE", payments) == stops
    assert told(CHANGES, "UPDATE", payments) == stops
    assert told(CHANGES, "DELETE", payments) == [], "no row goes"
    assert told(MATRIX, "UPDATE", payments) == [], "no row changes"
    assert told(MATRIX, "DELETE", "DELETE FROM orders WHERE id = OLD.id + 1") == stops
    assert told(WITH, "DELETE", payments) == warns, "it goes with its order"
    assert told(MATRIX, "DELETE", "DELETE FROM search WHERE order_id IN (SELECT id FROM payment)") == warns
    assert told(MATRIX, "DELETE", f"/* {payments}; */ UPDATE search SET order_id = NULL WHERE id = 1") == []


def test_a_trigger_that_changes_rows_of_another_table_is_told(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    change = trigger(engine_url, "DELETE", "UPDATE payment SET at = NULL WHERE order_id = OLD.id")
    codes = found(engine_url, tmp_path, MATRIX, capsys, *TRADE, *change)
    assert "changes rows of shop.payment at DELETE of shop.orders" in codes["RET248"][0]["what"]
    assert codes["RET248"][0]["severity"] == "warning"
    assert "RET247" not in codes
    own = trigger(engine_url, "UPDATE", "UPDATE orders SET at = at WHERE id = 0")
    if not engine_url.startswith("mariadb"):
        assert "RET248" not in found(engine_url, tmp_path, CHANGES, capsys, *own)


@pytest.mark.mariadb
def test_what_a_trigger_calls_or_destroys_in_a_statement_of_several_tables_is_told(
    mariadb_url: str, tmp_path: Path, capsys: Any
) -> None:
    joined = "DELETE p FROM search s JOIN `payment` p ON p.id = s.id WHERE s.id = OLD.id"
    several = trigger(mariadb_url, "DELETE", joined)
    assert "RET247" in found(mariadb_url, tmp_path, MATRIX, capsys, *TRADE, *several)
    calls = trigger(mariadb_url, "DELETE", "CALL tidy(OLD.id)")
    codes = found(mariadb_url, tmp_path, MATRIX, capsys, *calls)
    assert "calls tidy" in codes["RET248"][0]["what"]
    rounds = trigger(mariadb_url, "DELETE", "SET @paid = TRUNCATE((SELECT count(*) FROM payment), 0)")
    assert not {"RET247", "RET248"} & set(found(mariadb_url, tmp_path, MATRIX, capsys, *rounds))


@pytest.mark.parametrize("server", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def test_a_trigger_of_other_columns_is_not_set_off(
    server: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: Any
) -> None:
    url, body = request.getfixturevalue(f"{server}_url"), "DELETE FROM payment WHERE order_id = OLD.id"
    codes = found(url, tmp_path, CHANGES, capsys, *TRADE, *trigger(url, "UPDATE OF state, at", body))
    assert "RET247" not in codes
    assert "RET247" in found(url, tmp_path, CHANGES, capsys, *trigger(url, "UPDATE OF at, note", body))


@pytest.mark.postgresql
def test_a_rule_of_the_database_is_taken_for_a_trigger(postgresql_url: str, tmp_path: Path, capsys: Any) -> None:
    rule = 'CREATE RULE r AS ON DELETE TO orders DO DELETE FROM public."payment" WHERE order_id = OLD.id'
    codes = found(postgresql_url, tmp_path, MATRIX, capsys, *TRADE, rule)
    assert "shop.payment" in codes["RET247"][0]["what"]
    elsewhere = rule.replace("public", "aside").replace("RULE", "OR REPLACE RULE")
    made = ("CREATE SCHEMA aside", "CREATE TABLE aside.payment (order_id INTEGER)")
    assert found(postgresql_url, tmp_path, MATRIX, capsys, *made, elsewhere)["RET247"][0]["severity"] == "warning"


PARTED = (
    "CREATE TABLE orders (id INTEGER, note VARCHAR(20), state VARCHAR(20), at DATE, PRIMARY KEY (id, at)) "
    "PARTITION BY RANGE (at)",
    "CREATE TABLE orders_new PARTITION OF orders FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "CREATE TABLE orders_old PARTITION OF orders FOR VALUES FROM (MINVALUE) TO ('2026-01-01') PARTITION BY HASH (id)",
    "CREATE TABLE orders_old_0 PARTITION OF orders_old FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    *TRADE[1:],
)


@pytest.mark.postgresql
def test_a_trigger_of_one_partition_alone_is_told_of_its_table(
    postgresql_url: str, tmp_path: Path, capsys: Any
) -> None:
    def told(matrix: str, table: str, event: str, body: str, each: str = "ROW") -> dict[str, list[str]]:
        function, drop, create = trigger(postgresql_url, event, body)
        create = create.replace("ON orders FOR EACH ROW", f"ON {table} FOR EACH {each}")
        codes = found(postgresql_url, tmp_path, matrix, capsys, *made, function, create)
        made[:] = [drop.replace("ON orders", f"ON {table}")]
        return {code: [one["what"] for one in codes[code]] for code in ("RET211", "RET247", "RET248") if code in codes}

    made = list(PARTED)
    payments = "DELETE FROM payment WHERE order_id = OLD.id"
    for table in ("orders_new", "orders_old", "orders_old_0"):
        (what,) = told(MATRIX, table, "DELETE", payments)["RET247"]
        assert what.startswith(f"the trigger t of the partition {table} destroys rows of shop.payment at DELETE of ")
    zeroes = "UPDATE payment SET at = NULL WHERE order_id = OLD.id"
    assert "shop.payment" in told(MATRIX, "orders_new", "DELETE", zeroes)["RET248"][0]
    moved = told(MATRIX, "orders_new", "UPDATE", "NEW.at := current_date")
    assert "the trigger t of the partition orders_new sets shop.orders.at" in moved["RET211"][0]
    # A statement names the partitioned table, so only what is set off row by row is ever set off in a partition.
    assert told(MATRIX, "orders_new", "DELETE", payments, each="STATEMENT") == {}
    (once,) = told(MATRIX, "orders", "DELETE", payments)["RET247"]
    assert once.startswith("the trigger t destroys rows")


@pytest.mark.postgresql
def test_a_trigger_that_destroys_a_partition_s_rows_destroys_its_table_s(
    postgresql_url: str, tmp_path: Path, capsys: Any
) -> None:
    made = (
        TRADE[0],
        "CREATE TABLE payment (id INTEGER, order_id INTEGER, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
        "CREATE TABLE paid PARTITION OF payment FOR VALUES FROM (MINVALUE) TO ('2026-01-01')",
        TRADE[2],
    )
    goes = trigger(postgresql_url, "DELETE", "DELETE FROM paid WHERE order_id = OLD.id")
    (told,) = found(postgresql_url, tmp_path, MATRIX, capsys, *made, *goes)["RET247"]
    assert (told["severity"], "destroys rows of shop.payment at DELETE" in told["what"]) == ("error", True)
    changes = trigger(postgresql_url, "DELETE", "UPDATE paid SET at = NULL WHERE order_id = OLD.id")
    (told,) = found(postgresql_url, tmp_path, MATRIX, capsys, *changes)["RET248"]
    assert "changes rows of shop.payment at DELETE" in told["what"]


MEMBERS = """\
classification: advised
tables: {shop.member: {}}
rules:
  - id: members
    table: shop.member
    keep: [{basis: login, since: at}]
    then: anonymize
    columns: {login: {token: member}}
"""


def test_a_change_that_a_foreign_key_carries_to_other_rows_stops_the_rule(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    refers = "VARCHAR(80), FOREIGN KEY (login) REFERENCES member (login) ON DELETE CASCADE"
    codes = found(
        engine_url,
        tmp_path,
        MEMBERS,
        capsys,
        "CREATE TABLE member (id INTEGER PRIMARY KEY, login VARCHAR(80) NOT NULL UNIQUE, at DATE, host VARCHAR(80), "
        "FOREIGN KEY (host) REFERENCES member (login) ON UPDATE CASCADE)",
        f"CREATE TABLE log (id INTEGER PRIMARY KEY, login {refers} ON UPDATE CASCADE)",
        "CREATE TABLE visit (id INTEGER PRIMARY KEY, login VARCHAR(80) REFERENCES member (login) ON UPDATE CASCADE)",
        f"CREATE TABLE note (id INTEGER PRIMARY KEY, login {refers} ON UPDATE SET NULL)",
        f"CREATE TABLE card (id INTEGER PRIMARY KEY, login {refers})",
        f"CREATE TABLE gift (id INTEGER PRIMARY KEY, login {refers} ON UPDATE RESTRICT)",
    )
    carried = sorted(one["what"].partition("to which ")[2].partition(":")[0] for one in codes["RET249"])
    assert carried == [
        "shop.log.login refers ON UPDATE CASCADE",
        "shop.member.host refers ON UPDATE CASCADE",
        "shop.note.login refers ON UPDATE SET NULL",
        "shop.visit.login refers ON UPDATE CASCADE",
    ]
    assert {(one["severity"], one["scope"]) for one in codes["RET249"]} == {("error", "rule")}
    refused = sorted(one["what"].partition("to which ")[2] for one in codes["RET218"])
    says = "refers: where a row does, the database refuses the change"
    assert refused == [f"shop.card.login {says}", f"shop.gift.login {says}"]
