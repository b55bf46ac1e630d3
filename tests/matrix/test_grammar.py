"""What the language's page says is accepted is accepted, and means what it says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import jsonschema
import pytest

from retention.matrix.load import inspect
from retention.matrix.model import (
    Action,
    AfterEnd,
    ClockList,
    ColumnClock,
    EndList,
    Execution,
    Hop,
    LoadProbe,
    TableName,
    TransformSpec,
)
from retention.matrix.schema import json_schema
from retention.matrix.source import read
from support.matrices import SMALL, changed, found, line_of, told, written
from support.shop import MATRIX

WHOLE = """\
version: 1
timezone: Asia/Seoul
organisation:
  name: 주식회사 가게
  officer: {role: 개인정보 보호책임자, name: 한지우}
  in_charge: {role: 개인정보 담당자, name: 오하준, department: 데이터}
holidays: {add: [2026-06-03], remove: []}
databases:
  shop: {connection: shop_db, identity: shop-demo, zone: Asia/Seoul}
  orders:
    connection: [orders_00, orders_01]
    identity: [o-00, o-01]
    zone: UTC
    replicas: {orders_00: [orders_00_ro]}
    execute:
      window: 23:30-05:00
      rows: 500000
      target_ms: 20
      lock_timeout_ms: 2000
      stop: /var/run/retention.stop
      load_probe: {sql: SELECT count(*) FROM pg_stat_activity, threshold: 50}
      replica_lag: 2.5
legal_bases:
  ecommerce_payment_supply:
    {statute: 전자상거래법, article: 제6조, record: 대금결제, keep: P5Y, roll_holidays: true, computation: civil, read: 2026-07-21, source_mark: V}
  efta_transaction: {statute: 전자금융거래법, article: 제22조 ①, keep: P5Y}
  pcsa_login: {statute: 통신비밀보호법, article: 제15조의2, keep: P0D}
purposes:
  service_payment: {name: 서비스 결제, items: {required: [orderer_name, member_id], optional: [orderer_email]}}
  membership: {statute: 개인정보 보호법, article: 제22조, read: 2026-09-11, items: {required: [name, mobile, access_ip, memo]}}
tables:
  shop.member:
    key: [id]
    subject: login_id
    items: {name: name, login_id: member_id, phone: mobile, nickname: name, email: orderer_email, memo: memo}
    not_personal: [id, created_at, status]
    relations:
      - {name: recommender, columns: [recommender_id], to: shop.member, to_columns: [id], holds: false}
  shop.product: {out_of_scope: no personal data}
  shop.payment:
    subject: {via: [shop.member], column: login_id}
    items: {payer: orderer_name}
  shop.card_payment: {items: {owner: orderer_name}}
  shop.paypal_payment: {}
  shop.machine: {subject: {none: machines have none}, items: {label: name}}
  shop.robot: {none: nobody, items: {label: name}}
  shop.usage_log: {subject: [login_id, site], items: {access_ip: access_ip}}
  'shop."결제.이력"': {}
  orders.archive.order: {}
  orders.archive.order_kept: {}
classification: advised
rules:
  - id: payments
    table: shop.payment
    where: status <> 'void'
    purpose: {name: service_payment, ends: settled_at}
    keep:
      - {basis: ecommerce_payment_supply, since: [paid_at, supplied_at]}
      - {basis: efta_transaction, since: paid_at, when_null: not_applicable}
    then: delete
    with:
      - shop.card_payment
      - {table: shop.paypal_payment, columns: [payment_ref], to_columns: [ref], with: ['shop."결제.이력"']}
    limit: {rows: 200000, share: 0.2}
    tolerate: {null: 0.1, unreadable: 0.05, future: 0.05}
    file: 결제기록
    copies: [검색 색인, 일일 백업 14일]
    proof: count
    approval: always
  - id: member_profile
    table: shop.member
    purpose: {name: membership, ends: [left_at, {since: {column: joined, as: yyyymmdd}, after: P2Y, roll_holidays: true}]}
    then: erase
    columns: [nickname]
  - id: member_identity
    table: shop.member
    purpose:
      - {name: membership, ends: left_at}
      - {name: service_payment, ends: {since: [left_at, blocked_at], after: P30D}}
    keep: [{while_referenced_by: [payments]}]
    then: anonymize
    columns:
      name: {constant: 탈퇴회원}
      phone: null
      email: {mask: {first: 1, last: 4}}
      memo: {truncate: 3}
      login_id: keep
    mark: anonymized_at
    approval: never
  - id: usage
    table: shop.usage_log
    keep:
      - basis: pcsa_login
        since: {column: used_at, as: 'text:%d.%m.%Y %H:%M', zone: UTC, floor: 2001-01-01, empty: null}
    then: pseudonymize
    for: statistics
    columns: {login_id: {token: usage}, access_ip: {generalize: ip24}, age: {generalize: 'band:10'}}
    then_after: {term: P1Y, do: delete}
  - id: orders
    table: orders.archive.order
    keep:
      - {basis: efta_transaction, since: {via: [orders.archive.buyer, ^fk_line], column: paid_at, as: epoch_ms}}
      - {basis: efta_transaction, since: {latest_of: [orders.archive.line], column: sent_at}}
    then: separate
    to: orders.archive.order_kept
