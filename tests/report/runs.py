"""A run document and its plan as a night leaves them, with every outcome a rule can have; made by hand."""

from __future__ import annotations

import copy
from typing import Any

Document = dict[str, Any]

PLAN_DIGEST = "4d1f0c9ab77e0e0f5f6a2f3ad1f5f5ee6f1b26a06e4bb8f2f0a9fd21c3377b10"
MATRIX_DIGEST = "9be8c7d6a5f4e3d2c1b0a99887766554433221100ffeeddccbbaa99887766554"
HEAD = "c0ffee00a1b2c3d4e5f60718293a4b5c6d7e8f90112233445566778899aabbcc@42"
ECOMMERCE = "전자상거래 등에서의 소비자보호에 관한 법률"


def minimum(basis: str, statute: str, article: str, record: str, period: str, cutoff: str, **other: Any) -> Document:
    """Return a statutory period as a plan has it."""
    counted = {"computation": "civil", "roll_holidays": True, **other}
    named = {"statute": statute, "article": article, "record": record, "period": period}
    return {"id": basis, "kind": "min", **named, **counted, "cutoff": cutoff}


def maximum(purpose: str, cutoff: str = "2026-11-24", article: str = "제21조 ①") -> Document:
    """Return a purpose that has ended, as a plan has it."""
    return {"id": purpose, "kind": "max", "statute": "개인정보 보호법", "article": article, "cutoff": cutoff}


PAYMENT = minimum(
    "ecommerce_payment_supply",
    ECOMMERCE,
    "제6조 · 시행령 제6조 ①",
    "대금결제 및 재화 등의 공급에 관한 기록",
    "P5Y",
    "2021-11-24",
)
CONTRACT = minimum(
    "ecommerce_contract", ECOMMERCE, "제6조 · 시행령 제6조 ①", "계약 또는 청약철회 등에 관한 기록", "P5Y", "2021-11-24"
)
DISPUTE = minimum(
    "ecommerce_dispute",
    ECOMMERCE,
    "제6조 · 시행령 제6조 ①",
    "소비자의 불만 또는 분쟁처리에 관한 기록",
    "P3Y",
    "2023-11-24",
)
ADVERTISING = minimum(
    "ecommerce_advertising", ECOMMERCE, "제6조 · 시행령 제6조 ①", "표시ㆍ광고에 관한 기록", "P6M", "2026-05-23"
)
TRANSACTION = minimum(
    "efta_transaction", "전자금융거래법", "제22조 ① · 시행령 제12조 ① i", "전자금융에 관한 기록", "P5Y", "2021-11-24"
)
LOGIN = minimum("pcsa_login", "통신비밀보호법", "제15조의2 ② · 시행령 제41조 ② ii", "로그인 기록", "P3M", "2026-08-24")
STAFF = minimum(
    "pipa_access_record",
    "개인정보의 안전성 확보조치 기준",
    "제8조",
    "개인정보취급자의 접속기록",
    "P2Y",
    "2024-11-25",
    computation="administrative",
    roll_holidays=False,
)
TERM = maximum("pseudonymized_term", "2025-11-24")
IDENTITY = {"id": "while_referenced_by", "kind": "min", "rules": ["disputes", "orders"]}


def rule(id_: str, table: str, action: str, status: str, bases: list[Document], **numbers: Any) -> Document:
    """Return a rule's outcome as the run document has it; what isn't said is nought."""
    counts = ("planned", "due", "done", "survived", "drifted", "held", "referenced", "unreadable", "overdue", "batches")
    return {
        "id": id_,
        "database": "shop",
        "shard": 0,
        "table": f"shop.{table}",
        "action": action,
        "status": status,
        **dict.fromkeys(counts, 0),
        "seconds": 0.0,
        "longest_statement_ms": 0.0,
        "bases": bases,
        "parts": [],
        "referenced_by": [],
        **numbers,
    }


