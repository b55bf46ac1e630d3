"""Somebody's own database, as a new user meets the product: draft, edit, check, plan, run."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import column as column_
from sqlalchemy import create_engine, insert, make_url
from sqlalchemy import table as table_
from sqlalchemy.pool import NullPool

from retention.database.ddl import split
from retention.matrix.load import inspect
from support.shop import DAY, Shop

SCHEMA = Path(__file__).with_name("saleor.sql")
TYPES = {
    "sqlite": {"instant": "TIMESTAMP", "text": "TEXT"},
    "postgresql": {"instant": "TIMESTAMP WITH TIME ZONE", "text": "TEXT"},
    "mariadb": {"instant": "TIMESTAMP NULL", "text": "TEXT"},
}
NOBODY = {
    "account_address": "reached from orders and members",
    "app_apptoken": "an app's, no person's",
    "discount_vouchercustomer": "known by mail alone",
    "site_sitesettings": "the shop's own",
    "warehouse_warehouse": "the shop's own",
}
BASES = """\
  ecommerce_contract:
    {statute: 전자상거래법, article: 제6조 · 시행령 제6조 ①, record: 계약 또는 청약철회 등에 관한 기록, keep: P5Y}
  ecommerce_payment_supply:
    {statute: 전자상거래법, article: 제6조 · 시행령 제6조 ①, record: 대금결제 및 재화 등의 공급에 관한 기록, keep: P5Y}
  pcsa_login: {statute: 통신비밀보호법, article: 제15조의2 ②, record: 로그인 기록, keep: P3M}
"""
RULES = """\
  - id: orders
    table: saleor.order_order
    keep: [{basis: ecommerce_contract, since: created_at}]
    then: delete
    with:
      - {table: saleor.order_orderline, with: [saleor.warehouse_allocation]}
      - {table: saleor.order_fulfillment, with: [saleor.order_fulfillmentline]}
      - saleor.order_orderevent
      - saleor.invoice_invoice
  - id: payments
    table: saleor.payment_payment
    keep: [{basis: ecommerce_payment_supply, since: created_at}]
    then: delete
    with: [saleor.payment_transaction]
  - id: events
    table: saleor.account_customerevent
    purpose: {name: undecided, ends: {since: date, after: P1Y}}
    then: delete
  - id: checkouts
    table: saleor.checkout_checkout
    purpose: {name: undecided, ends: {since: created_at, after: P90D}}
    then: delete
    with: [saleor.checkout_checkoutline]
  - id: sessions
    table: saleor.session_log
    keep: [{basis: pcsa_login, since: {column: created, as: epoch_s}}]
    then: delete
  - id: members
    table: saleor.account_user
    purpose: {name: undecided, ends: deactivated_at}
    keep: [{while_referenced_by: [orders]}]
    then: anonymize
    columns:
      password: null
      email: {token: member}
      note: null
      first_name: null
      last_name: null
      avatar: null
      jwt_token_key: null
"""


def make(url: str) -> str:
    """Make the schema; return the engine's name."""
    name = url.partition(":")[0].partition("+")[0]
    sql = SCHEMA.read_text(encoding="utf-8")
    for word, type_ in TYPES[name].items():
        sql = sql.replace(f"{{{word}}}", type_)
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in split(sql):
            connection.exec_driver_sql(statement)
    return name


