"""Whether a rule's ``where`` compares columns with constants of their own kind: engines disagree about any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from retention.check.codes import finding
from retention.database.columns import ColumnKind, ColumnShape
from retention.errors import Finding
from retention.matrix.binding import Binding
from retention.matrix.condition import AllOf, AnyOf, Between, Column, Compare, Constant, In, Not, WhereExpression

_TEXTS = frozenset({ColumnKind.TEXT, ColumnKind.UUID})
_NUMBERS = frozenset({ColumnKind.INTEGER, ColumnKind.DECIMAL})
_DAYS = frozenset({ColumnKind.DATE, ColumnKind.NAIVE, ColumnKind.INSTANT})
_FAMILIES = (_TEXTS, _NUMBERS, _DAYS, frozenset({ColumnKind.BOOLEAN}))
_DAY_LENGTH = 10


def conditions(binding: Binding) -> Iterator[Finding]:
    """Yield each comparison that engines take for different things."""
    for rule in binding.rules:
        if rule.where is None:
            continue
        columns = binding.shape(rule.table).columns
        for problem in dict.fromkeys(_problems(rule.where, columns)):
            yield finding("RET230", rule.at("where"), f"rule {rule.id}: {problem}", rule.id)


def _problems(condition: WhereExpression, columns: Mapping[str, ColumnShape]) -> Iterator[str]:
    match condition:
        case Column(name) if columns[name].kind is not ColumnKind.BOOLEAN:
            yield f"{name} is a {columns[name].kind} and no truth value; compare it with something"
        case Not(operand):
            yield from _problems(operand, columns)
        case AllOf(operands) | AnyOf(operands):
            for one in operands:
                yield from _problems(one, columns)
        case Compare(op, left, right):
            yield from _pair(left, right, columns, like=op == "LIKE")
        case In(operand, options):
            for one in options:
                yield from _pair(operand, one, columns)
        case Between(operand, low, high):
            yield from _pair(operand, low, columns)
            yield from _pair(operand, high, columns)


def _pair(
    left: WhereExpression, right: WhereExpression, columns: Mapping[str, ColumnShape], *, like: bool = False
) -> Iterator[str]:
    if isinstance(right, Column) and not isinstance(left, Column):
        left, right = right, left
    if not isinstance(left, Column):
        return
    kind = columns[left.name].kind
    if like and kind not in _TEXTS and kind is not ColumnKind.OTHER:
        yield f"{left.name} is a {kind}, and LIKE looks at texts"
    elif isinstance(right, Column):
        other = columns[right.name].kind
        if _family(kind) is not None and _family(other) is not None and _family(kind) != _family(other):
            yield f"{left.name} is a {kind} and {right.name} a {other}"
    elif isinstance(right, Constant) and not _fits(kind, right.value):
        yield f"{left.name} is a {kind}, and {_shown(right.value)} is none"


def _family(kind: ColumnKind) -> frozenset[ColumnKind] | None:
    return next((family for family in _FAMILIES if kind in family), None)


def _fits(kind: ColumnKind, value: object) -> bool:
    """Whether every engine compares a column of that kind with the constant as one of its own."""
    if value is None or _family(kind) is None:
        return True
    if isinstance(value, bool):
        return kind in (ColumnKind.BOOLEAN, ColumnKind.INTEGER)
    if isinstance(value, (int, float)):
        return kind in _NUMBERS or (kind is ColumnKind.BOOLEAN and value in (0, 1))
    if isinstance(value, date):
        return kind in _DAYS
    return kind in _TEXTS or (kind in _DAYS and _is_day(str(value)))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text[:_DAY_LENGTH])
    except ValueError:
        return False
    return len(text) >= _DAY_LENGTH


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).upper() if isinstance(value, bool) else str(value)