RULES = [
    rule(
        "logins", "login_log", "delete", "done", [LOGIN],
        planned=1_000_000, due=1_000_000, done=1_000_000, batches=101, seconds=41.207, longest_statement_ms=512.4,
        overdue=913_004, oldest_clock="2022-06-15", newest_clock="2026-08-23",
    ),
    rule(
        "staff_access", "staff_access_log", "delete", "done", [STAFF],
        planned=3, due=3, done=3, batches=1, seconds=0.02, oldest_clock="2024-11-20", newest_clock="2024-11-24",
    ),
    rule("advertising", "advertising_shown", "delete", "nothing", [ADVERTISING]),
    rule(
        "disputes", "inquiry", "delete", "done", [DISPUTE, maximum("inquiry_response")],
        planned=1_204, due=1_204, done=1_204, held=7, unreadable=2, batches=3, seconds=0.9,
        oldest_clock="2022-07-01", newest_clock="2023-11-23", parts=[{"table": "shop.inquiry_message", "rows": 3_871}],
        holds=[{"hold": "h1a2b3c4d", "rows": 6}, {"hold": "h5e6f7a8b", "rows": 2}],
    ),
    rule(
        "payments", "payment", "delete", "partial", [PAYMENT, TRANSACTION, maximum("service_payment")],
        planned=18_420, due=18_420, done=18_417, survived=3, drifted=2, batches=9, seconds=3.4, overdue=120,
        oldest_clock="2017-01-03", newest_clock="2021-11-23",
        parts=[{"table": "shop.card_payment", "rows": 15_002}, {"table": "shop.paypal_payment", "rows": 611}],
    ),
    rule(
        "refunds", "refund", "delete", "waiting", [PAYMENT, TRANSACTION],
        planned=640, due=640, overdue=12, reason="waits for approval (limit, new_or_changed)",
    ),
    rule(
        "shipments", "shipment", "delete", "failed", [PAYMENT],
        planned=410, due=410, reason="unreadable clocks: 52 rows, more than the rule tolerates", unreadable=52,
    ),
    rule(
        "orders", "orders", "delete", "done", [CONTRACT, maximum("service_payment")],
        planned=9_310, due=9_310, done=9_310, referenced=412, batches=5, seconds=2.2,
        oldest_clock="2016-03-02", newest_clock="2021-11-23", parts=[{"table": "shop.order_item", "rows": 21_480}],
        referenced_by=[
            {"table": "shop.refund", "rows": 398, "until": "2027-03-02"},
            {"table": "shop.coupon_use", "rows": 14},
        ],
    ),
    rule(
        "posts", "post", "delete", "done", [maximum("service")],
        planned=77, due=77, done=77, referenced=5, batches=1, oldest_clock="2026-10-30", newest_clock="2026-11-23",
        referenced_by=[{"table": "shop.post", "rows": 5, "until": "2026-12-31"}],
    ),
    rule(
        "suspensions", "suspension_record", "delete", "stopped", [maximum("service")],
        planned=60, due=60, done=40, batches=1, reason="time window", oldest_clock="2026-11-01",
        newest_clock="2026-11-20",
    ),
    rule(
        "marketing_items", "marketing_consent", "erase", "done",
        [maximum("marketing", article="제22조 ① 7 · 제37조 ①③④")],
        planned=2_015, due=2_015, done=2_015, batches=2, oldest_clock="2026-11-19", newest_clock="2026-11-23",
    ),
    rule(
        "member_profile", "member", "erase", "done", [maximum("membership")],
        planned=512, due=512, done=512, batches=1, oldest_clock="2026-11-20", newest_clock="2026-11-23",
    ),
    rule(
        "member_identity", "member", "anonymize", "done", [IDENTITY, maximum("membership")],
        planned=388, due=388, done=388, batches=1, oldest_clock="2021-05-01", newest_clock="2026-11-23",
    ),
    rule(
        "usage", "usage_log", "pseudonymize", "done", [LOGIN],
        planned=240_118, due=240_118, done=240_118, batches=25, seconds=12.8, unreadable=31,
        oldest_clock="2026-05-24", newest_clock="2026-08-23",
    ),
    rule(
        "usage.after", "usage_log", "delete", "done", [TERM],
        planned=52_300, due=52_300, done=52_300, batches=6, seconds=1.9,
    ),
    rule(
        "transfers", "processor_transfer", "delete", "refused", [],
        reason="shop.processor_transfer.note: RET201 the column is not classified; name it under items or not_personal",
    ),
]  # fmt: skip

