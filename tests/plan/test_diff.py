"""Two matrices compared on the same rows, against SQL written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.schemas import valid
from support.shop import MATRIX, Shop, make_shop

FIVE, THREE = "2021-11-24", "2023-11-24"
BY_HAND = {
    "refunds": "SELECT count(*) FROM refund WHERE refunded_at < '{0}'",
    "contract_withdrawals": """SELECT count(*) FROM contract_withdrawal
        WHERE requested_at < '{0}' AND completed_at < '{0}'""",
    "shipments": "SELECT count(*) FROM shipment WHERE shipped_at < '{0}' AND delivered_at < '{0}'",
    "payments": """SELECT count(*) FROM payment p WHERE settled_at < '2026-11-24' AND paid_at < '{0}'
        AND (supplied_at IS NULL OR supplied_at < '{0}') AND NOT EXISTS (SELECT 1 FROM refund r
        WHERE r.payment_id = p.id AND (r.refunded_at IS NULL OR r.refunded_at >= '{0}'))""",
}


@pytest.fixture
def shop(engine_url: str, tmp_path: Path) -> Shop:
    return make_shop(engine_url, tmp_path, members=60)


@pytest.fixture
def sqlite_shop(sqlite_url: str, tmp_path: Path) -> Shop:
    return make_shop(sqlite_url, tmp_path, members=60)


def _changed(folder: Path, *replacements: tuple[str, str]) -> Path:
    written = MATRIX.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in written, old
        written = written.replace(old, new)
    path = folder / "new.yaml"
    path.write_text(written, encoding="utf-8")
    return path


def _diff(shop: Shop, capsys: Any, old: Path, new: Path, *options: str) -> dict[str, dict[str, Any]]:
    asked = shop.call(capsys, "diff", str(old), str(new), "--json", *options)
    assert asked.code == 0, asked.err
    valid(asked.document, "diff")
    return {one["id"]: one for one in asked.document["rules"]}


@pytest.mark.thorough
def test_five_years_shortened_to_three_are_counted_as_by_hand(shop: Shop, tmp_path: Path, capsys: Any) -> None:
    new = _changed(tmp_path, ("keep: P5Y", "keep: P3Y"))
    rules = _diff(shop, capsys, MATRIX, new)
    for rule, statement in BY_HAND.items():
        five, three = shop.one(statement.format(FIVE)), shop.one(statement.format(THREE))
        found = rules[rule]
        assert found["due"] == {"old": five, "new": three}, rule
        assert (found["newly_due"], found["no_longer_due"]) == (three - five, 0), rule
        assert (found["change"], found["changed"]) == ("changed", ["keep"])
        assert three > five
    assert (rules["logins"]["change"], rules["logins"]["newly_due"]) == ("same", 0)
    assert rules["member_identity"]["change"] == "same", "its own words are the same,"
    assert rules["member_identity"]["newly_due"] > 0, "and yet more members are let go, with their orders"
    # The other way round the same rows are no longer due: what a longer period would newly keep.
    back = _diff(shop, capsys, new, MATRIX)
    for rule, found in rules.items():
        assert (back[rule]["newly_due"], back[rule]["no_longer_due"]) == (0, found["newly_due"]), rule


def test_rules_that_come_go_and_change_are_told_apart(sqlite_shop: Shop, tmp_path: Path, capsys: Any) -> None:
    shop = sqlite_shop
    new = _changed(
        tmp_path,
        ("  - id: staff_access\n", "  - id: staff_access_by_another_name\n"),
        (
            "  - id: logins\n    table: shop.login_log\n",
            "  - id: logins\n    table: shop.login_log\n    where: id > 100\n",
        ),
        (
            "    then: erase\n    columns: [password_hash, nickname, company, recommender_id, birth_date, sex, "
            "occupation, picture_url]\n",
            "    then: anonymize\n    mark: anonymized_at\n    columns: {nickname: null}\n",
        ),
        ("    mark: anonymized_at\n    file: 회원정보\n    copies: [일일 백업 14일]\n", "    file: 회원정보\n"),
    )
    asked = shop.call(capsys, "diff", str(MATRIX), str(new), "--json")
    assert asked.code == 0, asked.err
    rules = {one["id"]: one for one in asked.document["rules"]}
    staff = shop.one("SELECT count(*) FROM staff_access_log WHERE accessed_at < '2024-11-24'")
    assert (rules["staff_access"]["change"], rules["staff_access"]["no_longer_due"]) == ("removed", staff)
    assert "new" not in rules["staff_access"]["action"]
    added = rules["staff_access_by_another_name"]
    assert (added["change"], added["newly_due"]) == ("added", staff)
    table = next(one for one in asked.document["tables"] if one["name"] == "shop.staff_access_log")
    assert (table["due"], table["newly_due"]) == ({"old": staff, "new": staff}, 0), (
        "the same rows go, under another name"
    )
    lapsed = "SELECT count(*) FROM login_log WHERE logged_in_at >= '1990-01-01' AND logged_in_at < '2026-08-24'"
    kept = shop.one(f"{lapsed} AND id <= 100")
    assert kept
    assert (rules["logins"]["changed"], rules["logins"]["no_longer_due"]) == (["where"], kept)
    profile = rules["member_profile"]
    assert profile["action"] == {"old": "erase", "new": "anonymize"}
    assert profile["changed"] == ["then", "columns", "mark"]
    assert profile["changed_action"] == profile["due"]["old"] - profile["no_longer_due"] > 0


def test_only_the_rules_that_are_named_are_shown(sqlite_shop: Shop, tmp_path: Path, capsys: Any) -> None:
    new = _changed(tmp_path, ("keep: P5Y", "keep: P3Y"))
    everything = _diff(sqlite_shop, capsys, MATRIX, new)
    assert _diff(sqlite_shop, capsys, MATRIX, new, "--rule", "orders") == {"orders": everything["orders"]}
    told = sqlite_shop.call(capsys, "--lang", "ko", "diff", str(MATRIX), str(new), "--rule", "orders")
    assert told.code == 0
    assert "새로 대상" in told.out


def test_a_hold_counts_under_both_matrices(sqlite_shop: Shop, tmp_path: Path, capsys: Any) -> None:
    new = _changed(tmp_path, ("keep: P5Y", "keep: P3Y"))
    held = sqlite_shop.call(capsys, "hold", "add", "--rule", "shipments", "--reason", "x", "--by", "y", day=None)
    assert held.code == 0, held.err
    rules = _diff(sqlite_shop, capsys, MATRIX, new)
    assert rules["shipments"]["due"] == {"old": 0, "new": 0}
    assert rules["refunds"]["newly_due"] > 0


def test_matrices_of_different_databases_are_not_compared(sqlite_shop: Shop, tmp_path: Path, capsys: Any) -> None:
    new = _changed(tmp_path, ("identity: shop-demo", "identity: another-shop"))
    refused = sqlite_shop.call(capsys, "diff", str(MATRIX), str(new))
    assert refused.code == 2
    assert "isn't the one that" in refused.err
    missing = sqlite_shop.call(capsys, "diff", str(MATRIX), str(tmp_path / "none.yaml"))
    assert missing.code == 2