"""  # noqa: E501 - some of the page's lines are as long


def test_the_whole_language_is_read(tmp_path: Path) -> None:
    matrix, findings = found(tmp_path, WHOLE)
    assert matrix is not None, [one.line() for one in findings]
    assert {one.code for one in findings} <= {"RET138", "RET145"}, [one.line() for one in findings]
    assert matrix.databases["orders"].execute == Execution(
        window=(23 * 60 + 30, 5 * 60),
        rows=500_000,
        target_ms=20,
        lock_timeout_ms=2000,
        stop="/var/run/retention.stop",
        load_probe=LoadProbe("SELECT count(*) FROM pg_stat_activity", 50),
        replica_lag=2.5,
    )
    assert matrix.databases["orders"].connections == ("orders_00", "orders_01")
    assert matrix.databases["orders"].replicas == {"orders_00": ("orders_00_ro",)}
    basis = matrix.bases["efta_transaction"]
    assert (basis.roll_holidays, basis.computation, matrix.classification) == (True, "civil", "advised")
    assert matrix.purposes["service_payment"].statute == "개인정보 보호법"
    payments, profile, identity = (matrix.rule(name) for name in ("payments", "member_profile", "member_identity"))
    assert isinstance(payments.keeps[0].since, ClockList)
    assert payments.keeps[1].when_null == "not_applicable"
    assert payments.parts[1].parts[0].table == TableName("shop", None, "결제.이력")
    assert (payments.proof, payments.approval, payments.limit.rows) == ("count", "always", 200_000)
    assert isinstance(profile.purposes[0].ends, EndList)
    after = identity.purposes[1].ends
    assert isinstance(after, AfterEnd)
    assert (after.after, after.roll_holidays) == ("P30D", False)
    assert identity.columns == {
        "name": TransformSpec("constant", "탈퇴회원"),
        "phone": TransformSpec("null"),
        "email": TransformSpec("mask", {"first": 1, "last": 4}),
        "memo": TransformSpec("truncate", 3),
        "login_id": TransformSpec("keep"),
    }
    since = matrix.rule("usage").keeps[0].since
    assert isinstance(since, ColumnClock)
    assert (since.format, since.zone, since.floor) == ("text:%d.%m.%Y %H:%M", "UTC", date(2001, 1, 1))
    assert since.empty_is_null
    path = matrix.rule("orders").keeps[0].since
    assert isinstance(path, ColumnClock)
    assert path.via == (Hop(TableName("orders", "archive", "buyer"), None), Hop(None, "fk_line", up=False))
    assert matrix.rule("orders").to == TableName("orders", "archive", "order_kept")
    machine = matrix.tables[TableName("shop", None, "machine")]
    assert (machine.subject, machine.no_subject) == (None, "machines have none")


def test_the_whole_language_is_what_the_schema_says(tmp_path: Path) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for text in (SMALL, WHOLE, MATRIX.read_text(encoding="utf-8")):
        data = read(written(tmp_path, text)).data
        assert not [one.message for one in validator.iter_errors(data)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("then: delete", "then: destroy"),
        ("keep: P5Y", "keep: five years"),
        ("keep: P5Y", "keeps: P5Y"),
        ("limit: {rows: 1000", "limit: {rows: many"),
        ("{constant: 탈퇴회원}", "{constnat: 탈퇴회원}"),
        ("purpose: {name: service, ends: closed_at}", "purpose: {name: service}"),
        ("- id: orders", "- ids: orders"),
        ("computation: civil", "computation: roman"),
        ("holidays: {add: [2031-01-02]", "holidays: {add: 2031-01-02"),
    ],
)
def test_an_editor_sees_mistakes_by_the_schema(tmp_path: Path, old: str, new: str) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    assert list(validator.iter_errors(read(written(tmp_path, changed(SMALL, (old, new)))).data))


def test_the_schema_tells_an_editor_what_each_key_is_for() -> None:
    schema = json_schema()
    for name, model in {"": schema, **schema["$defs"]}.items():
        if model.get("type") == "object" and "properties" in model:
            assert model.get("description"), name
            for key, value in model["properties"].items():
                refers = schema["$defs"].get(value.get("$ref", "").rpartition("/")[2], {})
                assert value.get("description") or refers.get("description"), f"{name}.{key}"


# --- names ---------------------------------------------------------------------------------------------------------


def test_a_table_has_one_name_however_it_is_quoted(tmp_path: Path) -> None:
    text = changed(SMALL, ("table: shop.log\n", 'table: \'"shop"."log"\'\n'))
    matrix, findings = found(tmp_path, text)
    assert matrix is not None, findings
    assert matrix.rule("logs").table == TableName("shop", None, "log")
    assert told(tmp_path, ("  shop.log:\n", "  '\"shop\".log': {}\n  shop.log:\n")) == [
        ("RET006", line_of("shop.log:") + 1)
    ]


def test_quoting_a_name_does_not_hide_its_table_from_the_rule_s_digest(tmp_path: Path) -> None:
    quoted = changed(SMALL, ("  shop.log:\n", "  '\"shop\".log':\n"))
    one, _ = found(tmp_path, quoted)
    other, _ = found(tmp_path, changed(quoted, ("    not_personal: [id]\nrules", "    not_personal: [id, x]\nrules")))
    assert one is not None
    assert other is not None
    assert one.rule_digests["logs"] != other.rule_digests["logs"]
    assert one.rule_digests["orders"] == other.rule_digests["orders"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shop.member", TableName("shop", None, "member")),
        ("shop.public.member", TableName("shop", "public", "member")),
        ('shop."v1.member"', TableName("shop", None, "v1.member")),
        ('"s.hop"."a b"."say ""hi"""', TableName("s.hop", "a b", 'say "hi"')),
        ("상점.회원", TableName("상점", None, "회원")),
        ('shop." x"', TableName("shop", None, " x")),
    ],
)
def test_names_are_spelled_as_the_database_spells_them(text: str, name: TableName) -> None:
    from retention.matrix.names import parse_table

    assert parse_table(text) == name
    assert parse_table(str(name)) == name


