"""Mistakes in a matrix: each found, with its line, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from retention.matrix.load import inspect
from support.shop import MATRIX, changed_matrix

MISTAKES = [
    ("timezone: Asia/Seoul", "timezone: Europe/Berlin"),
    ("keep: P3M", "keep: three months"),
    ("{basis: pcsa_login, since: logged_in_at}", "{basis: pcsa_logins, since: logged_in_at}"),
    ("    then: delete\n    limit: {share: 0.2}", "    then: destroy\n    limit: {share: 0.2}"),
    ("limit: {share: 0.2}", "limit: {share: 2}"),
    ("    for: statistics\n", ""),
    ("    for: statistics\n", "    for: fun\n"),
    ("classification: required", "clasification: required"),
    ("purpose: {name: inquiry_response, ends: closed_at}", "purpose: {name: inquiry, ends: closed_at}"),
    ("  - id: staff_access\n", "  - id: logins\n"),
    ("login_id: {token: member}", "login_id: {tokn: member}"),
    ("      mobile: null\n", "      mobile:\n"),
    ("while_referenced_by: [orders, disputes]", "while_referenced_by: [orders, nobody]"),
    ("then_after: {term: P1Y, do: delete}", "then_after: {term: 1Y, do: delete}"),
    ("    with: [shop.order_item]", "    with: [shop.order_items]"),
    ("tolerate: {unreadable: 0.05, future: 0.05}", "tolerate: {unreadable: 5, future: 0.05}"),
    ("table: shop.login_log\n", "table: shop.login_log\n    where: lower(login_id) = 'x'\n"),
    ("version: 1", "version: 9"),
]


@pytest.mark.parametrize(("old", "new"), MISTAKES)
def test_a_mistake_is_found_on_its_line(tmp_path: Path, old: str, new: str) -> None:
    path = changed_matrix(tmp_path, (old, new))
    _matrix, findings = inspect(path)
    errors = [finding for finding in findings if finding.severity == "error"]
    assert errors, new
    start = path.read_text(encoding="utf-8")
    at = MATRIX.read_text(encoding="utf-8")[: MATRIX.read_text(encoding="utf-8").index(old)].count("\n") + 1
    lines = {int(finding.where.rpartition(":")[2]) for finding in errors}
    assert any(abs(line - at) <= 12 for line in lines), (at, [finding.line() for finding in errors])
    assert all("\n" not in finding.line() for finding in errors), start


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    path = changed_matrix(tmp_path, MISTAKES[1], MISTAKES[2], MISTAKES[4])
    _matrix, findings = inspect(path)
    assert len([finding for finding in findings if finding.severity == "error"]) >= 3


def test_comments_and_layout_leave_the_digest_alone(tmp_path: Path) -> None:
    plain, _ = inspect(MATRIX)
    commented, _ = inspect(changed_matrix(tmp_path, ("version: 1", "# a word\nversion:   1")))
    changed, _ = inspect(changed_matrix(tmp_path, ("keep: P3M", "keep: P4M")))
    assert plain and commented and changed
    assert plain.digest == commented.digest != changed.digest


_KEEP = "    keep: [{basis: ecommerce_dispute, since: closed_at}]\n"
_FILE = "    file: 로그인기록\n"
_WHERE = "    where: lower(id) = 'x'\n"


@pytest.mark.parametrize(
    ("written", "then", "expected"),
    [
        ("    keep: [{basis: nobody, since: closed_at, whn_null: unreadable}]\n", "", {"RET003", "RET101", "RET106"}),
        ("    keep: [{basis: ecommerce_dispute, since: {column: closed_at, zon: UTC}}]\n", "", {"RET003", "RET106"}),
        ("    keep: [{basis: ecommerce_dispute, since: []}]\n", "", {"RET005", "RET106"}),
        ("    keep: [{basis: nobody, since: closed_at}]\n", "delte", {"RET005", "RET101", "RET106"}),
        ("    keep: [{basis: nobody, since: closed_at}]\n", "", {"RET101", "RET106"}),
    ],
)
def test_a_mistake_in_a_rule_hides_no_other_and_makes_none(
    tmp_path: Path, written: str, then: str, expected: set[str]
) -> None:
    path = changed_matrix(tmp_path, (_KEEP, written + _WHERE))
    if then:
        text = path.read_text(encoding="utf-8")
        before, after = text.split(_WHERE)
        path.write_text(before + _WHERE + after.replace("then: delete", f"then: {then}", 1), encoding="utf-8")
    _matrix, findings = inspect(path)
    assert {one.code for one in findings if one.severity == "error"} == expected


@pytest.mark.parametrize("key", ["    file:\n", "    approval:\n", "    proof:\n", "classification:\n", "  officer:\n"])
def test_what_may_be_left_out_may_be_left_blank(tmp_path: Path, key: str) -> None:
    path = changed_matrix(tmp_path, *([(_FILE, key)] if key.startswith("    ") else []))
    if not key.startswith("    "):
        name = key.strip(": \n")
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(key if line.strip().startswith(f"{name}:") else line for line in lines), "utf-8")
    _matrix, findings = inspect(path)
    assert not [one.line() for one in findings if one.severity == "error"]
