"""The report as a workbook: numbers to reckon with, and no text that a spreadsheet would run."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from report.runs import RULES, a_dry_run, a_plan, a_run, rule
from retention.report.xlsx import write_xlsx


def book(tmp_path: Path, run: dict[str, Any] | None = None, lang: str = "en") -> Workbook:
    path = tmp_path / "report.xlsx"
    write_xlsx(run or a_run(), a_plan(), lang, path)
    return load_workbook(path)


def lines(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return list(sheet.iter_rows(values_only=True))


@pytest.mark.parametrize(
    ("lang", "sheets"),
    [
        ("en", ["summary", "rules", "파기 관리대장", "stays", "holds", "checks", "approvals", "law"]),
        ("ko", ["요약", "규칙", "파기 관리대장", "남은 행", "보류", "점검", "승인", "법적 근거"]),
    ],
)
def test_the_sheets_stand_in_order_each_with_a_frozen_heading(tmp_path: Path, lang: str, sheets: list[str]) -> None:
    found = book(tmp_path, lang=lang)
    assert found.sheetnames == sheets
    for sheet in found.worksheets:
        assert sheet.freeze_panes == "A2"
        assert sheet.max_row > 1
        assert all(dimension.width >= 8 for dimension in sheet.column_dimensions.values())


def test_the_register_has_the_forms_columns_in_the_forms_order(tmp_path: Path) -> None:
    rows = lines(book(tmp_path, lang="ko")["파기 관리대장"])
    assert rows[0] == (
        "번호", "개인정보 파일명", "자료의 종류", "생성일", "폐기일", "폐기사유", "처리담당자", "처리부서장",
    )  # fmt: skip
    assert [row[0] for row in rows[1:]] == list(range(1, len(rows)))
    assert not [row for row in rows if "240,118" in str(row[2])]


def test_numbers_are_numbers_and_days_are_days(tmp_path: Path) -> None:
    found = book(tmp_path)
    rules = lines(found["rules"])
    planned, destroyed = rules[0].index("Planned"), rules[0].index("destroyed")
    assert [row[planned] for row in rules[1:]] == [one["planned"] for one in RULES]
    assert sum(row[destroyed] for row in rules[1:]) == sum(one["done"] for one in RULES if one["action"] == "delete")
    law = lines(found["law"])
    assert law[1][law[0].index("Events before")] == datetime(2026, 8, 24)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n="])
def test_no_text_is_taken_for_a_formula(tmp_path: Path, start: str) -> None:
    bad = f"{start}HYPERLINK(1)"
    run = a_run(status=bad)
    run["facts"]["organisation"] |= {"name": bad, "in_charge": {"role": bad, "name": bad, "department": bad}}
    run["facts"]["rules"][bad] = {"file": bad, "copies": [bad], "columns": {bad: "null"}}
    run["approvals"] = [{"rule": bad, "by": bad, "at": None, "note": bad, "count": 1, "kind": bad}]
    run["checks"] = [{"phase": bad, "rule": bad, "check": bad, "ok": False, "count": 1, "note": bad}]
    run["rules"] = [
        rule(bad, bad, action, "failed", [{"id": bad, "kind": "min", "article": bad}], planned=2, done=1, reason=bad)
        for action in ("delete", "erase", bad)
    ]
    found = book(tmp_path, run)
    texts = 0
    for sheet in found.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f"
                if isinstance(cell.value, str):
                    texts += "HYPERLINK" in cell.value
                    assert not cell.value.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert texts > 20


def test_a_character_that_no_workbook_may_hold_is_left_out(tmp_path: Path) -> None:
    run = a_run()
    run["facts"]["organisation"]["name"] = "a\x00b\x0bc"
    assert ("Organisation", "abc") in lines(book(tmp_path, run)["summary"])


def test_wrong_checks_stand_first(tmp_path: Path) -> None:
    results = [row[0] for row in lines(book(tmp_path)["checks"])[1:]]
    assert results == sorted(results, key=lambda result: result != "WRONG")
    assert results.count("WRONG") == 2


def test_a_dry_run_says_that_nothing_was_changed_and_enters_nothing(tmp_path: Path) -> None:
    found = book(tmp_path, a_dry_run())
    first = lines(found["summary"])[1]
    assert first[0] == "DRY RUN"
    assert "nothing was changed" in first[1]
    assert found["파기 관리대장"].max_row == 1
    assert ("rows would be changed", 243_033) in lines(found["summary"])
