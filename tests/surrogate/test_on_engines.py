"""Every transform through a whole run, on every engine."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from retention.surrogate.date_shift import MOST
from support.beside import Beside
from support.identity import identify
from support.shop import Shop

pytestmark = pytest.mark.slow
PEOPLE = 40
_TYPES = {
    "sqlite": {"JSON": "JSON", "INSTANT": "TIMESTAMP"},
    "postgresql": {"JSON": "JSONB", "INSTANT": "TIMESTAMP WITH TIME ZONE"},
    "mariadb": {"JSON": "JSON", "INSTANT": "TIMESTAMP NULL"},
}
PERSON = """CREATE TABLE person (
    id BIGINT PRIMARY KEY, login VARCHAR(40) NOT NULL UNIQUE, email VARCHAR(60) UNIQUE,
    code VARCHAR(12) NOT NULL UNIQUE, number INTEGER NOT NULL UNIQUE, name VARCHAR(3) NOT NULL, nickname VARCHAR(20),
    mobile VARCHAR(13), phone VARCHAR(12) NOT NULL, address VARCHAR(60) NOT NULL, home VARCHAR(60),
    region VARCHAR(60) NOT NULL, company VARCHAR(20), occupation VARCHAR(20), born DATE NOT NULL, joined DATE,
    seen INSTANT, signed VARCHAR(19), memo VARCHAR(40), profile JSON NOT NULL, extra JSON, note TEXT NOT NULL,
    initial VARCHAR(10), shelf JSON, left_on DATE, done_at TIMESTAMP NULL)"""
VISIT = """CREATE TABLE visit (
    id BIGINT PRIMARY KEY, person_id BIGINT NOT NULL REFERENCES person (id), name VARCHAR(20) NOT NULL,
    email VARCHAR(60), visited_on DATE, left_on DATE)"""
GUEST = "CREATE TABLE guest (id BIGINT PRIMARY KEY, email VARCHAR(60) NOT NULL, visited_on DATE, left_on DATE)"
MATRIX = """
version: 1
timezone: Asia/Seoul
organisation: {name: 주식회사 시험}
databases: {shop: {connection: shop_db, identity: shop-demo, zone: Asia/Seoul}}
legal_bases: {}
purposes: {membership: {name: 회원관리}}
classification: advised
tables:
  shop.person: {subject: login}
  shop.visit: {subject: {via: [shop.person], column: login}}
  shop.guest: {none: guests have no account}
rules:
  - id: visits
    table: shop.visit
    purpose: {name: membership, ends: left_on}
    then: pseudonymize
    for: statistics
    approval: never
    columns: {name: {fake: name}, email: {fake: email}, visited_on: {date_shift: life}}
  - id: people
    table: shop.person
    purpose: {name: membership, ends: left_on}
    then: pseudonymize
    for: statistics
    approval: never
    mark: done_at
    columns:
      login: {fake: login_id}
      email: {fake: email}
      code: {format_preserving: code}
      number: {format_preserving: number}
      name: {fake: name}
      nickname: {fake: nickname}
      mobile: {fake: mobile}
      phone: {fake: phone}
      address: {fake: address}
      home: {generalize: sigungu}
      region: {generalize: sido}
      company: {fake: company}
      occupation: {fake: occupation}
      born: {fake: birth_date}
      joined: {date_shift: life}
      seen: {date_shift: life}
      signed: {date_shift: life}
      memo: {redact: [mobile, email]}
      profile: {$.name: {fake: name}, '$.phones[*]': {fake: mobile}, $.vip: keep}
      extra: 'null'
      note: {$.name: null}
      initial: {python: 'support.surrogates:initials'}
      shelf: {constant: gone}
  - id: guests
    table: shop.guest
    purpose: {name: membership, ends: left_on}
    then: pseudonymize
    for: statistics
    approval: never
    columns: {email: {fake: email}, visited_on: {date_shift: life}}