FACTS: Document = {
    "organisation": {
        "name": "주식회사 배움상점",
        "officer": {"role": "개인정보 보호책임자", "name": "한지우", "department": "경영지원실"},
        "in_charge": {"role": "개인정보 담당자", "name": "오하준", "department": "데이터플랫폼팀"},
    },
    "bases": {
        basis["id"]: {
            "statute": basis["statute"],
            "article": basis["article"],
            "record": basis["record"],
            "keep": basis["period"],
            "computation": basis["computation"],
            "roll_holidays": basis["roll_holidays"],
            "read": "2026-07-21",
            "source_mark": "O" if basis is STAFF else "V",
        }
        for basis in (PAYMENT, CONTRACT, DISPUTE, ADVERTISING, TRANSACTION, LOGIN, STAFF)
    },
    "purposes": {
        id_: {"name": name, "statute": "개인정보 보호법", "article": "제21조 ①"}
        for id_, name in {
            "membership": "회원관리 및 본인 확인",
            "service": "서비스 제공",
            "service_payment": "서비스 결제",
            "inquiry_response": "고객 문의 응대",
            "marketing": "마케팅 및 광고",
        }.items()
    },
    "rules": {
        "logins": {"file": "로그인기록", "copies": ["로그 수집기 7일 보관분"], "purposes": [], "columns": {}},
        "staff_access": {"file": "개인정보취급자 접속기록", "copies": [], "purposes": [], "columns": {}},
        "advertising": {"file": "표시광고기록", "copies": ["㈜빅인사이트"], "purposes": [], "columns": {}},
        "disputes": {"file": "고객문의 및 분쟁처리기록", "copies": ["더화이트커뮤니케이션 상담 기록"], "columns": {}},
        "payments": {"file": "결제기록", "copies": ["일일 백업 14일", "㈜한국사이버결제", "페이플"], "columns": {}},
        "refunds": {"file": "환불기록", "copies": [], "columns": {}},
        "shipments": {"file": "배송기록", "copies": ["씨제이대한통운(주)", "주식회사 누보"], "columns": {}},
        "orders": {"file": "계약 및 청약철회 기록", "copies": ["일일 백업 14일"], "columns": {}},
        "posts": {"file": "게시물", "copies": ["검색 색인"], "columns": {}},
        "suspensions": {"file": "이용정지기록", "copies": [], "columns": {}},
        "transfers": {"file": "처리위탁 제공기록", "copies": ["수탁자 보관분"], "columns": {}},
        "marketing_items": {
            "file": "마케팅 수신동의",
            "copies": ["㈜알리는사람들", "인포뱅크㈜", "스티비 주식회사"],
            "columns": dict.fromkeys(["name", "mobile", "email", "address", "birth_date", "sex", "occupation"], "null"),
        },
        "member_profile": {
            "file": "회원정보",
            "copies": [],
            "columns": dict.fromkeys(["password_hash", "nickname", "birth_date", "picture_url"], "null"),
        },
        "member_identity": {
            "file": "회원정보",
            "copies": ["일일 백업 14일"],
            "columns": {
                "login_id": "token: member",
                "name": "constant: 탈퇴회원",
                "mobile": "mask: {'first': 3, 'last': 2}",
                "email": "null",
                "birth_date": "generalize: year",
            },
        },
        "usage": {
            "file": "서비스 이용기록",
            "copies": ["Mixpanel"],
            "columns": {"login_id": "token: usage", "access_ip": "generalize: ip24", "spent": "generalize: band:10000"},
            "for": "statistics",
            "term": "P1Y",
        },
    },
    "databases": [
        {
            "name": "shop",
            "shard": 0,
            "identity": "shop-demo",
            "engine": "PostgreSQL",
            "leftovers": (
                "dead row versions stay in the table's files until VACUUM, and in the WAL and its archives until they "
                "are recycled; VACUUM the tables named here, and let archives and backups expire"
            ),
        }
    ],
}

CHECKS = [
    *(
        {"phase": "before", "rule": one["id"], "check": check, "ok": True, "count": 0}
        for one in RULES
        for check in ("null", "unreadable", "future")
        if one["id"] not in ("shipments", "usage.after", "transfers")
    ),
    {
        "phase": "before", "rule": "shipments", "check": "unreadable", "ok": False, "count": 52,
        "note": "of 900 rows, 5.00% tolerated",
    },
    {
        "phase": "before", "rule": "usage", "check": "future", "ok": True, "count": 4,
        "note": "of 250,000 rows, 5.00% tolerated",
    },
    {"phase": "before", "rule": "", "check": "orphans shop.order_item(order_id) → shop.orders", "ok": True, "count": 6},
    *({"phase": "after", "rule": one["id"], "check": "due left", "ok": True, "count": 0} for one in RULES[:-1]),
    {"phase": "after", "rule": "member_identity", "check": "email not null", "ok": True, "count": 0},
    {"phase": "after", "rule": "usage", "check": "login_id not in its format", "ok": False, "count": 1},
]  # fmt: skip