@pytest.mark.parametrize("text", ["member", "a.b.c.d", "shop.", ".x", 'shop.""', "shop. x", 'shop.a"b', "shop..x"])
def test_what_names_no_table_is_a_finding(tmp_path: Path, text: str) -> None:
    codes = told(tmp_path, ("  shop.order_line: {not_personal", f"  '{text}': {{not_personal"))
    assert ("RET122", line_of("shop.order_line:")) in codes


# --- what may be absent or empty ----------------------------------------------------------------------------------


def test_what_is_not_required_may_be_absent_or_empty(tmp_path: Path) -> None:
    text = """\
version: 1
timezone: Asia/Seoul
organisation: {name: x}
holidays:
databases:
  shop: {connection: c, identity: i, replicas: {}, execute: {}}
legal_bases: {}
purposes:
tables:
  shop.a: {}
  shop.b:
  shop.c: {key: [], items: {}, not_personal: , relations: []}
rules: []
"""
    matrix, findings = found(tmp_path, text)
    assert matrix is not None, findings
    assert not findings


@pytest.mark.parametrize("key", ["version", "timezone", "organisation", "databases", "legal_bases", "tables", "rules"])
def test_what_is_required_is_missed(tmp_path: Path, key: str) -> None:
    lines = SMALL.splitlines(keepends=True)
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{key}:"))
    end = start + 1
    while end < len(lines) and lines[end].startswith(" "):
        end += 1
    _matrix, findings = found(tmp_path, "".join(lines[:start] + lines[end:]))
    assert "RET004" in {one.code for one in findings}


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("    keep: [{basis: login, since: at}]", "    purpose: {name: service, ends: at}\n    keep:", "since: at"),
        ("    table: shop.log\n", "    table: shop.log\n    where:\n", "table: shop.log"),
        ("      phone: null", "      phone:", "phone: null"),
        ("zone: Asia/Seoul}", "zone: }", "connection: shop_db"),
        ("limit: {rows: 1000, share: 0.5}", "limit: {rows: , share: 0.5}", "limit:"),
    ],
)
def test_a_blank_value_where_it_could_be_forgotten_is_refused(tmp_path: Path, old: str, new: str, at: str) -> None:
    # Two of them come on a line of their own, below the one that is there.
    line = line_of(at) + (1 if new.count("\n") > old.count("\n") else 0)
    assert ("RET007", line) in told(tmp_path, (old, new))


