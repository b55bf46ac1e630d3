"""One row explained: every state, every day, on every engine, and never a value of the row."""

from __future__ import annotations

import io
import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from retention.demo.ugly import FIRST, ugly_rows
from retention.plan.states import STATES
from support.questions import asking, opened, planned
from support.schemas import valid
from support.shop import DAY, Shop, changed_matrix, make_shop

ONE_DAY = timedelta(days=1)
NEVER = date(8999, 12, 31)
CANARY = "CANARY-77aa"


@pytest.fixture
def shop(engine_url: str, tmp_path: Path) -> Shop:
    return make_shop(engine_url, tmp_path, members=60)


@pytest.fixture
def sqlite_shop(sqlite_url: str, tmp_path: Path) -> Shop:
    return make_shop(sqlite_url, tmp_path)


def _explained(shop: Shop, capsys: Any, table: str, *key: object, day: date = DAY, lang: str = "en") -> dict[str, Any]:
    asked = shop.call(capsys, "explain", table, *map(str, key), "--json", "--lang", lang, day=day)
    assert asked.code == 0, asked.err
    valid(asked.document, "explain")
    return asked.document


def _rule(document: dict[str, Any], rule: str) -> dict[str, Any]:
    return next(one for one in document["rules"] if one["id"] == rule)


def _basis(rule: dict[str, Any], basis: str) -> dict[str, Any]:
    return next(one for one in rule["bases"] if one["id"] == basis)


# --- the cases that a person asks about -----------------------------------------------------------------------------


@pytest.mark.thorough
def test_every_ugly_row_is_explained_by_its_fate(shop: Shop) -> None:
    with asking(shop, DAY) as ask:
        for ugly in ugly_rows(DAY):
            answer = ask.row(ugly.table, ugly.row["id"])
            rule = next(one for one in answer.rules if one.rule.id == ugly.rule)
            assert rule.state == ugly.fate, f"{ugly.table}: {ugly.why}"
            if ugly.fate == "due":
                assert rule.goes_on == DAY
            if ugly.fate in ("unreadable", "done"):
                assert rule.goes_on is None


@pytest.mark.thorough
def test_a_payment_under_two_statutes_goes_after_the_later(shop: Shop, capsys: Any) -> None:
    # Paid in 2020, supplied on 2023-02-28: the two statutes count from different events of one row.
    shop.do("UPDATE payment SET paid_at = '2020-10-03 23:59:59', supplied_at = '2023-02-28 09:00:00', "
            "settled_at = '2023-03-10 09:00:00' WHERE id = :id", id=FIRST)  # fmt: skip
    document = _explained(shop, capsys, "shop.payment", FIRST)
    assert document["key"] == [str(FIRST)]
    rule = _rule(document, "payments")
    assert (rule["state"], rule["action"], rule["goes_on"]) == ("separate", "delete", "2028-03-01")
    supply, transaction = _basis(rule, "ecommerce_payment_supply"), _basis(rule, "efta_transaction")
    assert (
        supply
        == {
            "id": "ecommerce_payment_supply",
            "kind": "min",
            "statute": "전자상거래법",
            "article": "제6조 · 시행령 제6조 ①",
            "record": "대금결제 및 재화 등의 공급에 관한 기록",
            "read": "2026-07-21",
            "source_mark": "V",
            "period": "P5Y",
            "computation": "civil",
            "roll_holidays": True,
            "applies": True,
            "event": "2023-02-28",
            "counts_from": "2023-03-01",
            "last_day": "2028-02-29",
            "lapsed": False,
            "other_reading": "2028-02-27",
            "steps": [
                "event: supplied_at is 2023-02-28, the latest of paid_at 2020-10-03, supplied_at 2023-02-28",
                "first day counted: 2023-03-01 (민법 제157조)",
                "5 years: counting begins on the first of a month, so the period ends on a month's last day, "
                "(민법 제160조)",
                "2028-02-29 is a Tuesday and no holiday: it stays (민법 제161조)",
                "last day 2028-02-29: due from 2028-03-01",
            ],
        }
        or "provisional" not in supply
    )
    assert supply["last_day"] == "2028-02-29"
    assert (transaction["event"], transaction["counts_from"]) == ("2020-10-03", "2020-10-04")
    assert (transaction["last_day"], transaction["other_reading"]) == ("2025-10-10", "2025-10-02")
    assert transaction["lapsed"]
    moved = transaction["steps"][3]
    assert "2025-10-03 (Friday, National Foundation Day)" in moved
    assert "2025-10-04 (Saturday)" in moved
    assert "2025-10-09 (Thursday, Hangul Day)" in moved
    assert moved.endswith("the last day moves on to 2025-10-10, a Friday (민법 제161조)")
    purpose = rule["purposes"][0]
    assert (purpose["ends"], purpose["alive"]) == ("2023-03-10", False)
    assert _basis(rule, "service_payment")["kind"] == "max", "an ended purpose is listed among the bases too"
    korean = _rule(_explained(shop, capsys, "shop.payment", FIRST, lang="ko"), "payments")
    moved = _basis(korean, "efta_transaction")["steps"][3]
    assert "2025-10-03(금요일, 개천절)" in moved
    assert "말일이 2025-10-10(금요일)로 미루어집니다 (민법 제161조)" in moved


