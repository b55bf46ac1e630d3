"""Numbers of digits that mustn't come out as somebody's: telephone, resident and card numbers.

A permutation of all numbers of a length can't leave out the ones that are somebody's: what is mapped onto them has to
come from somewhere. So one digit is turned instead of permuted with the others, by an amount that the others' new
digits draw: where it tells a number that may be somebody's, the turned digit tells that it is nobody's.

- 9 to 12 digits, the first: a telephone number begins with 0, and its image never does.
- 13 digits, the third: a resident number has a month, 01 to 12; its image has none, whatever its check digit says.
- 14, 15, 16 and 19 digits, the last: a card number's check digit is right (Luhn); its image's is wrong.

The whole stays one to one: from the image's other digits follows the amount, so the turned digit can be turned back.
A number that was nobody's before can become one that looks like somebody's, as often as chance has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from retention.surrogate.ff1 import Blocks

_RESIDENT = 13
_TELEPHONE = range(9, 13)
_CARD = (14, 15, 16, 19)
_ONCE = bytes.maketrans(b"0123456789", bytes(range(10)))
_TWICE = bytes.maketrans(b"0123456789", bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))
"""What a digit counts as it is, and doubled with the digits of the double added up."""


def concerns(digits: int) -> bool:
    """Whether numbers of so many digits may be somebody's."""
    return digits in _TELEPHONE or digits == _RESIDENT or digits in _CARD


def turned(numbers: Sequence[str], permute: Callable[[Sequence[str]], Sequence[str]], blocks: Blocks) -> list[str]:
    """Return numbers of one length with one digit turned and the others permuted."""
    length = len(numbers[0])
    place, least, most = 0, 1, 9
    if length == _RESIDENT:
        # From 0 and 1, the first digit of a month, by 2 to 8: never to 0 or 1.
        place, least, most = 2, 2, 8
    check = length in _CARD
    if check:
        place = length - 1
    others = permute([number[:place] + number[place + 1 :] for number in numbers])
    drawn = blocks.encrypt([length << 96 | int(other) for other in others])
    found = []
    for number, other, draw in zip(numbers, others, drawn, strict=True):
        right = luhn(number[:place]) if check else 0
        digit = int(number[place]) - right + least + draw % (most - least + 1) + (luhn(other) if check else 0)
        found.append(f"{other[:place]}{digit % 10}{other[place:]}")
    return found


def luhn(digits: str) -> int:
    """Return the digit that makes these, with it at their end, a valid card number (ISO/IEC 7812-1)."""
    written = digits.encode()
    return -(sum(written[-2::-2].translate(_ONCE)) + sum(written[-1::-2].translate(_TWICE))) % 10