def fill(url: str) -> None:
    """Fill it: two members, one of whom left long ago, and a handful of orders on both sides of five years."""
    ages = {1: 3000, 2: 2000, 3: 1827, 4: 1800, 5: 400, 6: 5}
    people = {1: None, 2: 2500}
    rows: list[tuple[str, dict[str, Any]]] = [
        ("channel_channel", {"id": 1, "name": "web", "slug": "web", "currency_code": "KRW"}),
        ("product_producttype", {"id": 1, "name": "book", "has_variants": False}),
        ("product_product", {"id": 1, "name": "책", "created_at": at(900), "updated_at": at(9), "product_type_id": 1}),
        ("product_productvariant", {"id": 1, "name": "책", "product_id": 1}),
    ]
    for person, left in people.items():
        rows.append(
            (
                "account_user",
                {
                    "id": person, "email": f"someone-{person}@shop.invalid", "is_superuser": False, "is_staff": False,
                    "is_active": left is None, "date_joined": at(3100), "first_name": "김", "note": "단골",
                    "deactivated_at": None if left is None else at(left), "password": "x",
                },
            )
        )  # fmt: skip
    for order, age in ages.items():
        # The one who left has bought once, long ago.
        person = 2 if order == 1 else 1
        rows += [
            (
                "order_order",
                {
                    "id": order, "number": order, "created_at": at(age), "updated_at": at(1), "status": "fulfilled",
                    "user_email": "x", "total_gross_amount": 10, "user_id": person, "channel_id": 1,
                },
            ),
            ("order_orderline", {"id": order, "product_name": "책", "quantity": 1, "order_id": order, "variant_id": 1}),
            (
                "order_fulfillment",
                {
                    "id": order, "fulfillment_order": 1, "status": "done", "tracking_number": "",
                    "created_at": at(age), "order_id": order,
                },
            ),
            ("order_orderevent", {"id": order, "date": at(age), "type": "placed", "order_id": order}),
            (
                "payment_payment",
                {
                    "id": order, "gateway": "card", "is_active": True, "created_at": at(age), "modified_at": at(1),
                    "charge_status": "full", "token": "t", "total": 10, "order_id": order, "billing_email": "x",
                },
            ),
            (
                "payment_transaction",
                {"id": order, "created_at": at(age), "kind": "capture", "is_success": True, "payment_id": order},
            ),
            (
                "account_customerevent",
                {"id": order, "date": at(age), "type": "placed", "order_id": order, "user_id": person},
            ),
            ("session_log", {"id": order, "account_user_id": person, "ip_address": "10.0.0.1", "created": epoch(age)}),
            ("checkout_checkout", {"token": f"c{order}", "created_at": at(age), "last_change": at(1), "channel_id": 1}),
        ]  # fmt: skip
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for name, row in rows:
            connection.execute(insert(table_(name, *map(column_, row))).values(row))


def at(age: int) -> str:
    return f"{DAY - timedelta(days=age)} 03:00:00"


def epoch(age: int) -> int:
    return (DAY - timedelta(days=age) - date(1970, 1, 1)).days * 86400


def edited(draft: str) -> str:
    """Do with a draft what its comments ask for."""
    text = draft.replace('name: "" # decide', "name: 주식회사 책방 # decide")
    text = re.sub(r"# zone: Asia/Seoul", "zone: UTC", text)
    text = text.replace("legal_bases:\n", f"legal_bases:\n{BASES}").replace("    # not_personal:", "    not_personal:")
    for name, why in NOBODY.items():
        head = f"  saleor.{name}:\n    # subject: …"
        assert head in text, name
        text = text.replace(head, f"  saleor.{name}:\n    none: {why} # once: …")
    return text.replace("rules:\n", f"rules:\n{RULES}", 1)


@pytest.fixture
def shop(engine_url: str, tmp_path: Path) -> Shop:
    make(engine_url)
    fill(engine_url)
    made = Shop(engine_url, tmp_path)
    made.environment["RETENTION_CONN_SALEOR"] = engine_url
    return made


