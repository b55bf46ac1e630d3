"""The ugly rows: each one that a real shop has sooner or later, and what must become of it.

They are put beside the drawn rows with ids of their own, so that tests and people can look at each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from retention.law import cutoff

FIRST = 90_000_001
"""The first id of an ugly row, in every table."""
_NOON = time(12, 0)
_MIDNIGHT = time(0, 0)
_SECOND = timedelta(seconds=1)
_UTC_BEHIND = timedelta(hours=9)


@dataclass(frozen=True)
class Ugly:
    """One ugly row. ``fate`` is its state under the rule, as of the shop's day."""

    table: str
    row: dict[str, Any]
    rule: str
    fate: str
    why: str


def ugly_rows(as_of: date) -> list[Ugly]:
    """Return the ugly rows of a shop made round ``as_of``, parents first."""
    return [*_members(as_of), *_orders(as_of), *_logs(as_of), *_transfers(as_of)]


def _at(day: date, clock: time = _NOON) -> datetime:
    return datetime.combine(day, clock)


def _member(number: int, as_of: date, left: datetime | None, **more: Any) -> dict[str, Any]:
    return {
        "id": FIRST + number,
        "login_id": f"ugly{number:04d}",
        "password_hash": "$argon2id$demo$ugly",
        "name": "홍길동",
        "nickname": "고래",
        "mobile": "010-0000-0000",
        "email": f"ugly{number:04d}@mail.invalid",
        "address": "서울특별시 어딘가 1",
        "company": None,
        "recommender_id": None,
        "birth_date": date(1990, 1, 1),
        "sex": "F",
        "occupation": "교사",
        "picture_url": None,
        "status": "active" if left is None else "left",
        "created_at": _at(as_of - timedelta(days=2500)),
        "left_at": left,
        "anonymized_at": None,
        **more,
    }


def _members(as_of: date) -> list[Ugly]:
    day = timedelta(days=1)
    long_ago = _at(as_of - timedelta(days=1000))
    rule = "member_profile"

    def case(number: int, left: datetime | None, fate: str, why: str, **more: Any) -> Ugly:
        return Ugly("member", _member(number, as_of, left, **more), rule, fate, why)

    nothing_left = dict.fromkeys(
        ("password_hash", "nickname", "company", "recommender_id", "birth_date", "sex", "occupation", "picture_url")
    )
    cases = [
        case(0, None, "in_use", "marked as left, and no day of leaving was ever written", status="left"),
        case(1, _at(as_of), "in_use", "left today: the purpose lives through its end day"),
        case(2, _at(as_of - day), "due", "left yesterday: the profile goes today"),
        case(3, _at(as_of + 30 * day), "in_use", "leaves next month"),
        case(4, _at(date(1970, 1, 1)), "unreadable", "left on the first day of the epoch: a zero, not a day"),
        case(5, long_ago, "due", "left long ago, and an open dispute still needs the name"),
        case(6, long_ago, "done", "left long ago, and gave no profile", **nothing_left),
        case(7, long_ago, "due", "left long ago, and joined again as the next one"),
        case(8, None, "in_use", "the same person, joined again", recommender_id=FIRST + 7),
    ]
    first = FIRST
    posts = [
        Ugly(
            "post",
            {
                "id": first,
                "member_id": FIRST + 7,
                "reply_to": None,
                "board": "질문",
                "content": "어떻게 하나요",
                "written_at": long_ago,
            },
            "posts",
            "referenced",
            "its writer left, and a member who stays has answered it",
        ),
        Ugly(
            "post",
            {
                "id": first + 1,
                "member_id": FIRST + 8,
                "reply_to": first,
                "board": "질문",
                "content": "이렇게 합니다",
                "written_at": long_ago + day,
            },
            "posts",
            "in_use",
            "the answer of a member who stays",
        ),
    ]
    return [*cases, *posts]


def _order(number: int, contracted: datetime | None, closed: datetime | None, member: int | None) -> dict[str, Any]:
    return {
        "id": FIRST + number,
        "order_no": f"UGLY{number:04d}",
        "member_id": member,
        "orderer_name": "홍길동",
        "orderer_mobile": "010-0000-0000",
        "orderer_email": None,
        "orderer_sex": None,
        "orderer_birth_year": None,
        "orderer_former_occupation": None,
        "orderer_occupation": None,
        "amount": 10_000,
        "contracted_at": contracted,
        "withdrawn_at": None,
        "closed_at": closed,
    }


