"""Whether two conditions can hold of the same row, decided soundly: "no" is only said where no row could.

Unknown (null) makes no condition true. Texts count as different only where no collation takes them for equal: case,
accents, width, spaces and punctuation are passed over. Texts have no order here unless they are dates or numbers of
one length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from retention.matrix.condition import (
    AllOf,
    AnyOf,
    Between,
    Column,
    Compare,
    Constant,
    In,
    IsNull,
    Not,
    WhereExpression,
)

_MOST = 256
"""Alternatives of a condition that are weighed; with more of them, everything is taken to be possible."""
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_ORDERED = re.compile(r"[0-9][0-9 :.TZ+-]*")

Value = int | float | str | bool | date


@dataclass(frozen=True, slots=True)
class _Test:
    """One thing asked of a column: compared with a constant, or whether it is null."""

    column: str
    op: str
    value: Value | None = None

    def __str__(self) -> str:
        if self.op in ("IS NULL", "IS NOT NULL"):
            return f"{self.column} {self.op}"
        return f"{self.column} {self.op} {_shown(self.value)}"


@dataclass(frozen=True, slots=True)
class _Opaque:
    """Something that is only known to hold, or not to: LIKE, or two columns compared."""

    says: str
    holds: bool

    def __str__(self) -> str:
        return self.says if self.holds else f"NOT {self.says}"


_Atom = _Test | _Opaque
_Case = tuple[_Atom, ...]


class _TooMany(Exception):
    """The condition has more alternatives than are weighed."""


def common_row(one: WhereExpression | None, other: WhereExpression | None) -> str | None:
    """Return words for a row that both conditions may select, or None where there is none."""
    both = [condition for condition in (one, other) if condition is not None]
    if not both:
        return "any row"
    try:
        cases = list(_cases(AllOf(tuple(both)), wanted=True))
    except _TooMany:
        return "some row"
    for case in cases:
        if not _contradicts(case):
            return "any row" if not case else f"a row with {_described(case)}"
    return None


def never_true(condition: WhereExpression) -> bool:
    """Whether no row at all satisfies the condition."""
    return common_row(condition, None) is None


def _described(case: _Case) -> str:
    fixed = {atom.column for atom in case if isinstance(atom, _Test) and atom.op == "="}
    said = [
        atom
        for atom in case
        if not (isinstance(atom, _Test) and atom.op != "=" and (atom.column in fixed or atom.op == "IS NOT NULL"))
    ]
    return " and ".join(dict.fromkeys(str(atom) for atom in said or case))


def _shown(value: Value | None) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, date):
        return f"DATE '{value}'"
    return f"'{value}'" if isinstance(value, str) else str(value)


# --- alternatives -----------------------------------------------------------------------------------------------


def _cases(condition: WhereExpression, *, wanted: bool) -> list[_Case]:
    """Return the alternatives under which the condition is true, or false where that is ``wanted``."""
    match condition:
        case Not(operand):
            return _cases(operand, wanted=not wanted)
        case AllOf(operands) | AnyOf(operands):
            each = [_cases(operand, wanted=wanted) for operand in operands]
            if isinstance(condition, AllOf) is wanted:
                return _joined(each)
            return _bounded([case for cases in each for case in cases])
        case Between(operand, low, high):
            return _cases(AllOf((Compare(">=", operand, low), Compare("<=", operand, high))), wanted=wanted)
        case In(operand, options):
            return _cases(AnyOf(tuple(Compare("=", operand, option) for option in options)), wanted=wanted)
        case IsNull(Column(name)):
            return [(_Test(name, "IS NULL" if wanted else "IS NOT NULL"),)]
        case IsNull(operand):
            return [()] if (isinstance(operand, Constant) and operand.value is None) is wanted else []
        case Column(name):
            return [(_Test(name, "<>" if wanted else "=", False),)]
        case Constant(value):
            return [()] if isinstance(value, bool) and value is wanted else []
        case Compare(op, left, right):
            return _compared(op, left, right, wanted=wanted)
    raise AssertionError(condition)


def _joined(each: Sequence[list[_Case]]) -> list[_Case]:
    count = 1
    for cases in each:
        count *= len(cases)
    if count > _MOST:
        raise _TooMany
    return [tuple(atom for case in chosen for atom in case) for chosen in product(*each)]


def _bounded(cases: list[_Case]) -> list[_Case]:
    if len(cases) > _MOST:
        raise _TooMany
    return cases


def _compared(op: str, left: WhereExpression, right: WhereExpression, *, wanted: bool) -> list[_Case]:
    if any(isinstance(side, Constant) and side.value is None for side in (left, right)):
        return []
    if isinstance(left, Constant) and isinstance(right, Column) and op in _FLIPPED:
        left, right, op = right, left, _FLIPPED[op]
    if isinstance(left, Column) and isinstance(right, Constant) and op in _NEGATED:
        return [(_Test(left.name, op if wanted else _NEGATED[op], right.value),)]
    if isinstance(left, Constant) and isinstance(right, Constant) and op in _NEGATED:
        found = _of_constants(op if wanted else _NEGATED[op], left.value, right.value)
        return [] if found is False else [()]
    known = tuple(_Test(side.name, "IS NOT NULL") for side in (left, right) if isinstance(side, Column))
    if op == "LIKE":
        return [(*known, _Opaque(f"{_side(left)} LIKE {_side(right)}", wanted))]
    if op in ("<>", ">=", ">"):
        op, wanted = _NEGATED[op], not wanted
    return [(*known, _Opaque(f"{_side(left)} {op} {_side(right)}", wanted))]


def _side(side: WhereExpression) -> str:
    return side.name if isinstance(side, Column) else _shown(side.value) if isinstance(side, Constant) else "…"


def _of_constants(op: str, left: Value | None, right: Value | None) -> bool | None:
    assert left is not None
    assert right is not None
    return not _excluded(_Test("", "=", left), _Test("", op, right))


# --- contradictions ---------------------------------------------------------------------------------------------


def _contradicts(case: _Case) -> bool:
    opaque = {atom for atom in case if isinstance(atom, _Opaque)}
    if any(_Opaque(atom.says, not atom.holds) in opaque for atom in opaque):
        return True
    columns: dict[str, list[_Test]] = {}
    for atom in case:
        if isinstance(atom, _Test):
            columns.setdefault(atom.column, []).append(atom)
    return any(_impossible(tests) for tests in columns.values())


def _impossible(tests: list[_Test]) -> bool:
    null = any(test.op == "IS NULL" for test in tests)
    if null:
        return any(test.op != "IS NULL" for test in tests)
    compared = [test for test in tests if test.value is not None]
    return any(_excluded(one, other) for one, other in _pairs([*compared, *_pinned(compared)]))


def _pairs(tests: Sequence[_Test]) -> Iterator[tuple[_Test, _Test]]:
    for number, one in enumerate(tests):
        for other in tests[number + 1 :]:
            yield one, other
            yield other, one


def _pinned(tests: Sequence[_Test]) -> list[_Test]:
    """Return the equalities that two bounds on the same value amount to."""
    lows = {(type(test.value), test.value) for test in tests if test.op == ">="}
    return [
        _Test(test.column, "=", test.value)
        for test in tests
        if test.op == "<=" and (type(test.value), test.value) in lows
    ]


def _excluded(one: _Test, other: _Test) -> bool:
    """Whether no value passes both tests, as far as ``one`` says it: an equality, or a lower bound."""
    assert one.value is not None
    assert other.value is not None
    order = _order(one.value, other.value)
    if one.op == "=":
        if other.op == "=":
            return _surely_different(one.value, other.value)
        if order is None:
            return False
        passes = {"<>": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}
        return not passes[other.op]
    if one.op in (">", ">=") and other.op in ("<", "<=") and order is not None:
        return order > 0 or (order == 0 and (one.op, other.op) != (">=", "<="))
    return False


def _order(one: Value, other: Value) -> int | None:
    """Return -1, 0 or 1 where every engine orders the two so, else None."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return (one > other) - (one < other)
    one, other = _plain(one), _plain(other)
    if isinstance(one, str) and isinstance(other, str):
        if one == other:
            return 0
        comparable = len(one) == len(other) and _ORDERED.fullmatch(one) and _ORDERED.fullmatch(other)
        return ((one > other) - (one < other)) if comparable else None
    return None


def _plain(value: Value) -> Value:
    return value.isoformat() if isinstance(value, date) else value


def _surely_different(one: Value, other: Value) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one != other
    one, other = _plain(one), _plain(other)
    return isinstance(one, str) and isinstance(other, str) and _folded(one) != _folded(other)


def _folded(text: str) -> str:
    """Return what every collation sees of a text: its letters and digits, without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if unicodedata.category(letter)[0] in "LN")