@pytest.mark.thorough
def test_a_member_with_an_open_dispute_is_kept_by_it(shop: Shop, capsys: Any) -> None:
    document = _explained(shop, capsys, "shop.member", FIRST + 5)
    profile, identity = _rule(document, "member_profile"), _rule(document, "member_identity")
    assert profile["state"] == "due", "what no dispute needs goes at once"
    assert identity["state"] == "separate"
    assert "goes_on" not in identity, "nobody knows when the dispute will be closed"
    kept = {one["table"]: one for one in identity["referenced_by"]}
    assert kept["shop.inquiry"] == {"table": "shop.inquiry", "rows": 1}
    needed = _basis(identity, "while_referenced_by")
    assert needed["rules"] == ["disputes", "orders"]
    assert "last_day" not in needed
    shop.do("UPDATE inquiry SET closed_at = '2026-11-20 12:00:00' WHERE id = :id", id=FIRST)
    closed = _rule(_explained(shop, capsys, "shop.member", FIRST + 5), "member_identity")
    # Three years from 2026-11-20; 2029-11-20 is a Tuesday.
    assert _basis(closed, "while_referenced_by")["last_day"] == "2029-11-20"
    assert closed["goes_on"] == "2029-11-21"


@pytest.mark.thorough
def test_an_order_whose_member_left_stays_as_long_as_its_statute(shop: Shop, capsys: Any) -> None:
    shop.do("UPDATE orders SET member_id = :member, contracted_at = '2022-03-16 10:00:00' WHERE id = :id",
            member=FIRST + 7, id=FIRST + 5)  # fmt: skip
    order = _rule(_explained(shop, capsys, "shop.orders", FIRST + 5), "orders")
    assert order["state"] == "separate", "its member left long ago; the record has to be kept, apart"
    assert order["goes_on"] == "2027-03-17"
    assert order["referenced_by"] == []
    member = _rule(_explained(shop, capsys, "shop.member", FIRST + 7), "member_identity")
    assert member["state"] == "separate"
    assert {"table": "shop.orders", "rows": 1, "until": "2027-03-16"} in member["referenced_by"]
    assert member["goes_on"] == "2027-03-17", "the party's name lives as long as the order that needs it"


@pytest.mark.thorough
def test_a_login_on_its_boundary_in_both_months_of_a_leap_year(shop: Shop, capsys: Any) -> None:
    logins = {
        # In 2024 February has a 29th: three months from the 28th, 29th and 30th of November end on two days.
        1: ("2023-11-28 23:59:59", "2024-02-28", "2024-02-29"),
        2: ("2023-11-29 00:00:00", "2024-02-29", "2024-03-01"),
        3: ("2023-11-30 23:59:59", "2024-02-29", "2024-03-01"),
        # March begins with a holiday, a Friday: the last day moves over it and the weekend.
        4: ("2023-12-01 00:00:00", "2024-03-04", "2024-03-05"),
    }
    for number, (at, _last, _goes) in logins.items():
        shop.do(
            "INSERT INTO login_log (id, login_id, logged_in_at) VALUES (:id, 'leap', :at)",
            id=80_000_000 + number,
            at=at,
        )
    for day in (date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1), date(2024, 3, 4), date(2024, 3, 5)):
        with asking(shop, day) as ask:
            for number, (at, last, goes) in logins.items():
                (rule,) = ask.row("login_log", 80_000_000 + number).rules
                (basis,) = rule.bases
                assert basis.reckoning is not None
                assert (str(basis.reckoning.event), str(basis.last_day)) == (at[:10], last)
                assert rule.state == ("due" if str(day) >= goes else "separate"), (at, day)
                assert str(rule.goes_on) == max(goes, str(day))


