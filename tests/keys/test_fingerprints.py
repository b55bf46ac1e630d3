"""Fingerprints of row keys: equal for equal keys, different for all others, telling nothing of the key."""

from __future__ import annotations

import random
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retention.keys import Fingerprinter
from support.texts import texts

KEY = bytes(range(32))
MEMBER = Fingerprinter(KEY).for_table("shop.member")
ORDERS = Fingerprinter(KEY).for_table("shop.orders")

Row = tuple[Any, ...]


def split(digests: bytes) -> list[bytes]:
    return [digests[start : start + 16] for start in range(0, len(digests), 16)]


def test_each_row_gets_sixteen_bytes_in_the_rows_order() -> None:
    rows: list[Row] = [(3,), (1,), (2,)]
    assert len(MEMBER(rows)) == 48
    assert split(MEMBER(rows)) == [MEMBER([row]) for row in rows]
    assert MEMBER([]) == b""


def test_the_same_key_has_another_fingerprint_in_another_table_and_under_another_secret() -> None:
    others = Fingerprinter(KEY[::-1]).for_table("shop.member")
    for row in [(5,), ("a@b",), (UUID(int=5),), (1, "x")]:
        assert len({MEMBER([row]), ORDERS([row]), others([row])}) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((5,), (Decimal(5),)),
        ((5,), (Decimal("5.00"),)),
        ((1000,), (Decimal("1E+3"),)),
        ((2**70,), (Decimal(2**70),)),
        ((1,), (True,)),
        ((1, "a"), (Decimal(1), "a")),
        ((Decimal("1.5"),), (Decimal("1.500"),)),
        ((b"ab",), (bytearray(b"ab"),)),
        ((b"ab",), (memoryview(b"ab"),)),
    ],
)
def test_it_does_not_matter_in_which_form_a_driver_gives_a_value(one: Row, other: Row) -> None:
    assert MEMBER([one]) == MEMBER([other])
    assert MEMBER([one, (7, 8)]) == MEMBER([other, (7, 8)])
    assert MEMBER([one, other]) == MEMBER([one]) * 2


def test_a_batch_of_one_kind_and_a_mixed_one_agree() -> None:
    identifiers = [(UUID(int=number),) for number in range(5)]
    numbers = [(number,) for number in (-(2**63), -1, 0, 1, 2**63 - 1)]
    mixed = [*numbers, *identifiers, ("x",), (2**63,), (-(2**63) - 1,)]
    assert MEMBER(mixed) == b"".join(MEMBER([row]) for row in mixed)
    assert MEMBER(numbers) == MEMBER(mixed)[: 16 * len(numbers)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "bc"), ("ab", "c")),
        (("a", "b"), ("ab",)),
        (("", "a"), ("a", "")),
        ((1, 23), (12, 3)),
        ((1, "2"), (12, "")),
        ((None, 1), (1, None)),
        ((None,), ("",)),
        ((None,), ()),
        (("1",), (1,)),
        ((b"a",), ("a",)),
        ((date(2021, 3, 1),), (datetime(2021, 3, 1),)),
        ((UUID(int=1),), (1,)),
        ((UUID(int=1),), (UUID(int=1).bytes,)),
        ((Decimal("1.5"),), (Decimal("1.50000000000000000000000000000000001"),)),
        ((-1,), (2**64 - 1,)),
    ],
)
def test_keys_that_differ_never_look_alike(one: Row, other: Row) -> None:
    assert MEMBER([one]) != MEMBER([other])


VALUES = st.one_of(
    st.integers(-(2**70), 2**70), texts(max_size=4), st.binary(max_size=4), st.none(), st.uuids(), st.dates()
)


@given(st.lists(VALUES, min_size=1, max_size=3), st.lists(VALUES, min_size=1, max_size=3))
def test_two_composite_keys_have_one_fingerprint_only_if_they_are_one(one: list[Any], other: list[Any]) -> None:
    same = [type(value) for value in one] == [type(value) for value in other] and one == other
    assert (MEMBER([tuple(one)]) == MEMBER([tuple(other)])) == same


def test_no_two_of_a_big_batch_are_alike(proof: bool) -> None:
    count = 1_000_000 if proof else 100_000
    numbers = split(MEMBER([(number,) for number in range(count)]))
    assert len(set(numbers)) == count
    assert numbers[4711] == MEMBER([(4711,)])
    words = split(MEMBER([(f"member-{number}", number) for number in range(count // 10)]))
    assert len(set(words)) == count // 10


def test_a_big_batch_of_decimal_keys_has_the_fingerprints_of_the_integers() -> None:
    rows = [(Decimal(number),) for number in range(20_000)]
    assert MEMBER(rows) == MEMBER([(number,) for number in range(20_000)])


def test_nothing_of_a_key_shows_in_its_fingerprint() -> None:
    name = "홍길동-010-1234-5678"
    assert name.encode()[:6] not in MEMBER([(name,)])
    chosen = random.Random(1).getrandbits(63)
    assert chosen.to_bytes(8, "big") not in MEMBER([(chosen,)])
    ones = [bin(int.from_bytes(MEMBER([(number,)]))).count("1") for number in range(200)]
    assert 56 < sum(ones) / len(ones) < 72


def test_the_maker_of_fingerprints_shows_nothing_of_its_key() -> None:
    maker = Fingerprinter(KEY)
    assert repr(KEY)[2:-1] not in repr(maker) + repr(maker.for_table("t"))
    assert KEY.hex() not in repr(maker) + repr(maker.for_table("t"))
