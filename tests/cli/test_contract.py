"""What the page of promises says of documents, days and options, held against small questions."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from retention.ledger import Ledger
from retention.pipeline import load_plan, wall_clock
from support.schemas import valid
from support.shop import DAY, Shop
from support.small import make_small

MATRIX = """
tables:
  shop.t: {}
  shop.u: {not_personal: [d]}
  shop.x: {out_of_scope: nobody's}
rules:
  - {id: r, table: shop.t, keep: [{basis: y5, since: d}], then: delete}
"""
TABLES = tuple(f"CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, d DATE)" for name in "tux")
ROWS = ("INSERT INTO t VALUES (1, '2010-01-01'), (2, '9990-01-01')", "INSERT INTO u VALUES (1, '2010-01-01')")


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Shop:
    return make_small(sqlite_url, tmp_path, MATRIX, *TABLES, *ROWS)


def _nulls(document: Any, path: str = "") -> Iterator[str]:
    if document is None:
        yield path
    if isinstance(document, dict):
        for name, value in document.items():
            yield from _nulls(value, f"{path}.{name}")
    if isinstance(document, list):
        for value in document:
            yield from _nulls(value, f"{path}[]")


def test_a_plan_names_its_tables_and_counts_the_uncovered_rows_of_them_on_demand(shop: Shop, capsys: Any) -> None:
    short = shop.call(capsys, "plan", "--json")
    full = shop.call(capsys, "plan", "--full", "--json").document
    assert [(one["name"], "uncovered" in one) for one in short.document["tables"]] == [
        ("shop.t", False),
        ("shop.u", False),
    ]
    assert [(one["name"], one["uncovered"]) for one in full["tables"]] == [("shop.t", 0), ("shop.u", 1)]
    assert full["digest"] == short.document["digest"]
    assert shop.call(capsys, "plan", "--json").out == short.out


def test_a_rule_of_a_plan_has_the_findings_that_concern_it(shop: Shop, capsys: Any) -> None:
    shop.do("CREATE TABLE beside (id INTEGER NOT NULL PRIMARY KEY)")
    document = shop.call(capsys, "plan", "--json").document
    valid(document, "plan")
    (rule,) = document["rules"]
    assert {one["code"] for one in rule["findings"]} == {"RET206"}
    assert all(one in document["findings"] for one in rule["findings"])
    # What is found of other tables is no finding of the rule.
    assert "RET210" in {one["code"] for one in document["findings"]}
    ledger = Ledger.open(shop.environment["RETENTION_LEDGER_URL"], None, wall_clock)
    try:
        assert load_plan(ledger, document["digest"]).as_json() == document
    finally:
        ledger.close()


@pytest.mark.parametrize("command", [("plan",), ("run", "--accept", "r=1", "--by", "x"), ("explain", "shop.t", "1")])
def test_what_is_not_known_is_left_out(shop: Shop, capsys: Any, command: tuple[str, ...]) -> None:
    document = shop.call(capsys, *command, "--json").document
    valid(document, command[0])
    assert list(_nulls(document)) == []
    bases = [basis for rule in document["rules"] for basis in rule.get("bases", ())]
    assert bases
    assert all(basis.get("record", "something") for basis in bases)


def test_a_report_that_is_only_printed_names_no_file(shop: Shop, capsys: Any) -> None:
    assert shop.call(capsys, "run", "--accept", "r=1", "--by", "x").code == 0
    document = shop.call(capsys, "report", "--json", day=None).document
    valid(document, "run")
    assert "report" not in document
    assert list(_nulls(document)) == []


@pytest.mark.parametrize(("lang", "label"), [("ko", "기록"), ("en", "record")])
def test_an_explanation_has_no_line_for_a_record_that_is_not_said(
    shop: Shop, capsys: Any, lang: str, label: str
) -> None:
    out = shop.call(capsys, "explain", "shop.t", "1", "--lang", lang).out
    assert not re.search(rf"^\s*{label}\s*:", out, re.MULTILINE)
    told = shop.matrix.read_text(encoding="utf-8").replace("keep: P5Y,", "keep: P5Y, record: 대금결제,")
    shop.matrix.write_text(told, encoding="utf-8")
    out = shop.call(capsys, "explain", "shop.t", "1", "--lang", lang).out
    assert re.search(rf"^\s*{label}\s*:\s*대금결제", out, re.MULTILINE)


def test_an_exported_entry_has_all_that_its_hash_is_taken_over(shop: Shop, capsys: Any) -> None:
    assert shop.call(capsys, "run", "--accept", "r=1", "--by", "x").code == 0
    entries = shop.call(capsys, "ledger", "export", "--json", day=None).document["entries"]
    lines = [json.loads(one) for one in shop.call(capsys, "ledger", "export", day=None).out.splitlines()]
    assert entries == lines
    assert len(entries) > 5

    def text(document: Any) -> str:
        return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    for entry in entries:
        assert all(value is not None for value in entry.values())
        assert entry["at"].endswith("Z")
        at = entry["at"].removesuffix("Z") + "+00:00"
        named = [entry.get(name) for name in ("run", "task", "seq", "kind", "key")]
        hashed = [*named, at, text(entry["body"]), entry.get("blob_sha256"), entry["previous"]]
        assert hashlib.sha256(text(hashed).encode()).hexdigest() == entry["hash"]


# --- days -----------------------------------------------------------------------------------------------------------


@pytest.mark.thorough
@pytest.mark.parametrize("day", [date.max, date(9000, 1, 2), date(2199, 1, 1)])
def test_what_changes_nothing_takes_any_day(engine_url: str, tmp_path: Path, capsys: Any, day: date) -> None:
    shop = make_small(engine_url, tmp_path, MATRIX, *TABLES, *ROWS)
    same = str(shop.matrix)
    asked = {
        one[0]: shop.call(capsys, *one, "--json", day=day)
        for one in (
            ("plan", "--full"),
            ("explain", "shop.t", "1"),
            ("forecast", "--months", "12"),
            ("diff", same, same),
            ("check",),
            ("coverage",),
            ("verify",),
        )
    }
    assert {name: called.code for name, called in asked.items() if called.code not in (0, 1)} == {}
    assert asked["plan"].document["as_of"] == day.isoformat()
    # An event after 9000-01-01 never lapses, whatever the day.
    assert asked["plan"].document["rules"][0]["rows"]["due"] == 1
    assert asked["explain"].document["rules"][0]["state"] == "due"
    never = shop.call(capsys, "explain", "shop.t", "2", "--json", day=day).document
    assert [one["state"] for one in never["rules"]] == ["separate"]
    forecast = asked["forecast"].document
    valid(forecast, "forecast")
    assert len(forecast["months"]) == (0 if day == date.max else 12)
    assert [(one["due"], sum(month["rows"] for month in one["months"])) for one in forecast["rules"]] == [(1, 0)]
    assert shop.call(capsys, "forecast", day=day).code == 0


def test_a_day_that_has_not_come_destroys_nothing(shop: Shop, capsys: Any) -> None:
    called = shop.call(capsys, "run", "--json", day=date.max)
    assert called.code == 2
    assert "hasn't come" in called.document["error"]


def test_no_demo_is_made_round_a_day_that_stands_for_never(shop: Shop, capsys: Any) -> None:
    called = shop.call(capsys, "demo", "--url", f"sqlite:///{shop.folder}/demo.sqlite", "--json", day=date.max)
    assert (called.code, "stand for never" in called.document["error"]) == (2, True)


# --- options --------------------------------------------------------------------------------------------------------


def test_what_stands_after_two_dashes_is_no_option(shop: Shop, capsys: Any) -> None:
    for option in ("--json", "--debug"):
        called = shop.call(capsys, "explain", "shop.t", "--as-of", DAY.isoformat(), "--", option, day=None)
        assert (called.code, called.out) == (2, "")
        assert "Traceback" not in called.err
    called = shop.call(capsys, "explain", "shop.t", "--json", "--as-of", DAY.isoformat(), "--", "1", day=None)
    assert called.document["key"] == ["1"]


@pytest.mark.parametrize("option", ["--rule", "--as-of", "--ledger"])
def test_an_option_without_its_value_is_named(shop: Shop, capsys: Any, option: str) -> None:
    called = shop.call(capsys, "plan", "--json", option, day=None)
    assert called.code == 2
    assert option in called.document["error"]
