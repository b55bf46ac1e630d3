"""Whether a regular expression can be given other people's texts: Python's engine tries every way to match.

A pattern such as ``(a+)+b`` takes longer than the universe has on forty letters a. How many ways there are to match a
text from one place is estimated here from the pattern alone, never too low; a pattern with too many is refused.

A repeat has more than one way only if what follows can begin with a character that the repeat could take as well.
Characters are tried on a sample that has one of every kind the pattern can tell apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

WINDOW: Final = 512
"""Characters that a pattern is given at a time."""
_MOST: Final = WINDOW**2
_KINDS: Final = "".join(map(chr, range(128))) + "가é漢٣　·"
_CATEGORIES: Final[dict[str, Callable[[str], bool]]] = {
    "DIGIT": str.isdecimal,
    "SPACE": str.isspace,
    "WORD": lambda one: one.isalnum() or one == "_",
}
_LOOKS: Final = ("ASSERT", "ASSERT_NOT", "AT")
_REPEATS: Final = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")

Items = list[tuple[Any, Any]]


def problem(pattern: str) -> str | None:
    """Return what is wrong with using the pattern, in words; None where nothing is."""
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError):
        return "is no regular expression"
    if compiled.match(""):
        return "matches where nothing stands"
    estimate = _Estimate(pattern)
    if estimate.refers:
        return "refers back to a group"
    if estimate.ways > _MOST:
        return "has repeats inside repeats, or one after another, of the same characters: it could take for ever"
    return None


class _Estimate:
    """How many ways a pattern has. ``refers``: it holds a back reference or a condition, which isn't estimated."""

    def __init__(self, pattern: str) -> None:
        parsed = import_module("re._parser").parse(pattern)
        self.refers = False
        self._sample = frozenset(_KINDS) | frozenset(pattern.swapcase()) | frozenset(pattern)
        self.ways = self._sequence(list(parsed), frozenset())

    def _sequence(self, items: Items, after: frozenset[str]) -> int:
        """Return the ways of items one after another; ``after``: what the text may go on with behind them."""
        ways = 1
        for number, item in enumerate(items):
            ways = min(_MOST + 1, ways * self._item(item, self._first(items[number + 1 :], after)))
        return ways

    def _item(self, item: tuple[Any, Any], after: frozenset[str]) -> int:
        name, argument = str(item[0]), item[1]
        if name in ("GROUPREF", "GROUPREF_EXISTS"):
            self.refers = True
        if name in _REPEATS:
            least, most, body = int(argument[0]), min(int(argument[1]), WINDOW), argument[2]
            first = self._first(list(body), frozenset())
            inner = self._sequence(list(body), first | after if most > 1 else after)
            several = max(1, most - least + 1) if first & after else 1
            rounds = min(most, _MOST.bit_length())
            return min(_MOST + 1, int(inner**rounds) * several)
        if name == "BRANCH":
            branches = [list(branch) for branch in argument[1]]
            inner = max(self._sequence(branch, after) for branch in branches)
            firsts = [self._first(branch, after) for branch in branches]
            apart = len(frozenset().union(*firsts)) == sum(map(len, firsts))
            return inner if apart else inner * len(branches)
        if name == "SUBPATTERN":
            return self._sequence(list(argument[3]), after)
        if name == "ATOMIC_GROUP":
            return self._sequence(list(argument), after)
        if name in ("ASSERT", "ASSERT_NOT"):
            return self._sequence(list(argument[1]), frozenset())
        return 1

    def _first(self, items: Items, after: frozenset[str]) -> frozenset[str]:
        """Return the characters that a match of these items, and what follows them, may begin with."""
        found: frozenset[str] = frozenset()
        for item in items:
            begins, may_be_empty = self._begins(item)
            found |= begins
            if not may_be_empty:
                return found
        return found | after

    def _begins(self, item: tuple[Any, Any]) -> tuple[frozenset[str], bool]:
        name, argument = str(item[0]), item[1]
        if name in _LOOKS:
            return frozenset(), True
        if name in _REPEATS:
            least, _most, body = argument
            return self._first(list(body), frozenset()), least == 0 or self._may_be_empty(list(body))
        if name == "BRANCH":
            branches = [list(branch) for branch in argument[1]]
            begins = frozenset().union(*(self._first(branch, frozenset()) for branch in branches))
            return begins, any(self._may_be_empty(branch) for branch in branches)
        if name in ("SUBPATTERN", "ATOMIC_GROUP"):
            inner = list(argument[3] if name == "SUBPATTERN" else argument)
            return self._first(inner, frozenset()), self._may_be_empty(inner)
        if name.startswith("GROUPREF"):
            return self._sample, True
        return frozenset(one for one in self._sample if _takes(name, argument, one)), False

    def _may_be_empty(self, items: Items) -> bool:
        return all(self._begins(item)[1] for item in items)


def _takes(name: str, argument: Any, one: str) -> bool:
    """Whether a single item takes a character, in whichever case."""
    return any(_takes_exactly(name, argument, case) for case in (one, one.lower(), one.upper()) if len(case) == 1)


def _takes_exactly(name: str, argument: Any, one: str) -> bool:
    if name == "LITERAL":
        return bool(ord(one) == argument)
    if name == "NOT_LITERAL":
        return bool(ord(one) != argument)
    if name == "IN":
        members = [(str(kind), member) for kind, member in argument]
        negated = members[0][0] == "NEGATE"
        return negated != any(_is_member(kind, member, one) for kind, member in members)
    return name in ("ANY", "ANY_ALL")


def _is_member(kind: str, member: Any, one: str) -> bool:
    if kind == "RANGE":
        return bool(member[0] <= ord(one) <= member[1])
    if kind == "CATEGORY":
        category = str(member).removeprefix("CATEGORY_")
        plain = category.removeprefix("NOT_")
        return bool(_CATEGORIES[plain](one) != (plain != category))
    return kind == "LITERAL" and bool(ord(one) == member)
