"""Rows explained where the graph is awkward: circles, rows that refer to themselves, shared parts, several rules."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from retention.plan.states import STATES
from support.identity import identify
from support.questions import asking, opened, planned
from support.shop import Shop

DAY = date(2026, 11, 24)
ONE_DAY = timedelta(days=1)
NEVER = date(8999, 12, 31)

TABLES = """
CREATE TABLE writer (code VARCHAR(20) PRIMARY KEY, name VARCHAR(20), left_on DATE);
CREATE TABLE doc (id INTEGER PRIMARY KEY, twin INTEGER, writer VARCHAR(20), kind VARCHAR(10) NOT NULL, closed_on DATE,
    paid_on DATE);
CREATE TABLE binder (id INTEGER PRIMARY KEY, closed_on DATE);
CREATE TABLE page (doc_id INTEGER NOT NULL, no VARCHAR(10) NOT NULL, binder_id INTEGER, PRIMARY KEY (doc_id, no));
CREATE TABLE note (id INTEGER PRIMARY KEY, doc_id INTEGER, no VARCHAR(10));
CREATE TABLE stamp (id INTEGER PRIMARY KEY, doc_id INTEGER, closed_on DATE)
"""
MATRIX = """
version: 1
timezone: Asia/Seoul
organisation: {name: 주식회사 배움상점}
databases: {shop: {connection: shop_db, identity: shop-demo}}
legal_bases:
  five: {statute: 전자상거래법, article: 제6조, keep: P5Y}
  three: {statute: 전자상거래법, article: 제6조, keep: P3Y, roll_holidays: false}
purposes: {use: {name: 이용}}
classification: advised
tables:
  shop.writer: {none: names are pen names, items: {}, not_personal: [code, name]}
  shop.doc:
    relations:
      - {name: twin_of, columns: [twin], to: shop.doc, to_columns: [id]}
      - {name: written_by, columns: [writer], to: shop.writer, to_columns: [code]}
  shop.binder: {}
  shop.page: {relations: [{name: bound, columns: [binder_id], to: shop.binder, to_columns: [id]},
                          {name: page_of, columns: [doc_id], to: shop.doc, to_columns: [id]}]}
  shop.note: {relations: [{name: on_page, columns: [doc_id, no], to: shop.page, to_columns: [doc_id, no]}]}
  shop.stamp: {relations: [{name: on_doc, columns: [doc_id], to: shop.doc, to_columns: [id]}]}
rules:
  - {id: stamps, table: shop.stamp, purpose: {name: use, ends: closed_on}, then: delete}
  - id: docs
    table: shop.doc
    where: kind <> 'draft'
    purpose: {name: use, ends: closed_on}
    keep: [{basis: five, since: paid_on, when_null: not_applicable}]
    then: delete
    with: [{table: shop.page, relation: page_of}]
  - id: letters
    table: shop.doc
    where: kind = 'letter'
    keep: [{basis: three, since: closed_on}]
    then: delete
    with: [{table: shop.page, relation: page_of}]
  - id: binders
    table: shop.binder
    purpose: {name: use, ends: {since: closed_on, after: P1Y}}
    then: delete
    with: [{table: shop.page, relation: bound}]
  - id: writers
    table: shop.writer
    purpose: {name: use, ends: left_on}
    keep: [{while_referenced_by: [docs]}]
    then: anonymize
    columns: {name: null}
