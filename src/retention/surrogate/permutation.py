"""Keyed permutations of any domain: FF1 for large ones, an ordering by AES for small ones.

SP 800-38G (revision 1) wants at least a million possibilities for FF1. Below that the numbers themselves are put in
the order of their AES blocks (the prefix cipher of Black and Rogaway): as good a permutation as a key can choose. It
can't hide more than the domain holds: whoever knows that a value is one of ten knows it is one of ten.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retention.surrogate.ff1 import FF1, Blocks, Halves

SMALLEST: Final = 1_000_000
"""The smallest domain for FF1."""


class Permutation:
    """Permutations under one key; ``derive`` gives the keys of its parts."""

    def __init__(self, derive: Callable[[str], bytes]) -> None:
        self._large = FF1(derive("large"))
        self._small = Blocks(derive("small"))
        self._orders: dict[int, NDArray[np.int32]] = {}

    def places(self, radices: Sequence[int], tweak: str, numbers: Sequence[int]) -> list[int]:
        """Return numbers written in places of these radices, permuted; each ``tweak`` has a permutation of its own."""
        size = math.prod(radices)
        if size < SMALLEST:
            return self._ordered(size, numbers)
        if len(set(radices)) == 1:
            return self._joined(Halves.of_radix(radices[0], len(radices), _short(tweak)), numbers)
        half = len(radices) // 2
        left, right = math.prod(radices[:half]), math.prod(radices[half:])
        return self._joined(Halves(left, right, 0, len(radices), _short(tweak)), numbers)

    def below(self, size: int, tweak: str, numbers: Sequence[int]) -> list[int]:
        """Return numbers below ``size`` permuted among themselves; each ``tweak`` has a permutation of its own."""
        if size < SMALLEST:
            return self._ordered(size, numbers)
        side = math.isqrt(size - 1) + 1
        halves = Halves(side, side, 0, 0, _short(f"{size}{tweak}"))
        found = self._joined(halves, numbers)
        # Walking on from what lies outside comes back inside at last, and never on another's number.
        while outside := [place for place, number in enumerate(found) if number >= size]:
            for place, number in zip(outside, self._joined(halves, [found[one] for one in outside]), strict=True):
                found[place] = number
        return found

    def _joined(self, halves: Halves, numbers: Sequence[int]) -> list[int]:
        pairs = self._large.encrypt(halves, [divmod(number, halves.right) for number in numbers])
        return [left * halves.right + right for left, right in pairs]

    def _ordered(self, size: int, numbers: Sequence[int]) -> list[int]:
        order = self._orders.get(size)
        if order is None:
            blocks = np.zeros((size, 2), dtype=">u8")
            blocks[:, 0], blocks[:, 1] = size, np.arange(size)
            drawn = np.frombuffer(self._small.buffer(blocks.tobytes()), dtype=">u8")[::2]
            order = np.argsort(drawn, kind="stable").astype(np.int32)
            self._orders[size] = order
        found: list[int] = order[np.array(numbers, dtype=np.int64)].tolist()
        return found


def _short(tweak: str) -> bytes:
    """Return what stands for a tweak: with 8 bytes a round takes one block of AES as long as a half takes 7."""
    return hashlib.blake2b(tweak.encode(), digest_size=8).digest() if tweak else b""
