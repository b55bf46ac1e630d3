"""A whole night on every engine, against SQL written by hand.

Under ``make test`` the servers' nights are those of a role that may just what it needs (``check/test_rights.py``).
"""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from retention.demo.ugly import ugly_rows
from support.by_hand import BY_HAND, DELETED_BY_HAND, LEFT
from support.schemas import valid
from support.shop import DAY, Shop, changed_matrix, make_shop


@pytest.fixture
def shop(engine_url: str, tmp_path: Path) -> Shop:
    return make_shop(engine_url, tmp_path)


def _by_rule(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in document["rules"]}


@pytest.mark.thorough
def test_plan_run_and_second_night_agree_with_sql_by_hand(shop: Shop, capsys: Any) -> None:
    planned = shop.call(capsys, "plan", "--full", "--json")
    assert planned.code == 0, planned.err
    valid(planned.document, "plan")
    rules = _by_rule(planned.document)
    for rule, statement in BY_HAND.items():
        assert rules[rule]["planned"] == shop.one(statement), rule
    for rule in rules.values():
        rows = rule["rows"]
        states = ("in_use", "done", "unreadable", "separate", "held", "referenced", "due")
        assert sum(rows[state] for state in states) == rows["selected"], rule["id"]
    if shop.url.startswith("sqlite"):
        assert shop.call(capsys, "plan", "--full", "--json").out == planned.out, "the same inputs give the same bytes"

    before = {table: shop.one(f"SELECT count(*) FROM {table}") for table in ("login_log", "orders", "order_item")}
    ran = shop.call(capsys, "run", "--json", *shop.accepts())
    assert ran.code == 0, ran.err
    valid(ran.document, "run")
    done = _by_rule(ran.document)
    for rule in DELETED_BY_HAND:
        assert done[rule]["done"] == rules[rule]["planned"], rule
        assert shop.one(BY_HAND[rule]) == 0, rule
    for rule, statement in LEFT.items():
        assert shop.one(statement) == 0, rule
    assert shop.one("SELECT count(*) FROM login_log") == before["login_log"] - rules["logins"]["planned"]
    assert shop.one("SELECT count(*) FROM orders") == before["orders"] - rules["orders"]["planned"]
    orphans = "SELECT count(*) FROM order_item i WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = i.order_id)"
    assert shop.one(orphans) == 0
    kept = "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM order_item i WHERE i.order_id = o.id)"
    assert shop.one(kept) == sum(1 for one in ugly_rows(DAY) if one.table == "orders" and one.fate != "due"), (
        "an order that stays keeps its items; the ugly ones never had any"
    )
    assert shop.one("SELECT count(*) FROM member WHERE name = '탈퇴회원'") == rules["member_identity"]["planned"]

    _each_ugly_row_met_its_fate(shop, {one["id"]: one["action"] for one in ran.document["rules"]})
    again = shop.call(capsys, "run", "--json")
    assert again.code == 0, again.err
    assert all(rule["planned"] == 0 and rule["done"] == 0 for rule in again.document["rules"])
    looked = shop.call(capsys, "verify", "--json", day=None)
    assert looked.code == 0, looked.out
    valid(looked.document, "verify")


def _each_ugly_row_met_its_fate(shop: Shop, actions: dict[str, str]) -> None:
    for ugly in ugly_rows(DAY):
        there = shop.one(f"SELECT count(*) FROM {ugly.table} WHERE id = :id", id=ugly.row["id"])
        goes = ugly.fate == "due" and actions[ugly.rule] == "delete"
        assert there == (0 if goes else 1), f"{ugly.table}: {ugly.why}"
    changed = "SELECT nickname IS NULL FROM member WHERE id = :id"
    for ugly in ugly_rows(DAY):
        if ugly.table == "member":
            gone = bool(shop.one(changed, id=ugly.row["id"]))
            assert gone == (ugly.fate in ("due", "done")), ugly.why


@pytest.mark.thorough
def test_nothing_goes_that_nobody_approved(shop: Shop, capsys: Any) -> None:
    before = shop.one("SELECT count(*) FROM login_log")
    few = ("--rule", "logins", "--rule", "payments", "--rule", "member_profile")
    ran = shop.call(capsys, "run", "--json", *few)
    assert ran.code == 3
    assert {one["status"] for one in ran.document["rules"] if one["planned"]} == {"waiting"}
    assert shop.one("SELECT count(*) FROM login_log") == before
    due = _by_rule(ran.document)["logins"]["planned"]
    too_few = shop.call(
        capsys, "run", "--json", "--rule", "logins", "--accept", f"logins={due - 1}", "--by", "the tester"
    )
    assert too_few.code == 3
    assert shop.one("SELECT count(*) FROM login_log") == before


