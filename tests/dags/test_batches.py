"""Which mapped task carries out which units, and what a person is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from retention.airflow.batches import batches_of
from retention.airflow.summary import headline, summary
from retention.plan.plan import Plan, RulePlan


def _rule(number: int, database: str = "shop", shard: int = 0, **changes: object) -> RulePlan:
    rule = RulePlan.refused(f"r{number}", database, f"{database}.t{number}", "delete")
    unit = f"{database}/{shard}:r{number}"
    return replace(rule, unit=unit, shard=shard, planned=number, due=number, **changes)  # type: ignore[arg-type]


def _plan(rules: list[RulePlan]) -> Plan:
    databases = sorted({(rule.database, rule.shard) for rule in rules})
    named = tuple({"name": name, "shard": shard, "identity": "i"} for name, shard in databases)
    return Plan(date(2026, 11, 24), "m", "c", named, tuple(rules), (), ())


def test_every_unit_has_a_task_of_its_own_with_a_label() -> None:
    batches = batches_of(_plan([_rule(1), _rule(2000), _rule(3, "orders", 1), _rule(4, "orders", 0)]))
    assert [(one["database"], one["units"]) for one in batches] == [
        ("shop", ["shop/0:r1"]),
        ("shop", ["shop/0:r2000"]),
        ("orders", ["orders/1:r3"]),
        ("orders", ["orders/0:r4"]),
    ]
    assert [one["label"] for one in batches[1:3]] == ["r2000: 2,000 rows", "r3 (shard 1): 3 rows"]


def test_beyond_the_most_tasks_units_are_put_together_and_none_is_lost() -> None:
    for units in (500, 501, 1999):
        rules = [_rule(number, f"d{number % 7}") for number in range(units)]
        batches = batches_of(_plan(rules))
        assert len(batches) <= 500
        assert sorted(unit for one in batches for unit in one["units"]) == sorted(rule.unit for rule in rules)
        assert all(unit.startswith(one["database"] + "/") for one in batches for unit in one["units"])
    assert batches[0]["label"] == "r0, r7, r14 and 2 more: 70 rows"


def test_a_question_names_article_cutoff_rows_what_stays_and_the_digest() -> None:
    basis = {"id": "b", "statute": "전자상거래법", "article": "제6조", "period": "P5Y", "cutoff": "2021-11-24"}
    waiting = _rule(
        7,
        bases=(basis,),
        waits=("limit", "new_or_changed"),
        held=2,
        overdue=5,
        parts=[{"table": "shop.part", "rows": 3}],
    )
    plan = _plan([waiting, _rule(9)])
    text = summary(plan, "en")
    row = next(line for line in text.splitlines() if line.startswith("| r7 "))
    assert "전자상거래법 제6조 P5Y &lt; 2021-11-24" in row
    assert "7 (5 overdue; with 3 rows of shop.part)" in row
    assert "2 under a hold" in row
    assert "over its limit, new or changed" in row
    assert f"`{plan.digest}`" in text
    assert "r9 (9)" in text
    assert headline(plan, "en") == "Retention plan of 2026-11-24: 1 rules wait, 7 rows"
    assert "승인 사유" in summary(plan, "ko")


def test_a_question_counts_a_rule_once_and_tells_its_shards_apart() -> None:
    plan = _plan([replace(_rule(5), waits=("limit",)), replace(_rule(3, shard=1), id="r5", waits=("limit",))])
    assert headline(plan, "en") == "Retention plan of 2026-11-24: 1 rules wait, 8 rows"
    rows = [line.split(" | ") for line in summary(plan, "en").splitlines() if line.startswith("| r5 ")]
    assert [(row[0], row[4]) for row in rows] == [("| r5 (shard 0)", "5"), ("| r5 (shard 1)", "3")]


def test_a_name_cannot_break_out_of_its_cell() -> None:
    plan = _plan([_rule(1, waits=("always",), statement="")])
    odd = replace(plan.rules[0], table="shop.a|b\n| <b>c")
    row = next(line for line in summary(_plan([odd]), "en").splitlines() if line.startswith("| r1 "))
    assert "shop.a\\|b \\| &lt;b>c" in row
