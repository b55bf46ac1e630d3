"""`--rule` narrows which tables and columns have to be there; what the rule itself needs always has to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.small import make_small

T = "CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, d DATE)"
W = "CREATE TABLE w (id INTEGER NOT NULL PRIMARY KEY, d DATE)"
ROW = "INSERT INTO t VALUES (1, '2010-01-01')"
RULE = "  - {id: r, table: shop.t, keep: [{basis: y5, since: d}], then: delete, approval: never}\n"
OTHER = "  - {id: r2, table: shop.%s, keep: [{basis: y5, since: %s}], then: delete}\n"


@pytest.mark.parametrize(
    ("tables", "other"),
    [
        ("  shop.u: {}\n", OTHER % ("u", "d")),
        ("  shop.w: {}\n", OTHER % ("w", "gone_on")),
        ("  shop.w: {not_personal: [gone]}\n", ""),
        ("  shop.w: {}\n  shop.u: {relations: [{columns: [w], to: shop.w, to_columns: [id]}]}\n", OTHER % ("w", "d")),
    ],
)
def test_a_rule_that_is_named_needs_no_tables_of_others(
    sqlite_url: str, tmp_path: Path, capsys: Any, tables: str, other: str
) -> None:
    shop = make_small(sqlite_url, tmp_path, f"tables:\n  shop.t: {{}}\n{tables}rules:\n{RULE}{other}", T, W, ROW)
    assert shop.call(capsys, "plan").code == 2
    assert shop.call(capsys, "check").code == 1
    planned = shop.call(capsys, "plan", "--rule", "r", "--json")
    assert planned.code == 0, planned.err
    assert [one["id"] for one in planned.document["rules"]] == ["r"]
    assert {one["severity"] for one in planned.document["findings"]} == {"warning"}
    assert shop.call(capsys, "check", "--rule", "r").code == 0
    ran = shop.call(capsys, "run", "--plan", planned.document["digest"], "--json")
    assert (ran.code, ran.document["rules"][0]["done"]) == (0, 1), ran.err
    assert shop.call(capsys, "verify", "--rule", "r").code == 0
    assert shop.call(capsys, "run", "--rule", "r").code == 0
    assert shop.call(capsys, "run").code == 2


@pytest.mark.parametrize(
    ("tables", "rules"),
    [
        # What may hold its rows, or the rows of its parts, over any number of tables.
        ("  shop.t: {}\n  shop.u: {relations: [{columns: [t_id], to: shop.t, to_columns: [id]}]}\n", RULE),
        (
            "  shop.t: {}\n  shop.w: {relations: [{columns: [id], to: shop.t, to_columns: [id]}]}\n"
            "  shop.u: {relations: [{columns: [w_id], to: shop.w, to_columns: [id]}]}\n",
            RULE + OTHER % ("w", "d"),
        ),
        ("  shop.t: {}\n  shop.u: {}\n", RULE.replace("then: delete", "then: delete, with: [{table: shop.u, "
         "columns: [t_id], to_columns: [id]}]")),
        ("  shop.t: {}\n  shop.u: {}\n", RULE.replace("since: d", "since: {via: [shop.u], column: d}")),
        ("  shop.t: {subject: {via: [shop.u], column: name}}\n  shop.u: {}\n", RULE),
        ("  shop.t: {not_personal: [gone]}\n", RULE),
        ("  shop.t: {}\n", RULE + OTHER % ("t", "gone_on")),
    ],
)  # fmt: skip
def test_what_a_named_rule_needs_has_to_be_there(
    sqlite_url: str, tmp_path: Path, capsys: Any, tables: str, rules: str
) -> None:
    shop = make_small(sqlite_url, tmp_path, f"tables:\n{tables}rules:\n{rules}", T, W, ROW)
    planned = shop.call(capsys, "plan", "--rule", "r", "--json")
    assert planned.code == 2
    assert {one["code"] for one in planned.document["findings"]} <= {"RET201", "RET202"}
    assert shop.call(capsys, "run", "--rule", "r").code == 2
    assert shop.one("SELECT COUNT(*) FROM t") == 1


def test_coverage_tells_a_missing_table_as_check_does(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    matrix = f"tables:\n  shop.t: {{}}\n  shop.u: {{}}\nrules:\n{RULE}{OTHER % ('u', 'd')}"
    shop = make_small(sqlite_url, tmp_path, matrix, T, ROW)
    covered = shop.call(capsys, "coverage", "--json", day=None)
    assert covered.code == 1
    (missing,) = covered.document["findings"]
    assert (missing["code"], missing["where"].rpartition(":")[2]) == ("RET201", "11")
    assert missing in shop.call(capsys, "check", "--json", day=None).document["findings"]