@pytest.mark.thorough
@pytest.mark.parametrize(("late", "code"), [("2026-08-22 10:00:00", 0), ("2020-01-01 10:00:00", 1)])
def test_an_approved_plan_carries_out_its_rows_and_no_others(shop: Shop, capsys: Any, late: str, code: int) -> None:
    plan = shop.call(capsys, "plan", "--json", "--rule", "logins").document
    shop.do("INSERT INTO login_log (id, login_id, logged_in_at) VALUES (70000001, 'late', :late)", late=late)
    shop.do("UPDATE login_log SET logged_in_at = '2026-11-01 10:00:00' WHERE id = 1")
    agreed = shop.call(capsys, "approve", plan["digest"], "--by", "the officer", "--note", "looked at", day=None)
    assert agreed.code == 0, agreed.err
    ran = shop.call(capsys, "run", "--json", "--rule", "logins", "--plan", plan["digest"], day=None)
    rule = _by_rule(ran.document)["logins"]
    assert ran.code == code, "a row that is overdue after the run is somebody's to look at"
    assert (rule["done"], rule["survived"], rule["drifted"]) == (plan["rules"][0]["planned"] - 1, 1, 1)
    assert shop.one("SELECT count(*) FROM login_log WHERE id IN (1, 70000001)") == 2


@pytest.mark.thorough
def test_a_dry_run_changes_nothing(shop: Shop, capsys: Any) -> None:
    before = shop.one("SELECT count(*) FROM login_log")
    ran = shop.call(capsys, "run", "--dry-run", "--json", "--rule", "logins", *shop.accepts("logins"))
    assert ran.code == 0, ran.err
    assert shop.one("SELECT count(*) FROM login_log") == before
    assert shop.one("SELECT count(*) FROM retention_batch") == 0


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("replacement", "says"),
    [
        (("identity: shop-demo", "identity: another-shop"), "another-shop"),
        (("{basis: pcsa_login, since: logged_in_at}", "{basis: pcsa_login, since: logged_out_at}"), "logged_out_at"),
        (("table: shop.login_log\n", "table: shop.login_logs\n"), "login_logs"),
        (("connection: shop_db", "connection: other_db"), "RETENTION_CONN_OTHER_DB"),
    ],
)
def test_a_matrix_that_contradicts_the_database_is_refused(
    shop: Shop, tmp_path: Path, capsys: Any, replacement: tuple[str, str], says: str
) -> None:
    shop.environment["RETENTION_CONFIG"] = str(changed_matrix(tmp_path, replacement))
    refused = shop.call(capsys, "run", "--accept", "logins=99999999", "--by", "the tester")
    assert refused.code == 2, refused.err
    assert says in refused.err
    assert shop.one("SELECT count(*) FROM retention_batch") == 0


@pytest.mark.thorough
def test_a_day_that_has_not_come_is_refused(shop: Shop, capsys: Any) -> None:
    refused = shop.call(capsys, "run", day=date(2199, 1, 1))
    assert refused.code == 2
    assert len(refused.err.strip().splitlines()) == 1


@pytest.mark.thorough
def test_no_value_of_a_row_reaches_what_the_product_writes(shop: Shop, tmp_path: Path, capsys: Any) -> None:
    canary = "CANARY-8f2c"
    shop.do("UPDATE member SET name = :c, email = :c, login_id = :c WHERE id = 90000003", c=canary)
    shop.do("UPDATE login_log SET login_id = :c WHERE id = 90000001", c=canary)
    shop.do("UPDATE orders SET orderer_name = :c WHERE id = 90000001", c=canary)
    # An index that two constants break: the database answers with the row in its message.
    shop.do("UPDATE member SET mobile = :c WHERE id = 90000003", c=canary)
    with shop.sql() as connection:
        connection.execute(text("CREATE UNIQUE INDEX names_differ ON retention_batch (rule)"))
    few = ("logins", "member_profile", "orders")
    failed = shop.call(capsys, "run", *(part for one in few for part in ("--rule", one)), *shop.accepts(*few))
    assert failed.code in (1, 5), failed.err
    with shop.sql() as connection:
        on = " ON retention_batch" if connection.dialect.name in ("mysql", "mariadb") else ""
        connection.execute(text(f"DROP INDEX names_differ{on}"))
    ran = shop.call(capsys, "run", *shop.accepts())
    report = shop.call(capsys, "--lang", "ko", "report", day=None)
    sheet = shop.call(capsys, "report", "--format", "xlsx", day=None)
    assert (report.code, sheet.code) == (0, 0), report.err + sheet.err
    texts = [failed.out, failed.err, ran.out, ran.err]
    for file in [*tmp_path.rglob("*.html"), *tmp_path.rglob("*.xlsx")]:
        texts.append(file.read_bytes().decode("utf-8", "replace"))
    ledger = sqlite3.connect(tmp_path / "ledger.sqlite")
    texts.append("\n".join(ledger.iterdump()))
    assert not [one for one in texts if canary in one]
    assert shop.one("SELECT count(*) FROM login_log WHERE login_id = :c", c=canary) == 0, "the run did go over it"