@pytest.mark.slow
@pytest.mark.thorough
def test_a_new_user_gets_from_a_database_to_a_purge(shop: Shop, tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "retention.yaml"
    drafted = shop.call(capsys, "init", "saleor", "--out", str(file), day=None)
    assert drafted.code == 0, drafted.err
    shop.environment["RETENTION_CONFIG"] = str(file)
    first = shop.call(capsys, "check", "--static", "--json", day=None)
    assert {one["code"] for one in first.document["findings"]} == {"RET005", "RET113", "RET127"}

    file.write_text(edited(file.read_text(encoding="utf-8")), encoding="utf-8")
    _matrix, findings = inspect(file)
    assert not [one.line() for one in findings if one.severity == "error"]
    refused = shop.call(capsys, "check", day=None)
    assert refused.code == 2
    assert "retention init saleor --identity saleor" in refused.err
    assert shop.call(capsys, "init", "saleor", "--identity", "saleor", day=None).code == 0

    checked = shop.call(capsys, "check", "--json", day=None).document["findings"]
    assert not [one for one in checked if one["severity"] == "error"], checked
    uncovered = shop.call(capsys, "coverage", "--json", day=None)
    told = {(one["code"], one["what"].split()[-2]) for one in uncovered.document["findings"] if one["code"] == "RET401"}
    assert len(told) >= 5, "drafted tables with items and without a rule are told"

    planned = shop.call(capsys, "plan", "--json")
    assert planned.code == 0, planned.err
    rules = {one["id"]: one for one in planned.document["rules"]}
    assert {name: rule["planned"] for name, rule in rules.items()} == {
        "orders": 3, "payments": 3, "events": 5, "checkouts": 5, "sessions": 5, "members": 1,
    }  # fmt: skip
    ran = shop.call(capsys, "run", "--json", *shop.accepts())
    assert ran.code == 0, ran.err
    assert shop.one("SELECT count(*) FROM order_order") == 3
    assert shop.one("SELECT min(id) FROM order_order") == 4
    for parts in ("order_orderline", "order_fulfillment", "order_orderevent", "payment_payment", "payment_transaction"):
        assert shop.one(f"SELECT count(*) FROM {parts}") == 3, parts
    assert shop.one("SELECT count(*) FROM session_log") == 1
    assert shop.one("SELECT count(*) FROM account_user WHERE first_name IS NULL AND email LIKE 't_%'") == 1
    assert shop.call(capsys, "verify", day=None).code == 0
    again = shop.call(capsys, "run", "--json")
    assert again.code == 0
    assert all(rule["planned"] == 0 for rule in again.document["rules"])


def test_a_draft_is_the_same_each_time_reads_no_row_and_marks_every_guess(shop: Shop, capsys: Any) -> None:
    first = shop.call(capsys, "init", "saleor", day=None)
    assert first.code == 0, first.err
    assert shop.call(capsys, "init", "saleor", day=None).out == first.out
    for value in ("someone-1", "10.0.0.1", "단골", "김"):
        assert value not in first.out
    lines = first.out.splitlines()
    section = ""
    for line in lines:
        section = line.partition(":")[0] if line and not line.startswith((" ", "#")) else section
        said = line.strip()
        guessed = (section == "tables" and said.startswith(("subject:", "- {columns"))) or "items: {" in line
        guessed = guessed or (line.startswith("      ") and section == "tables" and not said.startswith("#"))
        if guessed:
            assert "# guess:" in line, line
    assert "email: email # guess" in first.out
    assert "subject: {via: [saleor.order_order], column: user_id} # guess" in first.out
    assert "subject: customer_id # guess: it refers to account_user; so does it over user_id" in first.out
    assert "{columns: [account_user_id], to: saleor.account_user, to_columns: [id]} # guess" in first.out
    assert "since: {column: created, as: epoch_s}" in first.out
    assert "# guess: by its name" in next(line for line in lines if "django_migrations" in line)
    document = shop.call(capsys, "init", "saleor", "--json", day=None).document
    assert document["matrix"] == first.out


def test_a_draft_never_overwrites_a_file(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    make(sqlite_url)
    shop = Shop(sqlite_url, tmp_path)
    shop.environment["RETENTION_CONN_SALEOR"] = sqlite_url
    file = tmp_path / "retention.yaml"
    file.write_text("mine", encoding="utf-8")
    refused = shop.call(capsys, "init", "saleor", "--out", str(file), day=None)
    assert refused.code == 2
    assert "never overwritten" in refused.err
    assert file.read_text(encoding="utf-8") == "mine"
    nowhere = shop.call(capsys, "init", "saleor", "--out", str(tmp_path / "no" / "such.yaml"), day=None)
    assert nowhere.code == 2


def test_names_of_any_kind_are_drafted_so_that_they_can_be_read(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    engine = create_engine(engine_url, poolclass=NullPool)
    with engine.begin() as connection:
        quote = connection.dialect.identifier_preparer.quote_identifier
        connection.exec_driver_sql(
            f"CREATE TABLE {quote('회원 정보')} ({quote('no')} INTEGER PRIMARY KEY, {quote('이름')} VARCHAR(20), "
            f"{quote('say: #hi')} VARCHAR(20), {quote('e-mail')} VARCHAR(20), {quote('생년월일')} DATE)"
        )
        connection.exec_driver_sql(f"CREATE TABLE {quote('v1.log')} ({quote('true')} INTEGER, {quote('at')} DATE)")
    shop = Shop(engine_url, tmp_path)
    shop.environment["RETENTION_CONN_MY_SHOP"] = engine_url
    drafted = shop.call(capsys, "init", "my-shop", day=None)
    assert drafted.code == 0, drafted.err
    file = tmp_path / "draft.yaml"
    file.write_text(
        drafted.out.replace('name: ""', "name: x").replace("    # not_personal:", "    not_personal:"), encoding="utf-8"
    )
    assert make_url(engine_url).database not in drafted.out.replace("database", "")
    matrix, findings = inspect(file)
    assert {one.code for one in findings} <= {"RET113", "RET127"}, [one.line() for one in findings]
    shop.environment["RETENTION_CONFIG"] = str(file)
    assert "no primary or unique key" in drafted.out
    assert matrix is None or {str(name) for name in matrix.tables} == {'my-shop."v1.log"', "my-shop.회원 정보"}


PERSONAL = """휴대폰=mobile 휴대폰번호=mobile 휴대전화=mobile 수령인휴대전화번호=mobile 전화번호=phone
    생년월일=birth_date 주민번호=identification 주민등록번호=identification 여권번호=identification
    환불계좌번호=bank_account 카드번호=card 주소=address 배송주소=address 우편번호=address 회사명=company
    회원이름=name 주문자명=name 이메일주소=email 회원아이디=login_id 접속ip=ip_address birth_date=birth_date
    child_birth_day=birth_date phone_number=phone passport_no=identification"""
OTHERS = """상품명 상품번호 상품아이디 가격 수량 등록자수 카드사 카드종류 택배회사명 홈페이지주소 휴대폰인증여부
    전화상담결과 이메일수신동의 회원등급 주문번호 사업자등록번호 비밀번호변경횟수 성별제한여부 phone_model"""


def test_korean_names_are_guessed_and_things_are_not_people(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    personal = dict(one.split("=") for one in PERSONAL.split())
    days = (
        "생년월일",
        "birth_date",
        "child_birth_day",
        "가입일시",
        "등록일",
        "수정일시",
        "최근접속일",
        "탈퇴일시",
        "종료일시",
    )
    columns = dict.fromkeys([*personal, *OTHERS.split()], "VARCHAR(20)") | dict.fromkeys(days, "DATETIME")
    shop = Shop(sqlite_url, tmp_path)
    shop.do(f"CREATE TABLE 회원 (번호 INTEGER PRIMARY KEY, {', '.join(map(' '.join, columns.items()))})")
    draft = shop.call(capsys, "init", "shop_db", day=None).out
    assert dict(re.findall(r"^      (\S+): (\w+) # guess: by its name$", draft, re.MULTILINE)) == personal
    assert "ends: 탈퇴일시} # guess: or 종료일시\n" in draft
    assert "since: 가입일시}] # guess: or 등록일\n" in draft
    assert "not as a clock: 수정일시, 최근접속일:" in draft


@pytest.mark.parametrize("day", ["20261126", "2026-W48-4", "2026-02-30", "0001-01-01"])
def test_a_day_that_nothing_can_be_decided_for_is_refused(tmp_path: Path, capsys: Any, day: str) -> None:
    refused = Shop("sqlite://", tmp_path).call(capsys, "version", "--as-of", day, day=None)
    assert (refused.code, day in refused.err) == (2, True)
    held = ("hold", "add", "--rule", "x", "--by", "t", "--reason", "t", "--until")
    assert "YYYY-MM-DD" in Shop("sqlite://", tmp_path).call(capsys, *held, "20261126", day=None).err


def test_an_identity_is_not_empty(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    refused = Shop(sqlite_url, tmp_path).call(capsys, "init", "shop_db", "--identity", "", day=None)
    assert (refused.code, refused.out) == (2, "")