# --- transforms ----------------------------------------------------------------------------------------------------

SHAPES = [
    "null",
    "'null'",
    "keep",
    "{constant: 0}",
    "{constant: 2020-01-01}",
    "{constant: true}",
    "{mask: {first: 1, last: 4}}",
    "{mask: {last: 2}}",
    "{truncate: 0}",
    "{token: d}",
    "{fake: name}",
    "{fake: login_id}",
    "{generalize: age_band}",
    "{generalize: sigungu}",
    "{generalize: band:10000}",
    "{date_shift: d}",
    "{format_preserving: d}",
    "{redact: ['[0-9]{6}-[0-9]{7}', '@']}",
    "{python: my.module:function}",
    "{$.name: null, $.address.street: {truncate: 3}, $.tags: {$.inner: keep}}",
]
MISSHAPEN = [
    "token",
    "{token: }",
    "{token: ''}",
    "{token: 1}",
    "{tokn: d}",
    "{constant: null}",
    "{constant: [1]}",
    "{mask: 3}",
    "{mask: {first: -1}}",
    "{mask: {frist: 1}}",
    "{truncate: -1}",
    "{truncate: '3'}",
    "{fake: passport}",
    "{generalize: day}",
    "{generalize: band:0}",
    "{redact: []}",
    "{redact: ['[']}",
    "{python: function}",
    "{python: 'os; rm:x'}",
    "{}",
    "[]",
    "{token: a, mask: {first: 1}}",
    "{$.name: tokn}",
    "12",
    "true",
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_transform_of_the_language_is_accepted(tmp_path: Path, shape: str) -> None:
    codes = told(tmp_path, ("      phone: null", f"      phone: {shape}"))
    assert {code for code, _line in codes} <= {"RET135"}, codes


@pytest.mark.parametrize("shape", MISSHAPEN)
def test_any_other_transform_is_told_on_its_line(tmp_path: Path, shape: str) -> None:
    codes = told(tmp_path, ("      phone: null", f"      phone: {shape}"))
    assert [line for code, line in codes if code in ("RET005", "RET007", "RET003", "RET004")] == [
        line_of("phone: null")
    ], codes


@pytest.mark.parametrize(
    "execute",
    [
        "{window: 1:00-5:00}",
        "{window: 01:00-24:01}",
        "{window: 01:00-01:00}",
        "{windows: 01:00-05:00}",
        "{rows: -1}",
        "{target_ms: .inf}",
        "{target_ms: .nan}",
        "{replica_lag: .inf}",
        "{load_probe: {sql: SELECT 1, threshold: .nan}}",
        "{load_probe: {sql: SELECT 1, threshold: .inf}}",
        "{lock_timeout_ms: 99999999999}",
        "{stop: .}",
        "{stop: run/..}",
        "{stop: /}",
        "{target_ms: 0}",
        "{load_probe: {sql: DELETE FROM x, threshold: 1}}",
        "{load_probe: {sql: SELECT 1; SELECT 2, threshold: 1}}",
        "{load_probe: {sql: SELECT n INTO x FROM y, threshold: 1}}",
        "{load_probe: {sql: WITH x AS (DELETE FROM y) SELECT 1, threshold: 1}}",
        "{load_probe: {sql: SELECT 1}}",
        "{replica_lag: -1}",
        "{workers: 0}",
        "{workers: 3}",
        "[]",
    ],
)
def test_settings_of_execution_are_checked(tmp_path: Path, execute: str) -> None:
    codes = told(tmp_path, ("zone: Asia/Seoul}", f"zone: Asia/Seoul, execute: {execute}}}"))
    assert [code for code, line in codes if line == 6] in (["RET005"], ["RET003"], ["RET004"])


@pytest.mark.parametrize(
    ("settings", "codes"),
    [
        ("execute: {window: 01:00-24:00, rows: 0, stop: off, workers: 1}", []),
        ("execute: {load_probe: {sql: 'select\n n\n from busy', threshold: 1}}", []),
        ("replicas: {shop_db: [shop_ro]}, execute: {replica_lag: 2}", []),
        ("execute: {replica_lag: 2}", ["RET142"]),
        ("replicas: {shop_db: [shop_db]}", ["RET140"]),
        ("replicas: {shop_ro: [shop_db]}", ["RET101", "RET140"]),
    ],
)
def test_gentleness_that_can_not_be_meant_is_told(tmp_path: Path, settings: str, codes: list[str]) -> None:
    found = told(tmp_path, ("zone: Asia/Seoul}", f"zone: Asia/Seoul, {settings}}}"))
    assert found == [(code, 6) for code in codes]


# --- what two mistakes have to do with each other ------------------------------------------------------------------


def test_row_rules_with_different_actions_are_only_refused_where_they_can_meet(tmp_path: Path) -> None:
    second = "  - id: void\n    table: shop.orders\n    where: {}\n    keep: [{{basis: contract, since: closed_at}}]\n"
    apart = (
        second.format("status = 'void'").replace("{{", "{").replace("}}", "}")
        + "    then: separate\n    to: shop.log\n"
    )
    text = changed(SMALL, ("    table: shop.orders\n", "    table: shop.orders\n    where: status <> 'void'\n"))
    _matrix, findings = found(tmp_path, text + apart)
    assert not findings
    _matrix, findings = found(tmp_path, SMALL + apart)
    met = [one for one in findings if one.code == "RET109"]
    assert len(met) == 1
    assert "a row with status = 'void'" in met[0].what


def test_what_follows_a_transformation_is_a_row_rule_too(tmp_path: Path) -> None:
    text = changed(SMALL, ("      login_id: keep\n", "      login_id: keep\n    then_after: {term: P1Y, do: delete}\n"))
    extra = "  - id: kept\n    table: shop.member\n    purpose: {name: service, ends: left_at}\n    then: separate\n"
    extra += "    to: shop.orders\n"
    _matrix, findings = found(tmp_path, text + extra)
    assert "members.after (delete)" in next(one.what for one in findings if one.code == "RET109")


def test_an_item_left_on_an_anonymized_row_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, ("      phone: null\n", "")) == [("RET135", line_of("    columns:"))]