def _orders(as_of: date) -> list[Ugly]:
    lapsed = cutoff(as_of, "P5Y", roll_holidays=True)
    day = timedelta(days=1)
    before, after = _at(lapsed - day, time(23, 59, 59)), _at(lapsed, _MIDNIGHT)
    old, closed = _at(lapsed - 400 * day), _at(lapsed - 390 * day)
    young = _at(as_of - 100 * day)

    def order(number: int, contracted: datetime | None, fate: str, why: str, member: int | None = None) -> Ugly:
        return Ugly("orders", _order(number, contracted, closed, member), "orders", fate, why)

    def payment(number: int, of: int, paid: datetime | None, supplied: datetime | None, fate: str, why: str) -> Ugly:
        row = {
            "id": FIRST + number,
            "ref": f"UGLYP{number:04d}",
            "order_id": FIRST + of,
            "method": "card",
            "amount": 10_000,
            "status": "paid",
            "paid_at": paid,
            "supplied_at": supplied,
            "settled_at": closed,
        }
        return Ugly("payment", row, "payments", fate, why)

    return [
        order(0, before, "due", "contracted in the last second that has lapsed"),
        order(1, after, "separate", "contracted in the first second that has not"),
        order(2, None, "unreadable", "nobody knows when it was contracted"),
        order(3, old, "referenced", "old, and a young shipment belongs to it"),
        order(4, old, "referenced", "old, and a dispute over it is still open", FIRST + 5),
        order(5, old, "due", "its member was removed by an older system", 89_000_000),
        order(6, old, "referenced", "old, and its goods were supplied this year"),
        order(7, _at(date(2200, 1, 1)), "separate", "contracted in a future that a typing error made"),
        Ugly(
            "shipment",
            {
                "id": FIRST,
                "order_id": FIRST + 3,
                "carrier": "이타북스",
                "tracking_no": "UGLY",
                "receiver_name": "홍길동",
                "receiver_mobile": "010-0000-0000",
                "receiver_address": "서울특별시 어딘가 1",
                "shipped_at": young,
                "delivered_at": young + day,
            },
            "shipments",
            "separate",
            "sent years after its order",
        ),
        Ugly(
            "inquiry",
            {
                "id": FIRST,
                "member_id": FIRST + 5,
                "order_id": FIRST + 4,
                "kind": "dispute",
                "name": "홍길동",
                "mobile": None,
                "email": None,
                "address": None,
                "opened_at": old,
                "closed_at": None,
            },
            "disputes",
            "in_use",
            "a dispute that was never closed",
        ),
        payment(0, 6, old, young, "separate", "paid long ago, supplied this year: the later one counts"),
        payment(1, 2, None, old, "unreadable", "the transaction has no day"),
    ]


def _logs(as_of: date) -> list[Ugly]:
    lapsed = cutoff(as_of, "P3M", roll_holidays=True)
    shown = cutoff(as_of, "P6M", roll_holidays=True)
    midnight = _at(lapsed, _MIDNIGHT)

    def login(number: int, at: datetime | None, fate: str, why: str) -> Ugly:
        row = {"id": FIRST + number, "login_id": "ugly0008", "access_ip": "192.0.2.1", "device": "web"}
        return Ugly("login_log", {**row, "logged_in_at": at}, "logins", fate, why)

    def usage(number: int, at: datetime, fate: str, why: str) -> Ugly:
        row = {"id": FIRST + number, "login_id": "ugly0008", "access_ip": "192.0.2.77", "page": "/", "user_agent": "x"}
        return Ugly("usage_log", {**row, "used_at": at}, "usage", fate, why)

    def advertising(number: int, on: date | None, fate: str, why: str) -> Ugly:
        row = {"id": FIRST + number, "login_id": "ugly0008", "campaign": "캠페인", "channel": "sms"}
        return Ugly("advertising_shown", {**row, "shown_on": on}, "advertising", fate, why)

    return [
        login(0, midnight - _SECOND, "due", "in the last second that has lapsed"),
        login(1, midnight, "separate", "in the first second that has not"),
        login(2, None, "unreadable", "without a time"),
        login(3, _at(date(1970, 1, 1), _MIDNIGHT), "unreadable", "a zero, not a time"),
        login(4, _at(as_of + timedelta(days=400)), "separate", "in the future"),
        usage(0, midnight - _UTC_BEHIND - _SECOND, "due", "a second before 15:00 UTC: a Seoul day that has lapsed"),
        usage(1, midnight - _UTC_BEHIND, "in_use", "15:00 UTC: the next day has begun in Seoul"),
        advertising(0, shown - timedelta(days=1), "due", "shown on the last day that has lapsed"),
        advertising(1, shown, "separate", "shown on the first day that has not"),
        advertising(2, None, "unreadable", "nobody knows when it was shown"),
    ]


def _transfers(as_of: date) -> list[Ugly]:
    def transfer(number: int, returned: str | None, fate: str, why: str) -> Ugly:
        row = {
            "id": FIRST + number,
            "member_id": FIRST + 8,
            "processor": "이타북스",
            "given": "이름, 주소",
            "given_on": "2020-01-01",
            "returned_on": returned,
        }
        return Ugly("processor_transfer", row, "transfers", fate, why)

    return [
        transfer(0, "", "unreadable", "an empty text sorts below every day"),
        transfer(1, "2021-02-30", "unreadable", "a day that never was"),
        transfer(2, "0000-00-00", "unreadable", "a zero date"),
        transfer(3, None, "in_use", "not returned yet"),
        transfer(4, (as_of - timedelta(days=1)).isoformat(), "due", "returned yesterday"),
        transfer(5, as_of.isoformat(), "in_use", "returned today"),
    ]