@pytest.mark.thorough
def test_a_part_is_explained_by_its_record(shop: Shop, capsys: Any) -> None:
    shop.do("INSERT INTO order_item (order_id, line, course_id, price) VALUES (:id, 1, 1, 10)", id=FIRST + 1)
    document = _explained(shop, capsys, "shop.order_item", FIRST + 1, 1)
    order = _rule(_explained(shop, capsys, "shop.orders", FIRST + 1), "orders")
    assert document["rules"] == []
    assert document["part_of"] == [
        {"rule": "orders", "table": "shop.orders", "states": {"separate": 1}, "goes_on": order["goes_on"]}
    ]
    assert not document["uncovered"]


def test_what_no_rule_selects_is_said_to_be_uncovered(sqlite_shop: Shop, tmp_path: Path, capsys: Any) -> None:
    shop = sqlite_shop
    shop.environment["RETENTION_CONFIG"] = str(
        changed_matrix(tmp_path, ("    table: shop.payment\n", "    table: shop.payment\n    where: id < 100\n"))
    )
    assert _explained(shop, capsys, "shop.payment", FIRST)["uncovered"]
    assert not _explained(shop, capsys, "shop.payment", 1)["uncovered"]
    course = _explained(shop, capsys, "shop.course", 1)
    assert course["out_of_scope"] == "courses on sale carry no personal data"


def test_the_rival_reading_is_shown_beside_the_one_in_force(sqlite_shop: Shop, tmp_path: Path, capsys: Any) -> None:
    shop = sqlite_shop
    shop.environment["RETENTION_CONFIG"] = str(
        changed_matrix(tmp_path, ("    keep: P3M\n", "    keep: P3M\n    computation: administrative\n"))
    )
    shop.do("UPDATE login_log SET logged_in_at = '2020-10-03 10:00:00' WHERE id = :id", id=FIRST)
    basis = _basis(_rule(_explained(shop, capsys, "shop.login_log", FIRST), "logins"), "pcsa_login")
    assert (basis["counts_from"], basis["last_day"]) == ("2020-10-03", "2021-01-02")
    assert basis["other_reading"] == "2021-01-04", "2021-01-03 is a Sunday"
    assert basis["steps"][1:4] == [
        "first day counted: 2020-10-03, the event's own (행정기본법 제6조 ② 1)",
        "3 months: the period ends on the day before the corresponding day, 2021-01-02 (민법 제160조 ②)",
        "holidays don't move the last day (행정기본법 제6조 ② 2)",
    ]


@pytest.mark.thorough
def test_a_day_too_far_ahead_never_ends(shop: Shop, capsys: Any) -> None:
    shop.do("UPDATE orders SET contracted_at = '9500-01-01 10:00:00', closed_at = NULL WHERE id = :id", id=FIRST + 7)
    asked = _rule(_explained(shop, capsys, "shop.orders", FIRST + 7), "orders")
    basis = _basis(asked, "ecommerce_contract")
    assert basis["steps"][-1] == "the day lies after 9000-01-01: it never comes to an end"
    assert not {"last_day", "event", "other_reading"} & basis.keys()
    assert "goes_on" not in asked
    shop.do("UPDATE orders SET contracted_at = '2020-01-01 10:00:00', closed_at = '9500-01-01 10:00:00' WHERE id = :id",
            id=FIRST + 7)  # fmt: skip
    asked = _rule(_explained(shop, capsys, "shop.orders", FIRST + 7), "orders")
    assert (asked["state"], "goes_on" in asked) == ("in_use", False)
    assert "ends" not in asked["purposes"][0]