"""


def _people() -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "login": f"learner{number:04d}",
            "email": None if number == 1 else f"learner{number}@mail.invalid",
            "code": f"AB-{number:06d}",
            "number": 2_000_000_000 + number,
            "name": "김철수",
            "nickname": None if number == 2 else "철수",
            "mobile": f"010-9{number:03d}-1234",
            "phone": f"02{number:07d}",
            "address": "서울특별시 강남구 테헤란로 1",
            "home": "(13529) 경기 성남시 분당구 판교로 1" if number != 3 else "어딘가",
            "region": "부산 해운대구 우동" if number != 3 else "어딘가",
            "company": "주식회사 김철수",
            "occupation": "교사",
            "born": "1980-01-02",
            "joined": "2015-03-04",
            "seen": "2020-05-06 07:08:09",
            "signed": "2016-07-08 09:10:11",
            "memo": "010-1234-5678 로, 또는 kim@mail.invalid",
            "profile": json.dumps({"name": "김철수", "phones": ["01012345678", None], "vip": True}),
            "extra": '{"secret": "김철수"}',
            "note": "{broken 김철수" if number == 4 else json.dumps({"name": "김철수", "n": 1}),
            "initial": "Kim",
            "shelf": '{"secret": "김철수"}',
            "left_on": "2024-01-01" if number < PEOPLE else None,
        }
        for number in range(1, PEOPLE + 1)
    ]


def _insert(shop: Shop, table: str, rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    with shop.sql() as connection:
        json_columns = {"profile", "extra", "shelf"} if connection.dialect.name == "postgresql" else set()
        values = ", ".join(f"CAST(:{name} AS JSONB)" if name in json_columns else f":{name}" for name in names)
        connection.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), rows)


def _rows(shop: Shop, table: str) -> list[dict[str, Any]]:
    with shop.sql() as connection:
        return [dict(row._mapping) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY id"))]


def _visit(number: int, person: int) -> dict[str, Any]:
    return {
        "id": number,
        "person_id": person,
        "name": "김철수",
        "email": "k@mail.invalid",
        "visited_on": "2018-09-10",
        "left_on": "2024-01-01",
    }


@pytest.fixture
def shop(engine_url: str, tmp_path: Path, capsys: Any) -> Shop:
    url = make_url(engine_url)
    engine = url.get_backend_name()
    matrix = tmp_path / "matrix.yaml"
    # Whom a row has been changed for is told by a mark, or where there is none by the pipeline's own table.
    matrix.write_text(MATRIX.replace("    mark: done_at\n", "") if engine != "sqlite" else MATRIX, encoding="utf-8")
    shop = Shop(engine_url, tmp_path, matrix)
    for statement in (PERSON, VISIT, GUEST):
        shop.do(re.sub(r"\b(JSON|INSTANT)\b", lambda found: _TYPES[engine][found.group()], statement))
    _insert(shop, "person", _people())
    _insert(shop, "visit", [_visit(number, number % PEOPLE + 1) for number in range(2 * PEOPLE)])
    guests = [
        {"id": number, "email": "same@mail.invalid", "visited_on": "2018-09-10", "left_on": "2024-01-01"}
        for number in range(9)
    ]
    _insert(shop, "guest", guests)
    identify(shop.url, "shop-demo")
    assert shop.call(capsys, "key", "new", day=None).code == 0
    return shop


def _day(value: Any) -> date:
    return date.fromisoformat(str(value)[:10])


def _document(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def test_every_transform_goes_through_a_run_and_a_second_one_changes_nothing(shop: Shop, capsys: Any) -> None:
    checked = shop.call(capsys, "check", "--json")
    assert [one for one in checked.document["findings"] if one["severity"] == "error"] == []
    ran = shop.call(capsys, "run", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert {one["id"]: one["done"] for one in ran.document["rules"]} == {
        "visits": 2 * PEOPLE,
        "people": PEOPLE - 1,
        "guests": 9,
    }
    assert "김철수" not in ran.out + ran.err
    *people, active = _rows(shop, "person")
    old = _people()
    assert active["name"] == "김철수"
    assert active["login"] == old[-1]["login"]
    for before, person in zip(old, people, strict=False):
        _look_at(before, person)
    for unique in ("login", "email", "code", "number"):
        assert len({person[unique] for person in people}) == PEOPLE - 1
    assert len({person["name"] for person in people}) > PEOPLE / 2
    assert len({_day(person["joined"]) for person in people}) > PEOPLE / 2
    _look_at_joins(shop)

    before = {table: _rows(shop, table) for table in ("person", "visit", "guest")}
    again = shop.call(capsys, "run", "--json")
    assert again.code == 0, again.out + again.err
    assert all(one["done"] == 0 for one in again.document["rules"])
    assert before == {table: _rows(shop, table) for table in ("person", "visit", "guest")}

    # Who has been changed names nobody any more: a row that comes later is a person of its own.
    _insert(shop, "visit", [_visit(900, 5), _visit(901, 5), _visit(902, PEOPLE), _visit(903, PEOPLE)])
    later = shop.call(capsys, "run", "--json")
    assert later.code == 0, later.out + later.err
    late = {visit["id"]: visit["email"] for visit in _rows(shop, "visit") if visit["id"] >= 900}
    known = {visit["email"] for visit in before["visit"]}
    assert len({late[900], late[901], *known}) == len(known) + 2
    assert late[902] == late[903]
    assert late[902] in known, "the active person's own visit of before"


@pytest.mark.parametrize("engine_url", ["postgresql", "mariadb"], indirect=True)
@pytest.mark.parametrize(
    ("change", "column", "form"),
    [
        pytest.param(
            "UPDATE person SET mobile = '01091231234' WHERE id = 5",
            "mobile",
            r"010[01]\d{7}",
            marks=pytest.mark.thorough,
        ),
        # A collation may take this for what it was.
        ("UPDATE person SET code = 'ab-000005' WHERE id = 5", "code", r"[a-z]{2}-\d{6}"),
        pytest.param("UPDATE person SET nickname = NULL WHERE id = 5", "nickname", "None", marks=pytest.mark.thorough),
        # Who comes back stays.
        ("UPDATE person SET left_on = NULL WHERE id = 5", "name", "김철수"),
    ],
)
def test_a_row_that_changes_once_its_new_values_are_made_is_read_again(
    shop: Shop, capsys: Any, change: str, column: str, form: str
) -> None:
    with Beside(lambda: shop.do(change), starts="UPDATE person") as beside:
        ran = shop.call(capsys, "run", "--json")
    assert ran.code == 0, ran.out + ran.err
    assert beside.acted
    done = {one["id"]: one["done"] for one in ran.document["rules"]}
    assert done["people"] == PEOPLE - (2 if column == "name" else 1)
    (person,) = [one for one in _rows(shop, "person") if one["id"] == 5]
    assert re.fullmatch(form, str(person[column]))


def _look_at(before: dict[str, Any], person: dict[str, Any]) -> None:
    forms = {
        "login": "[a-z]+[a-z2-7]{16}",
        "code": r"[A-Z]{2}-\d{6}",
        "mobile": r"010-[01]\d{3}-\d{4}",
        "phone": r"020\d{7}",
        "address": r".+ 0-\d+",
    }
    assert {name for name, form in forms.items() if not re.fullmatch(form, person[name])} == set()
    assert all(person[name] != before[name] for name in forms)
    assert person["email"] is None if before["email"] is None else person["email"].endswith("@mail.invalid")
    assert (person["nickname"] is None) == (before["nickname"] is None)
    assert 10**9 <= person["number"] < 2**31
    assert (person["home"], person["region"]) == (
        ("경기도 성남시 분당구", "부산광역시") if person["id"] != 3 else (None, "")
    )
    assert person["memo"] == "[mobile] 로, 또는 [email]"
    step = _day(person["joined"]) - _day(before["joined"])
    assert timedelta(0) < abs(step) <= timedelta(MOST)
    assert _day(person["signed"]) - _day(before["signed"]) == step
    assert str(person["signed"])[10:] == " 09:10:11"
    assert _day(person["seen"]) - _day(before["seen"]) == step, "an interval of one person survives"
    profile = _document(person["profile"])
    assert profile["name"] == person["name"], "one person has one name, also inside a document"
    assert re.fullmatch(r"010[01]\d{7}", profile["phones"][0])
    assert profile["phones"][1] is None
    assert profile["vip"] is True
    assert person["extra"] is None
    assert person["note"] == ("{}" if person["id"] == 4 else '{"name":null,"n":1}')
    assert person["initial"] == "K"
    assert person["shelf"] in ("gone", '"gone"')


def _look_at_joins(shop: Shop) -> None:
    people = {person["id"]: person for person in _rows(shop, "person")}
    for visit in _rows(shop, "visit"):
        person = people[visit["person_id"]]
        if person["id"] < PEOPLE:
            assert visit["name"] == person["name"]
            assert visit["email"] == person["email"] or person["email"] is None
            assert _day(visit["visited_on"]) - date(2018, 9, 10) == _day(person["joined"]) - date(2015, 3, 4)
    guests = _rows(shop, "guest")
    assert len({guest["email"] for guest in guests}) == len(guests), "a row without a subject is a person of its own"
    assert len({str(guest["visited_on"]) for guest in guests}) > 1
