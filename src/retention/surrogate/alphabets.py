"""The classes of characters that a format-preserving permutation keeps apart, and each class's members in order.

ASCII digits; ASCII letters, whose case is carried over from place to place and is no part of the permutation, so that
no two results differ in case alone; Hangul syllables; CJK ideographs; of all other letters and digits those of the
same 256 code points. Anything else (spaces, dashes, dots) separates, and stays.
"""

from __future__ import annotations

import string
from functools import cache
from typing import Final

DIGIT: Final = "\U000f2000"
LOWER: Final = "\U000f2001"
_UPPER: Final = "\U000f2002"
_HANGUL: Final = "\U000f2003"
_IDEOGRAPH: Final = "\U000f2004"
_PAGE: Final = 0xF0000
_LAST: Final = 0xF3000
_SIZE: Final = 256
_WHOLE: Final = {
    DIGIT: string.digits,
    LOWER: string.ascii_lowercase,
    _HANGUL: "".join(map(chr, range(0xAC00, 0xD7A4))),
    _IDEOGRAPH: "".join(map(chr, range(0x4E00, 0xA000))),
}
_KNOWN: Final = {ord(member): ord(mark) for mark, members in _WHOLE.items() for member in members}
_KNOWN.update({ord(letter): ord(_UPPER) for letter in string.ascii_uppercase})


class _Marks(dict[int, int]):
    """The mark of each character's class, a character of private use; a separator's is itself."""

    def __missing__(self, code: int) -> int:
        # The marks' own code points belong to classes too: none is ever taken for a separator.
        classed = code > 127 and (chr(code).isalnum() or _PAGE <= code < _LAST)  # noqa: PLR2004 - the end of ASCII
        self[code] = _PAGE + code // _SIZE if classed else code
        return self[code]


_MARKS: Final = _Marks(_KNOWN)


def shape_of(text: str) -> str:
    """Return the text with every character of a class replaced by the class's mark."""
    return text.translate(_MARKS)


def is_mark(character: str) -> bool:
    """Whether a character of a shape stands for a class."""
    return _PAGE <= ord(character) < _LAST


def without_case(mark: str) -> str:
    """Return the mark of a class whatever its case."""
    return LOWER if mark == _UPPER else mark


def is_upper(mark: str) -> bool:
    """Whether a mark stands for a capital letter."""
    return mark == _UPPER


@cache
def members(mark: str) -> str:
    """Return the members of a class, in order."""
    if mark in _WHOLE:
        return _WHOLE[mark]
    page = ord(mark) - _PAGE
    return "".join(chr(code) for code in range(page * _SIZE, (page + 1) * _SIZE) if _MARKS[code] == ord(mark))


@cache
def places(mark: str) -> dict[str, int]:
    """Return the place of each member in its class; a capital letter has its small one's."""
    found = {member: place for place, member in enumerate(members(mark))}
    if mark == LOWER:
        found.update({member.upper(): place for member, place in found.items()})
    return found
