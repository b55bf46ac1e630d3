"""FF1 against the examples that NIST published with it, and permutations that must hit every number once."""

from __future__ import annotations

import math
import string
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from retention.surrogate.ff1 import FF1, Halves
from retention.surrogate.permutation import Permutation

_DIGITS = string.digits + string.ascii_lowercase
_KEY = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
_TWEAK = "39383736353433323130"
_LONG_TWEAK = "3737373770717273373737"
NIST = [
    (16, 10, "", "0123456789", "2433477484"),
    (16, 10, _TWEAK, "0123456789", "6124200773"),
    (16, 36, _LONG_TWEAK, "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (24, 10, "", "0123456789", "2830668132"),
    (24, 10, _TWEAK, "0123456789", "2496655549"),
    (24, 36, _LONG_TWEAK, "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (32, 10, "", "0123456789", "6657667009"),
    (32, 10, _TWEAK, "0123456789", "1001623463"),
    (32, 36, _LONG_TWEAK, "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


def _written(number: int, radix: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, radix)
        digits = _DIGITS[digit] + digits
    return digits


@pytest.mark.parametrize(("key", "radix", "tweak", "plain", "cipher"), NIST)
def test_ff1_gives_what_nist_printed(key: int, radix: int, tweak: str, plain: str, cipher: str) -> None:
    half, length = len(plain) // 2, len(plain)
    halves = Halves.of_radix(radix, length, bytes.fromhex(tweak))
    pair = (int(plain[:half], radix), int(plain[half:], radix))
    ((left, right),) = FF1(bytes.fromhex(_KEY)[:key]).encrypt(halves, [pair])
    assert _written(left, radix, half) + _written(right, radix, length - half) == cipher


def _by_the_book(key: bytes, radix: int, tweak: bytes, numerals: list[int]) -> list[int]:
    """Encrypt numeral by numeral, step by step as SP 800-38G writes it (algorithm 7)."""

    def number(digits: list[int]) -> int:
        return sum(digit * radix**place for place, digit in enumerate(reversed(digits)))

    def prf(message: bytes) -> bytes:
        encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
        return encryptor.update(message)[-16:]

    n = len(numerals)
    u, v = n // 2, n - n // 2
    a, b = numerals[:u], numerals[u:]
    length = math.ceil(math.ceil(v * math.log2(radix)) / 8)
    d = 4 * math.ceil(length / 4) + 4
    p = bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, u % 256]) + n.to_bytes(4, "big")
    p += len(tweak).to_bytes(4, "big")
    for i in range(10):
        q = tweak + bytes((-len(tweak) - length - 1) % 16) + bytes([i]) + number(b).to_bytes(length, "big")
        r = prf(p + q)
        s = r
        for j in range(1, math.ceil(d / 16)):
            s += prf(bytes(x ^ y for x, y in zip(r, j.to_bytes(16, "big"), strict=True)))
        m = u if i % 2 == 0 else v
        c = (number(a) + int.from_bytes(s[:d], "big")) % radix**m
        a, b = b, [c // radix**place % radix for place in reversed(range(m))]
    return a + b


@given(st.integers(2, 60000), st.integers(2, 60), st.binary(max_size=40), st.randoms(use_true_random=False))
def test_any_text_comes_out_as_by_the_book(radix: int, length: int, tweak: bytes, chance: Any) -> None:
    numerals = [chance.randrange(radix) for _ in range(length)]
    key, half = bytes(range(32)), length // 2

    def number(digits: list[int]) -> int:
        return sum(digit * radix**place for place, digit in enumerate(reversed(digits)))

    expected = _by_the_book(key, radix, tweak, numerals)
    pair = (number(numerals[:half]), number(numerals[half:]))
    assert FF1(key).encrypt(Halves.of_radix(radix, length, tweak), [pair]) == [
        (number(expected[:half]), number(expected[half:]))
    ]


def _permutation(secret: bytes = b"k") -> Permutation:
    return Permutation(lambda part: (secret + part.encode()).ljust(32, b"\0"))


@pytest.mark.parametrize("size", [1, 2, 10, 999, 26 * 26])
def test_a_small_domain_is_hit_once_each(size: int) -> None:
    assert sorted(_permutation().below(size, "", range(size))) == list(range(size))


@pytest.mark.parametrize("radices", [(10, 10, 10, 10, 10, 10), (26, 26, 10, 10, 10, 10), (10, 11172, 26)])
def test_a_large_domain_keeps_inside_and_apart(radices: tuple[int, ...]) -> None:
    size = math.prod(radices)
    some = list(range(0, size, max(1, size // 5000)))
    images = _permutation().places(radices, "layout", some)
    assert len(set(images)) == len(some)
    assert all(0 <= image < size for image in images)


def test_every_number_of_a_domain_for_ff1_is_hit_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retention.surrogate.permutation.SMALLEST", 100)
    for size in (101, 5000, 70 * 70, 70 * 70 + 1):
        assert sorted(_permutation().below(size, "", range(size))) == list(range(size)), "also where it has to walk"
    for radices in ((10, 10, 10), (7, 11, 13, 5), (3, 997)):
        assert sorted(_permutation().places(radices, "odd", range(math.prod(radices)))) == list(
            range(math.prod(radices))
        )


@given(st.lists(st.integers(0, 10**40 - 1), unique=True, min_size=2, max_size=20))
def test_long_texts_stay_apart_too(numbers: list[int]) -> None:
    images = _permutation().places([10] * 40, "", numbers)
    assert len(set(images)) == len(numbers)
    assert images == _permutation().places([10] * 40, "", numbers)
    assert images != _permutation(b"other").places([10] * 40, "", numbers)
    assert images != _permutation().places([10] * 40, "tweak", numbers)


def test_several_blocks_and_lengthened_digests_stay_apart() -> None:
    numbers = [10**400 - one for one in range(1, 200)]
    images = _permutation().places([10] * 400, "", numbers)
    assert len(set(images)) == len(numbers)
    assert all(0 <= image < 10**400 for image in images)