"""


def _random_day(chance: random.Random) -> str | None:
    return None if chance.random() < 0.1 else (DAY - timedelta(days=chance.randint(-400, 2600))).isoformat()


def _rows(chance: random.Random) -> dict[str, list[dict[str, Any]]]:
    kinds = ("letter", "bill", "draft")
    docs = [
        {
            "id": number,
            "twin": chance.choice([None, None, number, chance.randint(1, 40)]),
            "writer": f"ㄱ{chance.randint(1, 12)}",
            "kind": chance.choice(kinds),
            "closed_on": _random_day(chance),
            "paid_on": _random_day(chance) if chance.random() < 0.6 else None,
        }
        for number in range(1, 41)
    ]
    binders = [{"id": number, "closed_on": _random_day(chance)} for number in range(1, 16)]
    pages = [
        {"doc_id": doc["id"], "no": f"{number}쪽", "binder_id": chance.choice([None, None, chance.randint(1, 15)])}
        for doc in docs
        for number in range(chance.randint(0, 2))
    ]
    noted = chance.sample(pages, 6)
    stamped = [{"id": n, "doc_id": chance.randint(1, 40), "closed_on": _random_day(chance)} for n in range(1, 16)]
    return {
        "writer": [{"code": f"ㄱ{n}", "name": "이름", "left_on": _random_day(chance)} for n in range(1, 13)],
        "doc": docs,
        "binder": binders,
        "page": pages,
        "note": [{"id": n, "doc_id": page["doc_id"], "no": page["no"]} for n, page in enumerate(noted, 1)],
        "stamp": stamped,
    }


@pytest.fixture
def shop(engine_url: str, tmp_path: Path) -> Shop:
    matrix = tmp_path / "matrix.yaml"
    matrix.write_text(MATRIX, encoding="utf-8")
    made = Shop(engine_url, tmp_path, matrix)
    with made.sql() as connection:
        for statement in TABLES.split(";"):
            connection.execute(text(statement))
        for table, rows in _rows(random.Random(11)).items():
            names = list(rows[0])
            values = ", ".join(f":{name}" for name in names)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), rows)
    identify(engine_url, "shop-demo")
    return made


@pytest.mark.thorough
def test_every_row_is_explained_as_the_plan_counts_it(shop: Shop, proof: bool) -> None:
    with opened(shop) as pipeline:
        plan = planned(pipeline, DAY)
    chance = random.Random(12)
    with asking(shop, DAY) as ask:
        found: dict[str, Counter[str]] = {}
        for table in ("writer", "doc", "binder", "stamp"):
            keys = ask.keys(table)
            together = ask.states(table, keys)
            found.update({rule: Counter(states.values()) for rule, states in together.items()})
            for key in keys if proof else chance.sample(keys, 2):
                alone = {answer.rule.id: answer.state for answer in ask.row(table, *key).rules}
                assert alone == {rule: states[key] for rule, states in together.items() if key in states}
    for name, rule in plan.items():
        rows = rule.as_json()["rows"]
        assert found[name] == Counter({state: rows[state] for state in STATES if rows[state]}), name
    assert found["docs"].keys() >= {"in_use", "separate", "referenced", "due"}, "the rows are worth asking about"


@pytest.mark.thorough
def test_every_day_said_is_the_first_on_which_the_plan_takes_the_row(shop: Shop, proof: bool) -> None:
    chance = random.Random(13)
    known = 0
    with asking(shop, DAY) as ask:
        for table in ("doc", "binder", "writer"):
            keys = ask.keys(table)
            for key in keys if proof else chance.sample(keys, 2):
                for rule in ask.row(table, *key).rules:
                    if rule.goes_on is None:
                        assert ask.on(NEVER).states(table, [key])[rule.rule.id][key] != "due"
                        continue
                    known += 1
                    days = [rule.goes_on] if rule.goes_on == DAY else [rule.goes_on - ONE_DAY, rule.goes_on]
                    found = [ask.on(day).states(table, [key])[rule.rule.id][key] for day in days]
                    assert [state == "due" for state in found] == [day == rule.goes_on for day in days]
    assert known


@pytest.mark.thorough
def test_a_row_of_several_rules_has_one_state_shown_under_each(shop: Shop) -> None:
    with asking(shop, DAY) as ask:
        states = ask.states("doc", ask.keys("doc"))
        several = sorted(states["docs"].keys() & states["letters"].keys())
        assert several
        assert {states["docs"][key] for key in several} > {"separate"}
        for key in several[:3]:
            rules = ask.row("doc", *key).rules
            assert [rule.rule.id for rule in rules] == ["docs", "letters"]
            assert len({(rule.state, rule.goes_on, rule.carried_under) for rule in rules}) == 1
            assert rules[0].carried_under == "docs"
            assert all(states[rule][key] == rules[0].state for rule in ("docs", "letters"))


@pytest.mark.thorough
def test_a_part_of_two_records_goes_with_the_later(shop: Shop, capsys: Any) -> None:
    with asking(shop, DAY) as ask:
        query = (
            "SELECT p.doc_id, p.no FROM page p JOIN doc d ON d.id = p.doc_id "
            "WHERE binder_id IS NOT NULL AND kind <> 'draft'"
        )
        shared = [tuple(key) for key in ask.connection.execute(text(query))]
        assert shared
        for key in shared[:4]:
            records = {part.rule: part for part in ask.row("page", *key).part_of}
            assert records.keys() >= {"docs", "binders"}
            assert records["docs"].goes_on == records["binders"].goes_on, "all go, or none"
    asked = shop.call(capsys, "explain", "shop.page", *map(str, shared[0]), "--json", day=DAY)
    assert asked.code == 0, asked.err
    assert asked.document["key"] == [str(one) for one in shared[0]]
