"""The kinds of fake values: how each is put together from two drawn numbers, and written as the old value was.

They look real and hit nobody. Mobile numbers lie in the blocks 010-0 and 010-1, which are given to no one; local
numbers after 02 begin with 0, as none does; mail goes to ``.invalid`` (RFC 2606); no house has the main number 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from typing import Any, Final

import numpy as np

from retention.surrogate import pools
from retention.surrogate.base import objects
from retention.surrogate.days import KINDS as DAY_KINDS
from retention.surrogate.days import with_day
from retention.surrogate.draw import Draws
from retention.surrogate.pools import Objects

_LETTERS: Final = np.array([*"abcdefghijklmnopqrstuvwxyz234567"], dtype="U1")
_TAG: Final = 16
"""Characters of 5 bits each: 80 bits, so that two subjects don't meet in one."""
_BORN: Final = date(1950, 1, 1).toordinal()
_BIRTHS: Final = date(2004, 12, 31).toordinal() - _BORN
_DOMAIN: Final = "@mail.invalid"
_ISO: Final = len("2000-01-01")
_SIX: Final = re.compile(r"\d{6}")


@dataclass(frozen=True)
class FakeKind:
    """One kind. ``make`` takes two numbers for each subject; ``fit`` the old value, the fake one, and its room."""

    make: Callable[[Draws], Objects]
    needs: int
    """How many characters the column has to hold."""
    fit: Callable[[Any, Any, int], Any] | None = None
    kinds: tuple[str, ...] = ("text",)
    one_to_one: bool = False
    """Whether two subjects are sure to get different ones."""
    recognises: str | None = None


def _parts(drawn: Any, *sizes: int) -> list[Any]:
    """Return a number below each size; what of the drawn one is left after each goes into the next."""
    rest, found = drawn, []
    for size in sizes:
        found.append((rest % np.uint64(size)).astype(np.int64))
        rest = rest // np.uint64(size)
    return found


@cache
def _fours() -> Objects:
    """Return every number of four digits, as a text."""
    return objects([f"{number:04d}" for number in range(10_000)])


@cache
def _days() -> Objects:
    """Return every day of birth."""
    return objects([date.fromordinal(_BORN + number) for number in range(_BIRTHS)])


def _names(draws: Draws) -> Objects:
    first, given = pools.surnames(), pools.given_names()
    return np.asarray(first[_parts(draws[:, 0], len(first))[0]] + given[_parts(draws[:, 1], len(given))[0]])


def _nicknames(draws: Draws) -> Objects:
    pool = pools.nicknames()
    word, number = _parts(draws[:, 0], len(pool), 9000)
    return objects([f"{one}{two}" for one, two in zip(pool[word], (number + 1000).tolist(), strict=True)])


def _mobiles(draws: Draws) -> Objects:
    (number,) = _parts(draws[:, 0], 20_000_000)
    return np.asarray("010-" + _fours()[number // 10_000] + "-" + _fours()[number % 10_000])


def _phones(draws: Draws) -> Objects:
    (number,) = _parts(draws[:, 0], 10_000_000)
    return np.asarray("02-" + _fours()[number // 10_000] + "-" + _fours()[number % 10_000])


def _addresses(draws: Draws) -> Objects:
    district, road = pools.districts(), pools.roads()
    where, street, number = _parts(draws[:, 0], len(district), len(road), 99)
    return np.asarray(district[where] + " " + road[street] + " 0-" + (number + 1).astype("U2").astype(object))


def _occupations(draws: Draws) -> Objects:
    pool = pools.occupations()
    return np.asarray(pool[_parts(draws[:, 0], len(pool))[0]])


def _companies(draws: Draws) -> Objects:
    pool = pools.companies()
    return np.asarray(pool[_parts(draws[:, 0], len(pool))[0]])


def _logins(draws: Draws) -> Objects:
    # 8 characters of each number's lowest 40 bits; the word comes of the bits above them.
    shifts = np.arange(0, 40, 5, dtype=np.uint64)
    fives = (draws[:, :, None] >> shifts) & np.uint64(31)
    tags = _LETTERS[fives.reshape(len(draws), _TAG).astype(np.intp)]
    pool = pools.words()
    (word,) = _parts(draws[:, 0] >> np.uint64(40), len(pool))
    joined = np.ascontiguousarray(tags).view(f"U{_TAG}").ravel()
    return np.asarray(pool[word] + joined.astype(object))


def _emails(draws: Draws) -> Objects:
    return np.asarray(_logins(draws) + _DOMAIN)


def _births(draws: Draws) -> Objects:
    (day,) = _parts(draws[:, 0], _BIRTHS)
    return np.asarray(_days()[day])


def _dashes_as(old: Any, fake: Any, room: int) -> Any:
    """Return the number without dashes where the old one had none, or the column has no room for them."""
    return fake if "-" in str(old) and len(fake) <= room else fake.replace("-", "")


def _day_as(old: Any, fake: Any, room: int) -> Any:
    """Return the day in the old value's type and spelling; a time of day becomes midnight."""
    if isinstance(old, datetime):
        return datetime.combine(fake, time(), old.tzinfo)
    if not isinstance(old, str):
        return fake
    if _SIX.fullmatch(old) or room < _ISO - 2:
        return fake.strftime("%y%m%d")
    written: str = with_day(old if room >= _ISO else "20000101", fake)
    return written[:_ISO] + re.sub(r"\d", "0", written[_ISO:])


_LONGEST_WORD: Final = pools.longest(pools.words())
KINDS: Final[dict[str, FakeKind]] = {
    "name": FakeKind(_names, 3),
    "nickname": FakeKind(_nicknames, pools.longest(pools.nicknames()) + 4),
    "mobile": FakeKind(_mobiles, 11, _dashes_as, recognises="010-?[01][0-9]{3}-?[0-9]{4}"),
    "phone": FakeKind(_phones, 10, _dashes_as, recognises="02-?0[0-9]{3}-?[0-9]{4}"),
    "email": FakeKind(
        _emails,
        _LONGEST_WORD + _TAG + len(_DOMAIN),
        one_to_one=True,
        recognises="[a-z]{4,5}[a-z2-7]{16}@mail[.]invalid",
    ),
    "address": FakeKind(_addresses, pools.longest(pools.districts()) + pools.longest(pools.roads()) + 6),
    "company": FakeKind(_companies, pools.COMPANY_LENGTH),
    "occupation": FakeKind(_occupations, pools.OCCUPATION_LENGTH),
    "birth_date": FakeKind(_births, 6, _day_as, kinds=DAY_KINDS),
    "login_id": FakeKind(_logins, _LONGEST_WORD + _TAG, one_to_one=True, recognises="[a-z]{4,5}[a-z2-7]{16}"),
}
