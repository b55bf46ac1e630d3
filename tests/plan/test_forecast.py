"""A forecast says what plans of later days count, on the same frozen rows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from retention.plan.forecast import months_after
from support.questions import opened, planned
from support.schemas import valid
from support.shop import DAY, Shop, make_shop


@pytest.fixture
def shop(engine_url: str, tmp_path: Path) -> Shop:
    return make_shop(engine_url, tmp_path, members=60)


def _forecast(shop: Shop, capsys: Any, *options: str, day: date = DAY) -> dict[str, Any]:
    asked = shop.call(capsys, "forecast", "--json", *options, day=day)
    assert asked.code == 0, asked.err
    valid(asked.document, "forecast")
    return asked.document


def _agree(shop: Shop, document: dict[str, Any], months: tuple[int, ...]) -> None:
    """See that up to the end of each of these months the forecast counts what a plan of that day counts."""
    with opened(shop) as pipeline:
        for number in months:
            day = date.fromisoformat(document["months"][number]["last"])
            plan = planned(pipeline, day)
            for rule in document["rules"]:
                upto = rule["due"] + sum(month["rows"] for month in rule["months"][: number + 1])
                assert upto == plan[rule["id"]].due, (rule["id"], day)
                if number == len(document["months"]) - 1:
                    rows = plan[rule["id"]].as_json()["rows"]
                    stays = {state: rows[state] for state in rows if state not in ("due", "selected") and rows[state]}
                    assert rule["stays"] == stays, rule["id"]


@pytest.mark.thorough
def test_each_month_counts_what_a_plan_of_its_last_day_takes(shop: Shop, capsys: Any, proof: bool) -> None:
    number = 12 if proof else 3
    document = _forecast(shop, capsys, "--months", str(number))
    assert [month["month"] for month in document["months"]][:3] == ["2026-11", "2026-12", "2027-01"]
    assert document["months"][0] == {"month": "2026-11", "first": "2026-11-25", "last": "2026-11-30"}
    assert len(document["months"]) == number
    moving = {rule["id"] for rule in document["rules"] if any(month["rows"] for month in rule["months"])}
    assert moving >= {"logins", "orders", "usage"} | ({"payments"} if proof else set())
    _agree(shop, document, tuple(range(number)) if proof else (number - 1,))


def test_a_hold_that_ends_lets_its_rows_go_in_that_month(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_shop(sqlite_url, tmp_path, members=60)
    months = ("--months", "3", "--rule", "orders", "--rule", "logins")
    before = {rule["id"]: rule for rule in _forecast(shop, capsys, *months)["rules"]}
    held = before["orders"]["due"]
    added = shop.call(capsys, "hold", "add", "--rule", "orders", "--reason", "x", "--by", "y", "--until", "2026-12-31",
                      day=None)  # fmt: skip
    assert added.code == 0, added.err
    after = {rule["id"]: rule for rule in _forecast(shop, capsys, *months)["rules"]}
    assert after["orders"]["due"] == 0
    rows = [month["rows"] for month in after["orders"]["months"]]
    usual = [month["rows"] for month in before["orders"]["months"]]
    assert rows[:2] == [0, 0]
    assert rows[2] == held + sum(usual)
    assert after["logins"] == before["logins"]


def test_transformed_rows_are_forecast_by_their_term(sqlite_url: str, tmp_path: Path, capsys: Any, proof: bool) -> None:
    shop = make_shop(sqlite_url, tmp_path, members=60)
    ran = shop.call(capsys, "run", "--json", "--rule", "usage", *shop.accepts("usage"))
    assert ran.code == 0, ran.err
    done = next(rule["done"] for rule in ran.document["rules"] if rule["id"] == "usage")
    document = _forecast(shop, capsys, "--months", "13" if proof else "3", "--rule", "usage")
    assert [rule["id"] for rule in document["rules"]] == ["usage", "usage.after"]
    after = document["rules"][1]
    # The term is counted from the day of the transformation, which is the day of the run itself.
    assert after["due"] + sum(month["rows"] for month in after["months"]) + sum(after["stays"].values()) == done


def test_a_forecast_changes_nothing_and_needs_no_room_in_the_database(
    sqlite_url: str, tmp_path: Path, capsys: Any
) -> None:
    shop = make_shop(sqlite_url, tmp_path, members=20)
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    before = file.read_bytes()
    _forecast(shop, capsys, "--months", "2", "--rule", "orders")
    assert file.read_bytes() == before
    told = shop.call(capsys, "--lang", "ko", "forecast", "--months", "2", "--rule", "orders")
    assert told.code == 0
    assert "현재 대상" in told.out


def test_months_begin_with_the_day_after_as_of() -> None:
    found = months_after(date(2027, 12, 31), 3)
    assert [(month.name, month.first.day, month.last.day) for month in found] == [
        ("2028-01", 1, 31),
        ("2028-02", 1, 29),
        ("2028-03", 1, 31),
    ]
    assert [month.name for month in months_after(date(2026, 11, 24), 2)] == ["2026-11", "2026-12"]
