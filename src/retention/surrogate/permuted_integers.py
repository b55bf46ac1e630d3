"""Whole numbers permuted among those of as many digits that lie on the same side of every type's end."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from retention.surrogate import nobodys
from retention.surrogate.ff1 import Blocks
from retention.surrogate.permutation import SMALLEST, Permutation

_POWERS: Final = [10**digits for digits in range(20)]
_ENDS: Final = [1 << bits for bits in (7, 8, 15, 16, 23, 24, 31, 32, 63, 64)]
_BORDERS: Final = sorted([*_POWERS, *_ENDS])
SMALL: Final = [border for border in _BORDERS if border < SMALLEST]
"""A number between each two borders whose domain is too small for FF1."""
_TURNED: Final = range(13, 17)
"""How many digits a resident or card number has as a whole number."""


class PermutedIntegers:
    """Permutes whole numbers; 0 and -1, which often stand for none, stay."""

    def __init__(self, permutation: Permutation, turns: Blocks) -> None:
        self._permutation = permutation
        self._turns = turns

    def permuted(self, numbers: Sequence[int]) -> list[int]:
        """Return the numbers' images, in their order; a negative one's is negative."""
        found = list(numbers)
        groups: dict[tuple[bool, int], list[int]] = {}
        for place, number in enumerate(numbers):
            # -n - 1 is as far from its type's end as n.
            size = -number - 1 if number < 0 else number
            if 0 < size < _BORDERS[-1]:
                groups.setdefault((number < 0, bisect_right(_BORDERS, size)), []).append(place)
        for (negative, border), group in groups.items():
            sizes = [-numbers[one] - 1 if negative else numbers[one] for one in group]
            images = self._between(_BORDERS[border - 1], _BORDERS[border], sizes)
            for place, image in zip(group, images, strict=True):
                found[place] = -image - 1 if negative else image
        return found

    def _between(self, low: int, high: int, numbers: Sequence[int]) -> list[int]:
        length = len(str(low))
        if length not in _TURNED:
            return [low + image for image in self._permutation.below(high - low, "", [one - low for one in numbers])]
        least = 10 ** (length - 2)

        def others(written: Sequence[str]) -> list[str]:
            below = self._permutation.below(9 * least, f" others of {length}", [int(one) - least for one in written])
            return [str(least + image) for image in below]

        return [int(image) for image in nobodys.turned([str(number) for number in numbers], others, self._turns)]
