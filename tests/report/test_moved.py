"""What a report says of rows that were moved apart: from where to where, and that nothing of them was destroyed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from report.runs import FACTS, PAYMENT, RULES, a_plan, a_run, maximum, rule
from report.test_html import LANGUAGES, Page
from retention.report.html import render_html
from retention.report.words import CATALOGUES
from retention.report.xlsx import write_xlsx

PURPOSE = maximum("service_payment")


def moving(*, dry: bool = False) -> dict[str, Any]:
    """Return a run with a rule that moved rows, and one that deletes them where they came to."""
    moved = rule("settled", "payment", "separate", "done", [PURPOSE], planned=1234, done=1234, batches=3)
    moved["parts"] = [{"table": "shop.card_payment", "rows": 77}]
    moved["to"] = "shop.payment_kept"
    kept = rule("kept", "payment_kept", "delete", "done", [PAYMENT], planned=5, done=5)
    facts = {
        **FACTS,
        "rules": {"settled": {"to": "shop.payment_kept", "parts_to": {"shop.card_payment": "shop.card_kept"}}},
    }
    nought = {"status": "nothing", "done": 0, "parts": []} if dry else {}
    return a_run(rules=[{**one, **nought} for one in (moved, kept)], facts=facts, dry_run=dry, checks=[])


def page(run: dict[str, Any], lang: str) -> Page:
    plan = a_plan()
    parts = [{"table": "shop.card_payment", "rows": 77}]
    plan["rules"] = [
        {**plan["rules"][0], **{key: one[key] for key in ("id", "action")}, "parts": parts} for one in run["rules"]
    ]
    return Page(render_html(run, plan, lang))


@pytest.mark.drawn
@LANGUAGES
@pytest.mark.parametrize("dry", [False, True])
def test_moved_rows_are_told_with_where_they_are_and_are_not_destroyed(lang: str, dry: bool) -> None:
    words = CATALOGUES[lang]
    found = page(moving(dry=dry), lang)
    head, row = found.tables["moved"]
    assert words["col_to"] in head
    assert row[0].startswith("settled")
    assert (row[1], row[2]) == ("1,234", "shop.payment_kept")
    assert "shop.card_payment → shop.card_kept: 77" in row[3]
    assert words["law_separate"] in row[6]
    glance = found.section("glance")
    assert f"1,234 {words['dry_fig_moved' if dry else 'fig_moved']}" in glance
    assert f"5 {words['dry_fig_destroyed' if dry else 'fig_destroyed']}" in glance
    assert f"0 {words['dry_fig_changed' if dry else 'fig_changed']}" in glance
    assert [one[0].startswith("kept") for one in found.tables["destroyed"][1:]] == [True]
    numbers = found.tables["numbers"]
    assert words["out_would_move" if dry else "out_moved"] in numbers[0]
    assert words["out_would_move" if dry else "out_moved"].split()[0] in found.section("chart")
    for form in ("register", "certificate"):
        assert "1,234" not in found.section(form)
        assert "settled" not in found.section(form)


def test_a_run_that_moves_nothing_says_nothing_of_it(tmp_path: Path) -> None:
    assert "moved" not in Page(render_html(a_run(), a_plan(), "en")).sections
    write_xlsx(a_run(), a_plan(), "en", tmp_path / "report.xlsx")
    summary = load_workbook(tmp_path / "report.xlsx")["summary"]
    assert "rows moved apart" not in [row[0] for row in summary.iter_rows(values_only=True)]
    assert "separate" not in {one["action"] for one in RULES}


def test_the_workbook_counts_them_and_says_where_they_are(tmp_path: Path) -> None:
    write_xlsx(moving(), a_plan(), "ko", tmp_path / "report.xlsx")
    book = load_workbook(tmp_path / "report.xlsx")
    summary = dict(row[:2] for row in book["요약"].iter_rows(values_only=True))
    assert (summary["분리보관한 행"], summary["파기한 행"]) == (1234, 5)
    heads, settled, *_rest = list(book["규칙"].iter_rows(values_only=True))
    line = dict(zip(heads, settled, strict=True))
    assert (line["분리보관"], line["파기"], line["조치"]) == (1234, 0, "분리보관 → shop.payment_kept")
