"""The report as a page: whatever the run document holds, a person can read it, print it and sign it."""

from __future__ import annotations

import itertools
import re
import string
from html.parser import HTMLParser
from typing import Any

import pytest

from report.runs import HEAD, RULES, a_dry_run, a_plan, a_run, rule
from retention.report.html import render_html
from retention.report.words import CATALOGUES

SECTIONS = (
    "glance", "chart", "destroyed", "changed", "stays", "holds", "law", "approvals", "checks", "reach",
    "register", "certificate", "findings", "proof",
)  # fmt: skip
VOID = {"meta", "br", "wbr", "hr", "img", "link", "input"}
LANGUAGES = pytest.mark.parametrize("lang", ["ko", "en"])


class Page(HTMLParser):
    """A page read back: its tags with attributes and what they stand in, its text, and its tables by class."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.pieces: list[str] = []
        self.sections: dict[str, list[str]] = {}
        self.tables: dict[str, list[list[str]]] = {}
        self._section: list[str] | None = None
        self._rows: list[list[str]] | None = None
        self.feed(source)
        assert self.open == []

    @property
    def text(self) -> str:
        return " ".join(self.pieces)

    def section(self, name: str) -> str:
        return " ".join(" ".join(self.sections[name]).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "section":
            self._section = self.sections.setdefault(found["id"] or "", [])
        elif tag == "table":
            self._rows = self.tables.setdefault((found["class"] or "").removeprefix("data").strip(), [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows is not None:
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag == "section":
            self._section = None
        elif tag == "table":
            self._rows = None

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.pieces.append(data)
        if self._section is not None:
            self._section.append(data)
        if self._rows and self._rows[-1] and ("td" in self.open or "th" in self.open):
            self._rows[-1][-1] += data


def page(run: dict[str, Any] | None = None, lang: str = "en", plan: dict[str, Any] | None = None) -> Page:
    return Page(render_html(run or a_run(), plan or a_plan(), lang))


def names(rows: list[list[str]]) -> str:
    return " ".join(row[0] for row in rows)


def test_both_catalogues_have_the_same_words_and_fill_in_the_same_things() -> None:
    def holes(text: str) -> set[str | None]:
        return {name for _text, name, _spec, _how in string.Formatter().parse(text) if name is not None}

    korean, english = CATALOGUES["ko"], CATALOGUES["en"]
    assert set(korean) == set(english)
    assert all(korean.values())
    assert all(english.values())
    engines = {key for key in korean if key.startswith("engine_")}
    assert {key for key in korean if holes(korean[key]) != holes(english[key])} <= engines


@LANGUAGES
@pytest.mark.parametrize("run", [a_run(), a_dry_run()], ids=["run", "dry run"])
def test_every_section_is_there_in_order_with_its_heading(lang: str, run: dict[str, Any]) -> None:
    found = page(run, lang)
    assert tuple(found.sections) == SECTIONS
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert ("html", {"lang": lang}) in found.tags


@pytest.mark.drawn
@LANGUAGES
def test_no_placeholder_and_no_python_value_is_left_in_the_text(lang: str) -> None:
    for run in (a_run(), a_dry_run()):
        text = page(run, lang).text
        assert not re.search(r"\{\w*\}|\{\{|\{%|\bNone\b|Undefined|\bnan\b", text)


@pytest.mark.drawn
def test_what_the_page_shows_has_no_word_of_the_other_language_for_a_term_of_the_run() -> None:
    text = page(lang="ko").section("chart")
    assert "익명처리" in text
    assert not re.search(r"\b(delete|anonymize|pseudonymize|done|waiting|failed)\b", text)


@pytest.mark.drawn
def test_a_name_with_markup_is_text_wherever_it_stands() -> None:
    bad = "<script>alert(1)</script>\"'&"
    run = a_run(
        approvals=[{"rule": bad, "by": bad, "at": "2026-11-24T00:00:00Z", "note": bad, "count": 1, "kind": bad}]
    )
    run["facts"]["organisation"]["name"] = bad
    run["facts"]["organisation"]["officer"] = {"role": bad, "name": bad, "department": bad}
    run["facts"]["rules"][bad] = {"file": bad, "copies": [bad], "columns": {bad: f"constant: {bad}"}}
    run["facts"]["databases"][0] |= {"name": bad, "engine": bad, "leftovers": bad, "identity": bad}
    run["confirmations"] = [{"by": bad, "note": bad, "at": "2026-11-24T00:00:00Z"}]
    run["findings"] = [{**run["findings"][1], "what": bad, "where": bad, "do": bad, "code": bad}]
    run["checks"].append({"phase": "after", "rule": bad, "check": bad, "ok": False, "count": 1, "note": bad})
    for action in ("delete", "anonymize"):
        one = rule(bad, bad, action, "failed", run["rules"][4]["bases"], planned=9, done=5, referenced=1, reason=bad)
        run["rules"].append({**one, "parts": [{"table": bad, "rows": 4}], "referenced_by": [{"table": bad, "rows": 1}]})
    run |= {"run": bad, "who": bad, "from": bad, "ledger_head": bad, "plan": bad}
    found = page(run)
    assert "<script" not in found.source
    assert not [tag for tag, _ in found.tags if tag == "script"]
    assert found.text.count("alert(1)") > 30
    style = found.source.split("<style>")[1].split("</style>")[0]
    assert "alert(1)" not in style


@pytest.mark.drawn
def test_nothing_is_loaded_from_anywhere_and_nothing_runs() -> None:
    found = page()
    assert "http://" not in found.source
    assert "https://" not in found.source
    assert not re.search(r"@import|url\((?!#)|javascript:", found.source)
    for tag, attributes in found.tags:
        assert tag not in ("script", "link", "img", "iframe", "object", "embed", "base", "form")
        assert "src" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        assert str(attributes.get("href", "#")).startswith("#")


def test_the_headline_counts_what_went_what_changed_and_what_stays() -> None:
    text = page().section("glance")
    destroyed = sum(one["done"] for one in RULES if one["action"] == "delete")
    changed = sum(one["done"] for one in RULES if one["action"] != "delete")
    left = sum(one["planned"] - one["done"] + one["drifted"] for one in RULES)
    kept = left + sum(one["held"] + one["referenced"] + one["unreadable"] for one in RULES)
    assert f"{destroyed:,} rows destroyed" in text
    assert f"{changed:,} rows changed" in text
    assert f"{kept:,} rows kept" in text
    assert "Partly carried out" in text


def test_instants_are_in_seoul_time_and_say_so() -> None:
    text = page().section("glance")
    assert "2026-11-24 02:02:11 – 02:04:58 +09:00" in text
    assert "2026-11-23 17:02" not in text


def test_what_needs_a_person_comes_before_what_is_only_to_be_known() -> None:
    text = page().section("glance")
    for needed in ("2 of 59 checks", "Rule refunds", "Rule shipments failed", "Rule transfers was refused", "12 rows"):
        assert text.index("Act") < text.index(needed) < text.index("Rule payments: 3 rows stayed")
    assert "the rule's limit is exceeded" in text
    assert "no rule selects 18 rows" in text


def test_a_night_without_trouble_needs_no_attention() -> None:
    run = a_run(rules=[RULES[0] | {"overdue": 0}], checks=[], findings=[], status="succeeded")
    assert "Nothing needs attention." in page(run, plan={**a_plan(), "tables": []}).section("glance")


def test_a_missing_confirmation_is_said_until_it_is_recorded() -> None:
    assert "confirmation isn't recorded yet" in page(a_run(confirmations=[])).section("glance")
    assert "confirmation isn't recorded yet" not in page().section("glance")


@pytest.mark.drawn
def test_the_chart_holds_a_million_and_three_alike() -> None:
    found = page()
    drawing = found.source.split("<svg")[1].split("</svg>")[0]
    assert ">1,000,000<" in drawing
    assert ">3<" in drawing
    assert "Noto Sans CJK KR" in drawing
    assert ">logins<" in drawing
    assert ">advertising<" not in drawing


def test_destroyed_names_article_rows_parts_and_event_days() -> None:
    found = page()
    payments = next(row for row in found.tables["destroyed"] if row[0].startswith("payments"))
    whole = " ".join(payments)
    assert payments[1].strip() == "18,417"
    for part in (
        "전자금융거래법 제22조 ① · 시행령 제12조 ① i, 5 years",
        "events before 2021-11-24",
        "shop.card_payment: 15,002",
    ):
        assert part in whole
    assert "2017-01-03 – 2021-11-23" in whole


def test_pseudonymized_rows_are_never_among_the_destroyed() -> None:
    found = page()
    for table in ("destroyed", "register"):
        rows = [" ".join(row) for row in found.tables[table]]
        assert not [row for row in rows if "240,118" in row]
    assert "240,118" not in found.section("certificate")
    usage = next(row for row in found.tables["changed"] if row[0].startswith("usage"))
    assert "still personal data" in usage[4]
    assert "access_ip → generalized (to the network, /24)" in usage[2]
    assert "for statistics" in usage[4]
    assert "1 year" in usage[4]


def test_the_key_of_a_change_is_named_only_as_far_as_it_is_known() -> None:
    run = a_run()
    rows = {row[0]: row for row in page(run).tables["changed"]}
    key = {name: row[3] for name, row in rows.items()}
    assert "never stored" in next(text for name, text in key.items() if name.startswith("member_identity"))
    assert "no key used" in next(text for name, text in key.items() if name.startswith("member_profile"))
    next(one for one in run["rules"] if one["id"] == "usage")["key"] = "k-2026"
    again = {row[0]: row[3] for row in page(run).tables["changed"]}
    assert "key k-2026" in next(text for name, text in again.items() if name.startswith("usage"))


def test_what_stays_is_told_with_table_and_day_where_a_day_is_known() -> None:
    rows = page().tables["stays"]
    orders = next(row for row in rows if row[0].startswith("orders"))
    posts = next(row for row in rows if row[0].startswith("posts"))
    assert "shop.refund: 398 rows, until 2027-03-02" in orders[3]
    assert "shop.coupon_use: 14 rows, no day known" in orders[3]
    assert orders[4] == ""
    assert posts[4] == "2026-12-31"
    shipments = [" ".join(row) for row in rows if row[0].startswith("shipments")]
    assert "52" in shipments[1]
    assert "more than the rule tolerates" in shipments[0]


def test_each_basis_says_how_its_period_was_counted_and_what_was_read() -> None:
    rows = page().tables["law"]
    staff = next(" ".join(row) for row in rows if "staff_access" in row[-1])
    login = next(" ".join(row) for row in rows if "logins" in row[-1])
    assert "administrative" in staff
    assert "doesn't move" in staff
    assert "3 months" in login
    assert "2026-08-24" in login
    assert "2026-07-21" in login
    assert "민법 제161조" in login
    assert "O: the operator's own safe reading" in page().section("law")
    assert "M: " not in page().section("law")


def test_approvals_say_who_when_how_many_and_why() -> None:
    rows = page(lang="ko").tables["approvals"]
    assert [cell.strip() for cell in rows[1]] == [
        "logins",
        "이 실행에 한해 이 건수까지 승인",
        "한지우",
        "2026-11-24 01:58:03 +09:00",
        "1,000,000",
        "규칙의 한도를 넘음; 새 규칙이거나 변경된 규칙, 또는 새 데이터베이스",
    ]
    assert rows[2][5] == "결산 완료 후 승인"


def test_wrong_checks_stand_first_and_good_ones_are_counted_and_folded() -> None:
    found = page()
    text = found.section("checks")
    assert "before the run: 41 of 42 checks hold" in text
    assert "after the run: 16 of 17 checks hold" in text
    assert names(found.tables["wrong"][1:]) == "before the run after the run"
    assert "of 250,000 rows" in " ".join(" ".join(row) for row in found.tables["counted"])
    assert text.index("doesn't have its new format") < text.index("Found before the run")
    assert len(found.tables["good"]) == 41 + 16 + 2
    assert [tag for tag, _ in found.tags].count("details") == 2


def test_what_isnt_reached_is_named() -> None:
    text = page(lang="ko").section("reach")
    assert "㈜한국사이버결제" in text
    assert "VACUUM" in text
    run = a_run()
    run["facts"]["databases"][0] |= {"engine": "Another", "leftovers": "pages stay"}
    assert "pages stay" in page(run, lang="ko").section("reach")


def test_the_register_has_the_forms_columns_in_the_forms_order() -> None:
    korean, english = page(lang="ko"), page()
    assert [cell.strip() for cell in korean.tables["register"][0]] == [
        "번호", "개인정보 파일명", "자료의 종류", "생성일", "폐기일", "폐기사유", "처리담당자", "처리부서장",
    ]  # fmt: skip
    assert "개인정보파일 파기 관리대장" in english.section("register")
    assert len(english.tables["register"][0]) == 8
    first = korean.tables["register"][1]
    assert first[0].strip() == "1"
    assert first[1] == "로그인기록"
    assert first[4] == "2026-11-24"
    assert "제15조의2" in first[5]
    assert "오하준" in first[6]
    destroying = [one for one in RULES if one["done"] and one["action"] != "pseudonymize"]
    assert len(korean.tables["register"]) == len(destroying) + 1


def test_the_confirmation_has_lines_to_sign_and_guesses_no_number_of_subjects() -> None:
    text = page(lang="ko").section("certificate")
    for item in ("대상", "정보주체 수", "사유", "일자", "처리자", "입회자", "방법", "백업 조치 유무", "특이사항"):
        assert item in text
    assert "집계하지 않음" in text
    assert text.count("서명") == 2
    assert "한지우" in text
    assert "대장과 대조함" in text
    run = a_run(confirmations=[])
    del run["facts"]["organisation"]["officer"]
    assert "개인정보 보호책임자" in page(run, lang="ko").section("certificate")
    assert "한지우" not in page(run, lang="ko").tables["certificate"][4]


def test_the_proof_names_the_command_that_checks_the_ledger() -> None:
    text = page().section("proof")
    assert f"retention ledger verify --expect {HEAD}" in text
    run = a_run()
    del run["ledger_head"]
    assert "--expect" not in page(run).section("proof")


@pytest.mark.parametrize(("lang", "mark"), [("ko", "예행 실행"), ("en", "DRY RUN")])
def test_a_dry_run_is_marked_and_destroys_changes_and_signs_nothing(lang: str, mark: str) -> None:
    dry, real = page(a_dry_run(), lang), page(lang=lang)
    marked = {"class": "watermark", "aria-hidden": "true"}
    assert ("div", marked) in dry.tags
    assert ("div", marked) not in real.tags
    assert mark in dry.text
    assert ("p", {"class": "banner"}) in dry.tags
    assert "register" not in dry.tables
    assert "certificate" not in dry.tables
    words = CATALOGUES[lang]
    assert words["dry_fig_destroyed"] in dry.section("glance")
    assert words["fig_destroyed"] not in dry.section("glance").replace(words["dry_fig_destroyed"], "")
    assert words["status_dry"] in dry.section("glance")
    destroyed = sum(r["planned"] for r in RULES if r["action"] == "delete" and r["id"] not in ("refunds", "shipments"))
    assert f"{destroyed:,}" in dry.section("glance")
    assert names(dry.tables["destroyed"]).count("refunds") == 0


@LANGUAGES
def test_a_run_that_broke_off_is_reported_from_what_was_settled(lang: str) -> None:
    few = ("id", "database", "table", "action", "planned")
    run = {
        key: value
        for key, value in a_run().items()
        if key not in ("closed", "findings", "confirmations", "ledger_head", "dry_run", "calendar", "matrix", "who")
    }
    rules = [{**{key: one[key] for key in few}, "status": "partial", "done": 2} for one in RULES[:3]]
    run |= {"status": "failed", "broke_off": True, "checks": [], "rules": rules, "problems": ["batch 3 is lost"]}
    text = page(run, lang).section("glance")
    assert CATALOGUES[lang]["att_broke_off"] in text
    assert "batch 3 is lost" in text


@pytest.mark.drawn
def test_a_run_without_anything_due_says_so_in_each_section() -> None:
    run = a_run(rules=[RULES[2]], checks=[], findings=[], approvals=[], confirmations=[], status="succeeded")
    found = page(run, plan={**a_plan(), "rules": [], "tables": []})
    assert "<svg" not in found.source
    for section, said in {
        "chart": "No rule had a row",
        "destroyed": "No row was destroyed.",
        "changed": "No row was changed.",
        "stays": "is left",
        "register": "nothing to enter",
        "certificate": "nothing to confirm",
        "checks": "No check was recorded.",
        "findings": "found nothing wrong",
    }.items():
        assert said in found.section(section)


def test_every_table_has_a_caption_and_scoped_headings() -> None:
    found = page()
    tags = [tag for tag, _ in found.tags]
    assert tags.count("caption") == tags.count("table")
    assert {attributes.get("scope") for tag, attributes in found.tags if tag == "th"} == {"row", "col"}


@pytest.mark.drawn
def test_shards_are_told_apart_only_where_there_are_several() -> None:
    run = a_run()
    run["rules"] = [RULES[0], RULES[0] | {"shard": 1, "done": 5, "planned": 5}]
    assert "shard" not in page(run).section("chart")
    run["facts"]["databases"].append({**run["facts"]["databases"][0], "shard": 1, "identity": "shop-1"})
    run["checks"].append(
        {"phase": "after", "rule": "", "check": "orphans a", "ok": False, "count": 1, "database": "shop", "shard": 1}
    )
    found = page(run)
    assert "logins · shard 1" in found.section("destroyed")
    assert "a · shard 1" in found.section("checks")
    assert ">1,000,005<" in found.source


@LANGUAGES
def test_holds_tell_who_why_until_when_and_what_they_kept(lang: str) -> None:
    found = page(lang=lang)
    lines = {row[0]: row for row in found.tables["holds"][1:]}
    assert lines["h1a2b3c4d"][2:4] == ["한지우", "소송 2026-17"]
    assert lines["h1a2b3c4d"][4].startswith("2026-10-01 10:00:00")
    assert lines["h1a2b3c4d"][5] == "2027-06-30"
    assert lines["h1a2b3c4d"][6].startswith("disputes: 6")
    assert "shop.inquiry" in lines["h5e6f7a8b"][1]
    assert lines["h9c0d1e2f"][5] == CATALOGUES[lang]["hold_open"]
    assert lines["h9c0d1e2f"][6] == CATALOGUES[lang]["hold_kept_none"]
    stays = next(row for row in found.tables["stays"] if CATALOGUES[lang]["stay_held"] in row[2])
    assert "h5e6f7a8b" in stays[3]
    assert stays[4] == "2027-06-30"


@LANGUAGES
def test_a_run_without_holds_says_so(lang: str) -> None:
    assert CATALOGUES[lang]["holds_none"] in page(a_run(holds=[]), lang).section("holds")