def test_a_subject_that_a_rule_changes_is_told_where_other_tables_reach_it(tmp_path: Path) -> None:
    assert told(tmp_path, ("      login_id: keep", "      login_id: {token: member}")) == [
        ("RET134", line_of("login_id: keep"))
    ]


def test_a_thousand_rules_are_checked_within_a_second(tmp_path: Path) -> None:
    import time

    head, tables, rules = SMALL.partition("tables:\n")[0], ["tables:"], ["rules:"]
    for number in range(1000):
        tables.append(
            f"  shop.table_{number}:\n    key: [id]\n    subject: login_id\n"
            "    items: {name: name, login_id: login_id, phone: phone}\n    not_personal: [id, created_at, status]"
        )
        rules.append(
            f"  - id: rule_{number}\n    table: shop.table_{number}\n"
            "    where: status <> 'void' AND kind IN ('a', 'b') AND n > 5\n"
            "    purpose: {name: service, ends: settled_at}\n    keep:\n"
            "      - {basis: contract, since: [paid_at, supplied_at]}\n      - {basis: login, since: paid_at}\n"
            "    then: delete\n    limit: {rows: 200000, share: 0.2}\n"
            "    tolerate: {unreadable: 0.05, future: 0.05}\n    file: 결제기록\n    copies: [검색 색인, 백업]"
        )
    path = written(tmp_path, head + "\n".join([*tables, *rules]) + "\n")
    spent = []
    for _ in range(3):
        started = time.process_time()
        matrix, findings = inspect(path)
        spent.append(time.process_time() - started)
    assert matrix is not None
    assert not findings
    assert len(matrix.rules) == 1000
    assert min(spent) < 1, spent


def test_every_action_is_known() -> None:
    assert {action.value for action in Action} == {"delete", "separate", "anonymize", "pseudonymize", "erase"}