def test_the_row_is_looked_for_in_every_shard(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_shop(sqlite_url, tmp_path, members=20)
    (tmp_path / "other").mkdir()
    other_file = tmp_path / "other.sqlite"
    other_file.touch()
    other = make_shop(f"sqlite:///{other_file}", tmp_path / "other", members=20, identity="shop-two")
    shop.environment["RETENTION_CONN_SHOP_TWO"] = other.url
    one, two = (
        "connection: shop_db, identity: shop-demo",
        "connection: [shop_db, shop_two], identity: [shop-demo, shop-two]",
    )
    shop.environment["RETENTION_CONFIG"] = str(changed_matrix(tmp_path, (one, two)))
    other.do("UPDATE payment SET id = 5000001 WHERE id = 1")
    other.do("UPDATE payment SET settled_at = NULL WHERE id = :id", id=FIRST)
    both = _explained(shop, capsys, "shop.payment", FIRST)["rules"]
    assert [(rule["shard"], rule["state"]) for rule in both] == [(0, "separate"), (1, "in_use")]
    (alone,) = _explained(shop, capsys, "shop.payment", 5_000_001)["rules"]
    assert alone["shard"] == 1


# --- the same conditions that decide in bulk ------------------------------------------------------------------------


def _states(shop: Shop, day: date) -> dict[str, Counter[str]]:
    """Return how many rows of each rule are in which state, explained chunk by chunk of their keys."""
    with asking(shop, day) as ask:
        return {
            rule: Counter(states.values())
            for table in dict.fromkeys(rule.table.name for unit in ask.units.values() for rule in unit.rules)
            for rule, states in ask.states(table, ask.keys(table)).items()
        }


def _planned_states(shop: Shop, day: date) -> dict[str, Counter[str]]:
    with opened(shop) as pipeline:
        plan = planned(pipeline, day)
    found = {}
    for name, rule in plan.items():
        rows = rule.as_json()["rows"]
        found[name] = Counter({state: rows[state] for state in STATES if rows[state]})
    return found


@pytest.mark.thorough
def test_all_rows_explained_agree_with_the_plan(shop: Shop, capsys: Any) -> None:
    shop.call(capsys, "hold", "add", "--rule", "refunds", "--reason", "audit", "--by", "me", day=None)
    assert _states(shop, DAY) == _planned_states(shop, DAY)


@pytest.mark.slow
def test_random_rows_of_a_large_shop_agree_with_the_plan(
    sqlite_url: str, tmp_path: Path, proof: bool, capsys: Any
) -> None:
    if not proof:
        pytest.skip("a large shop; make proof explains it, and every row of a small one is explained beside this")
    shop = make_shop(sqlite_url, tmp_path, members=1000, seed=3)
    ran = shop.call(capsys, "run", "--json", *shop.accepts())
    assert ran.code == 0, ran.err
    later = date(2027, 12, 1)
    found, expected = _states(shop, later), _planned_states(shop, later)
    assert found == expected
    total = sum(sum(states.values()) for states in found.values())
    assert total > 10_000
    print(f"{total:,} rows explained")


@pytest.mark.thorough
def test_the_day_said_is_the_first_on_which_a_plan_takes_the_row(shop: Shop, proof: bool) -> None:
    chance = random.Random(5)
    tables = ("orders", "payment", "shipment", "inquiry", "member", "post", "contract_withdrawal", "marketing_consent")
    asked = 0
    with asking(shop, DAY) as ask:
        for name in tables:
            keys = ask.keys(name)
            for key in chance.sample(keys, min(len(keys), 15) if proof else 1):
                for rule in ask.row(name, *key).rules:
                    asked += 1
                    if rule.state == "due":
                        assert rule.goes_on == DAY
                        continue
                    days = [NEVER] if rule.goes_on is None else [rule.goes_on - ONE_DAY, rule.goes_on]
                    found = [ask.on(day).states(name, [key])[rule.rule.id][key] == "due" for day in days]
                    assert found == ([False] if rule.goes_on is None else [False, True])
    assert asked >= len(tables)


# --- what refers, holds ---------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_what_refers_is_counted_with_the_last_day_it_does(shop: Shop, capsys: Any) -> None:
    order = _rule(_explained(shop, capsys, "shop.orders", FIRST + 3), "orders")
    shipment = _rule(_explained(shop, capsys, "shop.shipment", FIRST), "shipments")
    goes = date.fromisoformat(shipment["goes_on"])
    assert order["referenced_by"] == [{"table": "shop.shipment", "rows": 1, "until": (goes - ONE_DAY).isoformat()}]
    assert order["goes_on"] == shipment["goes_on"], "they go in the same night"


@pytest.mark.thorough
def test_a_hold_is_shown_and_moves_the_day(shop: Shop, capsys: Any) -> None:
    before = _rule(_explained(shop, capsys, "shop.orders", FIRST), "orders")
    assert before["state"] == "due"
    until = date(2027, 3, 31)
    added = shop.call(
        capsys, "hold", "add", "--where", "shop.orders", f"id = {FIRST}", "--reason", "a suit", "--by", "the lawyer",
        "--until", until.isoformat(), day=None,
    )  # fmt: skip
    assert added.code == 0, added.err
    held = _rule(_explained(shop, capsys, "shop.orders", FIRST), "orders")
    assert held["state"] == "held"
    assert held["goes_on"] == (until + ONE_DAY).isoformat()
    hold = held["holds"][0]
    assert (hold["by"], hold["reason"], hold["until"]) == ("the lawyer", "a suit", until.isoformat())
    other = _rule(_explained(shop, capsys, "shop.orders", FIRST + 5), "orders")
    assert (other["state"], other["holds"]) == ("due", [])


def test_a_hold_on_a_part_keeps_its_record(sqlite_shop: Shop, capsys: Any) -> None:
    shop = sqlite_shop
    shop.do("INSERT INTO order_item (order_id, line, course_id, price) VALUES (:id, 1, 1, 10)", id=FIRST)
    added = shop.call(
        capsys,
        "hold",
        "add",
        "--where",
        "shop.order_item",
        f"order_id = {FIRST}",
        "--reason",
        "x",
        "--by",
        "y",
        day=None,
    )
    assert added.code == 0, added.err
    order = _rule(_explained(shop, capsys, "shop.orders", FIRST), "orders")
    assert (order["state"], order["holds"]) == ("referenced", [])
    assert order["referenced_by"] == [{"table": "shop.order_item", "rows": 1}]
    assert "goes_on" not in order


# --- what is never said ---------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_no_value_of_the_row_is_said(shop: Shop, capsys: Any) -> None:
    with shop.sql() as connection:
        for column in ("login_id", "password_hash", "name", "nickname", "address", "company", "occupation"):
            connection.execute(text(f"UPDATE member SET {column} = :c WHERE id = :id"), {"c": CANARY, "id": FIRST + 5})
    for options in (["--json"], ["--lang", "ko"], ["--lang", "en"]):
        said = shop.call(capsys, "explain", "shop.member", str(FIRST + 5), *options)
        assert said.code == 0
        assert CANARY not in said.out + said.err


def test_a_question_that_has_no_answer_is_refused_in_one_line(sqlite_shop: Shop, capsys: Any) -> None:
    for arguments, says in (
        (["shop.member", CANARY], "no integer"),
        (["shop.member", "77777777"], "no row has that key"),
        (["shop.order_item", CANARY], "(order_id, line)"),
        (["shop.members", CANARY], "no such table"),
        (["members", "1"], "no such table"),
        (["shop.member", "1", "--rule", "nothing"], "no such rule"),
    ):
        refused = sqlite_shop.call(capsys, "explain", *arguments)
        assert refused.code == 2, arguments
        assert says in refused.err
        assert len(refused.err.strip().splitlines()) == 1
        assert CANARY not in refused.err + refused.out


def test_a_key_from_standard_input_is_shown_nowhere_but_in_json(
    sqlite_shop: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FIRST + 5}\n"))
    said = sqlite_shop.call(capsys, "explain", "shop.member", "-")
    assert said.code == 0, said.err
    assert str(FIRST + 5) not in said.out + said.err
    sqlite_shop.do("INSERT INTO order_item (order_id, line, course_id, price) VALUES (:id, 7, 1, 10)", id=FIRST)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{FIRST}\n7\n"))
    said = sqlite_shop.call(capsys, "explain", "shop.order_item", "-", "--json")
    assert said.document["key"] == [str(FIRST), "7"]
    monkeypatch.setattr("sys.stdin", io.StringIO("7\n"))
    said = sqlite_shop.call(capsys, "explain", "shop.order_item", str(FIRST), "-", "--json")
    assert said.document["key"] == [str(FIRST), "7"]