RUN: Document = {
    "schema": "retention.run/1",
    "run": "20261123T1702Z-ab12cd",
    "plan": PLAN_DIGEST,
    "as_of": "2026-11-24",
    "status": "partial",
    "dry_run": False,
    "opened": "2026-11-23T17:02:11Z",
    "closed": "2026-11-23T17:04:58Z",
    "who": "retention",
    "from": "batch-01",
    "matrix": MATRIX_DIGEST,
    "calendar": "holidays 0.109 +2026-06-03",
    "rules": RULES,
    "checks": CHECKS,
    "findings": [
        {
            "code": "RET301", "severity": "warning", "scope": "rule", "where": "config/retention.yaml:214",
            "what": "no index serves the clock of rule posts", "do": "add one on shop.post (member_id)",
        },
        {
            "code": "RET201", "severity": "error", "scope": "table", "where": "shop.processor_transfer.note",
            "what": "the column is not classified", "do": "name it under items or not_personal",
        },
    ],
    "approvals": [
        {
            "rule": "logins", "by": "한지우", "at": "2026-11-23T16:58:03.120000+00:00", "note": "limit, new_or_changed",
            "count": 1_000_000, "kind": "accept",
        },
        {
            "rule": "payments", "by": "오하준", "at": "2026-11-23T07:31:00+00:00", "note": "결산 완료 후 승인",
            "count": 18_420, "kind": "approve",
        },
    ],
    "holds": [
        {
            "id": "h1a2b3c4d", "kind": "subject", "database": "shop", "by": "한지우", "reason": "소송 2026-17",
            "since": "2026-10-01T01:00:00Z", "until": "2027-06-30",
        },
        {
            "id": "h5e6f7a8b", "kind": "where", "database": "shop", "table": "shop.inquiry", "by": "오하준",
            "reason": "세무조사", "since": "2026-11-02T05:30:00Z", "until": "2026-12-31",
        },
        {
            "id": "h9c0d1e2f", "kind": "rule", "database": "shop", "rule": "shipments", "by": "오하준",
            "reason": "배송 분쟁", "since": "2026-11-20T05:30:00Z",
        },
    ],
    "facts": FACTS,
    "ledger_head": HEAD,
    "confirmations": [{"by": "한지우", "note": "대장과 대조함", "at": "2026-11-24T00:15:00Z"}],
}  # fmt: skip


def a_plan() -> Document:
    """Return the plan that the run carried out."""
    waits = {"refunds": ["limit", "new_or_changed"], "logins": ["limit", "new_or_changed"], "payments": ["limit"]}
    rules = [
        {
            **{key: one[key] for key in ("id", "database", "shard", "table", "action", "bases", "planned", "overdue")},
            "unit": "shop/0/1",
            "order": number,
            "rows": {key: one[key] for key in ("due", "held", "referenced", "unreadable")},
            "parts": one["parts"],
            "limit": None,
            "approval": "by_limit",
            "waits": waits.get(one["id"], []),
            "sealed": False,
            "referenced_by": one["referenced_by"],
            "statement": "",
            "findings": [],
            **({"oldest_due": one["oldest_clock"]} if "oldest_clock" in one else {}),
        }
        for number, one in enumerate(RULES[:-1])
    ]
    return {
        "schema": "retention.plan/1",
        "as_of": "2026-11-24",
        "matrix": MATRIX_DIGEST,
        "calendar": RUN["calendar"],
        "digest": PLAN_DIGEST,
        "databases": [{"name": "shop", "shard": 0, "identity": "shop-demo"}],
        "rules": rules,
        "tables": [
            {"name": "shop.member", "shard": 0, "uncovered": 0},
            {"name": "shop.payment", "shard": 0, "uncovered": 18},
        ],
        "findings": [],
    }


def a_run(**changes: Any) -> Document:
    """Return a run that was carried out, with parts of the document replaced."""
    return {**copy.deepcopy(RUN), **changes}


def a_dry_run() -> Document:
    """Return the same night as a dry run: what was withheld is withheld, the rest shows no numbers."""
    withheld = ("waiting", "refused", "failed")
    gone = ("oldest_clock", "newest_clock")
    nought = {"status": "nothing", "done": 0, "survived": 0, "drifted": 0, "batches": 0, "seconds": 0.0, "parts": []}
    rules = [
        one if one["status"] in withheld else {**{k: v for k, v in one.items() if k not in gone}, **nought}
        for one in copy.deepcopy(RULES)
    ]
    before = [one for one in CHECKS if one["phase"] == "before"]
    return a_run(dry_run=True, rules=rules, checks=before, approvals=[], confirmations=[])
