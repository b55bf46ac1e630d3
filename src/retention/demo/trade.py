"""Courses, orders, payments, refunds, withdrawals, shipments and inquiries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retention.demo.calendar import DAY, Calendar, Seconds, days, stamps
from retention.demo.members import COURSES, Members, Table
from retention.demo.pools import Objects, Pools, numbered, texts, unless

_ISSUERS = ("가나카드", "다라카드", "마바카드")
_BANKS = ("가람은행", "누리은행", "다온은행")
_YEAR = 365 * DAY
_GONE = 80_000_000
"""Members that an older system removed: their orders still name them."""


@dataclass(frozen=True)
class Orders:
    """The orders that later rows refer to."""

    ids: NDArray[np.int64]
    who: NDArray[np.int64]
    at: Seconds
    amounts: NDArray[np.int64]
    withdrawn: NDArray[np.bool_]


def courses(pools: Pools, calendar: Calendar) -> Table:
    """Return the courses on sale."""
    ids = np.arange(1, COURSES + 1, dtype=np.int64)
    return (
        "course",
        {
            "id": ids.astype(object),
            "title": numbered("강의 ", ids),
            "price": (pools.random.integers(1, 60, COURSES) * 5_000).astype(object),
            "opened_on": days(np.full(COURSES, calendar.first, dtype=np.int64)),
        },
    )


def trade_tables(pools: Pools, calendar: Calendar, members: Members) -> Iterator[Table]:
    """Yield orders and everything that hangs on them, parents first."""
    orders, table = _orders(pools, calendar, members)
    yield table
    yield _items(pools, orders)
    yield from _payments(pools, calendar, members, orders)
    yield _withdrawals(pools, orders)
    yield _shipments(pools, calendar, members, orders)
    yield from _inquiries(pools, calendar, members, orders)


def _orders(pools: Pools, calendar: Calendar, members: Members) -> tuple[Orders, Table]:
    count = len(members.ids) * 5 // 2
    who = pools.random.integers(0, len(members.ids), count)
    at = calendar.between(pools, members.created[who], members.until[who])
    withdrawn = pools.chance(count, 0.08)
    ids = np.arange(1, count + 1, dtype=np.int64)
    orders = Orders(ids, who, at, pools.random.integers(0, 60, count) * 5_000, withdrawn)
    closed = at + 14 * DAY
    gone = pools.chance(count, 0.005)
    member = np.where(gone, _GONE + ids, members.ids[who])
    return orders, (
        "orders",
        {
            "id": ids.astype(object),
            "order_no": numbered("O", ids),
            "member_id": unless(pools.chance(count, 0.01), member),
            "orderer_name": members.names[who],
            "orderer_mobile": members.mobiles[who],
            "orderer_email": unless(~pools.chance(count, 0.7), members.emails[who]),
            "orderer_sex": unless(~pools.chance(count, 0.3), members.sexes[who]),
            "orderer_birth_year": unless(~pools.chance(count, 0.3), 1970 + members.birth[who] // _YEAR),
            "orderer_former_occupation": unless(~pools.chance(count, 0.1), pools.draw(pools.occupations, count)),
            "orderer_occupation": unless(~pools.chance(count, 0.2), members.occupations[who]),
            "amount": orders.amounts.astype(object),
            "contracted_at": unless(pools.chance(count, 0.001), stamps(at)),
            "withdrawn_at": unless(~withdrawn, stamps(at + 3 * DAY)),
            "closed_at": unless(pools.chance(count, 0.005) | (closed > calendar.last), stamps(closed)),
        },
    )


def _items(pools: Pools, orders: Orders) -> Table:
    lines = pools.random.integers(1, 3, len(orders.ids))
    order = np.repeat(orders.ids, lines)
    line = np.concatenate([np.arange(1, one + 1) for one in lines.tolist()])
    return (
        "order_item",
        {
            "order_id": order.astype(object),
            "line": line.astype(object),
            "course_id": pools.random.integers(1, COURSES + 1, len(order)).astype(object),
            "price": (pools.random.integers(0, 60, len(order)) * 5_000).astype(object),
        },
    )


def _payments(pools: Pools, calendar: Calendar, members: Members, orders: Orders) -> Iterator[Table]:
    of = np.flatnonzero(pools.chance(len(orders.ids), 0.96))
    count = len(of)
    ids = np.arange(1, count + 1, dtype=np.int64)
    paid = orders.at[of] + pools.random.integers(30, 3 * DAY, count)
    late = pools.chance(count, 0.01)
    supplied = paid + np.where(late, pools.random.integers(_YEAR, 2 * _YEAR, count), DAY)
    method = pools.pick(("card", "bank", "paypal"), count, (0.7, 0.25, 0.05))
    void = pools.chance(count, 0.01)
    settled = paid + 30 * DAY
    yield (
        "payment",
        {
            "id": ids.astype(object),
            "ref": numbered("P", ids),
            "order_id": orders.ids[of].astype(object),
            "method": method,
            "amount": orders.amounts[of].astype(object),
            "status": np.where(void, "void", "paid").astype(object),
            "paid_at": unless(pools.chance(count, 0.002), stamps(paid)),
            "supplied_at": unless(void | (supplied > calendar.last), stamps(supplied)),
            "settled_at": unless(settled > calendar.last, stamps(settled)),
        },
    )
    card, bank, paypal = (np.flatnonzero(method == one) for one in ("card", "bank", "paypal"))
    last = pools.random.integers(0, 10_000, len(card))
    yield (
        "card_payment",
        {
            "payment_id": ids[card].astype(object),
            "issuer": pools.pick(_ISSUERS, len(card)),
            "card_number": texts([f"0000-****-****-{one:04d}" for one in last.tolist()]),
            "transaction_no": numbered("CT", ids[card]),
            "approval_no": numbered("CA", ids[card]),
        },
    )
    yield (
        "bank_payment",
        {
            "payment_id": ids[bank].astype(object),
            "bank": pools.pick(_BANKS, len(bank)),
            "virtual_account": numbered("000-", ids[bank]),
            "payer_name": members.names[orders.who[of[bank]]],
            "transaction_no": numbered("BT", ids[bank]),
        },
    )
    yield (
        "paypal_payment",
        {
            "id": np.arange(1, len(paypal) + 1).astype(object),
            "payment_ref": numbered("P", ids[paypal]),
            "paypal_account": numbered("pay", ids[paypal], "@pay.invalid"),
            "payment_data": pools.draw(pools.sentences, len(paypal)),
        },
    )
    back = np.flatnonzero(orders.withdrawn[of])
    asked = paid[back] + 3 * DAY
    refunded = asked + 5 * DAY
    yield (
        "refund",
        {
            "id": np.arange(1, len(back) + 1).astype(object),
            "payment_id": ids[back].astype(object),
            "account_bank": pools.pick(_BANKS, len(back)),
            "account_no": numbered("111-", ids[back]),
            "account_holder": members.names[orders.who[of[back]]],
            "amount": orders.amounts[of[back]].astype(object),
            "requested_at": stamps(asked),
            "refunded_at": unless(pools.chance(len(back), 0.02) | (refunded > calendar.last), stamps(refunded)),
        },
    )


def _withdrawals(pools: Pools, orders: Orders) -> Table:
    of = np.flatnonzero(orders.withdrawn)
    asked = orders.at[of] + 3 * DAY
    return (
        "contract_withdrawal",
        {
            "id": np.arange(1, len(of) + 1).astype(object),
            "order_id": orders.ids[of].astype(object),
            "reason": pools.draw(pools.sentences, len(of)),
            "requested_at": stamps(asked),
            "completed_at": unless(pools.chance(len(of), 0.02), stamps(asked + 5 * DAY)),
        },
    )


def _shipments(pools: Pools, calendar: Calendar, members: Members, orders: Orders) -> Table:
    of = np.flatnonzero(pools.chance(len(orders.ids), 0.55))
    count = len(of)
    late = pools.chance(count, 0.01)
    shipped = orders.at[of] + np.where(late, pools.random.integers(_YEAR, 3 * _YEAR, count), 2 * DAY)
    delivered = shipped + pools.random.integers(DAY, 5 * DAY, count)
    ids = np.arange(1, count + 1, dtype=np.int64)
    return (
        "shipment",
        {
            "id": ids.astype(object),
            "order_id": orders.ids[of].astype(object),
            "carrier": pools.pick(("씨제이대한통운(주)", "이타북스", "택배마스터"), count),
            "tracking_no": numbered("T", ids),
            "receiver_name": members.names[orders.who[of]],
            "receiver_mobile": members.mobiles[orders.who[of]],
            "receiver_address": members.addresses[orders.who[of]],
            "shipped_at": unless(shipped > calendar.last, stamps(shipped)),
            "delivered_at": unless(delivered > calendar.last, stamps(delivered)),
        },
    )


def _inquiries(pools: Pools, calendar: Calendar, members: Members, orders: Orders) -> Iterator[Table]:
    count = len(members.ids) // 2
    of = pools.random.integers(0, len(orders.ids), count)
    who = orders.who[of]
    opened = np.minimum(orders.at[of] + pools.random.integers(0, 90 * DAY, count), calendar.last)
    closed = opened + pools.random.integers(3_600, 20 * DAY, count)
    ids = np.arange(1, count + 1, dtype=np.int64)
    yield (
        "inquiry",
        {
            "id": ids.astype(object),
            "member_id": unless(pools.chance(count, 0.1), members.ids[who]),
            "order_id": unless(pools.chance(count, 0.5), orders.ids[of]),
            "kind": pools.pick(("question", "complaint", "dispute"), count, (0.7, 0.2, 0.1)),
            "name": members.names[who],
            "mobile": members.mobiles[who],
            "email": unless(~pools.chance(count, 0.7), members.emails[who]),
            "address": unless(~pools.chance(count, 0.3), members.addresses[who]),
            "opened_at": stamps(opened),
            "closed_at": unless(pools.chance(count, 0.03) | (closed > calendar.last), stamps(closed)),
        },
    )
    lines = pools.random.integers(1, 5, count)
    parent = np.repeat(np.arange(count), lines)
    body: Objects = pools.draw(pools.sentences, len(parent))
    yield (
        "inquiry_message",
        {
            "id": np.arange(1, len(parent) + 1).astype(object),
            "inquiry_id": ids[parent].astype(object),
            "sender": pools.pick(("customer", "staff"), len(parent)),
            "body": body,
            "written_at": stamps(opened[parent] + pools.random.integers(0, 5 * DAY, len(parent))),
        },
    )
