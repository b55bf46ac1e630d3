"""Whether a rule's ``where`` compares columns with constants of their own kind: engines disagree about any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from sqlalchemy import BigInteger, Enum, SmallInteger, Time
from sqlalchemy.dialects import mysql
from sqlalchemy.types import NullType, TypeEngine

from retention.check.codes import finding
from retention.database.columns import ColumnKind
from retention.database.dialect import Dialect
from retention.database.reflect import TableShape
from retention.errors import DatabaseFault, Finding, Refused
from retention.matrix.binding import Binding
from retention.matrix.condition import AllOf, AnyOf, Between, Column, Compare, Constant, In, Not, WhereExpression
from retention.matrix.constants import moment, uuid_of
from retention.matrix.model import Rule
from retention.matrix.trial import refusal

_TEXTS = frozenset({ColumnKind.TEXT, ColumnKind.UUID})
_NUMBERS = frozenset({ColumnKind.INTEGER, ColumnKind.DECIMAL})
_DAYS = frozenset({ColumnKind.DATE, ColumnKind.NAIVE, ColumnKind.INSTANT})
_FAMILIES = (
    _TEXTS,
    _NUMBERS,
    _DAYS,
    frozenset({ColumnKind.BOOLEAN}),
    frozenset({ColumnKind.JSON}),
    frozenset({ColumnKind.BINARY}),
)
_BITS = {mysql.TINYINT: 8, SmallInteger: 16, mysql.MEDIUMINT: 24, BigInteger: 64}
_MOST_BITS, _USUAL_BITS = 64, 32
_YEARS = range(1901, 2156)
_TIME = re.compile(r"-?[0-9]{1,3}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?")


def conditions(binding: Binding) -> Iterator[Finding]:
    """Yield each comparison that engines take for different things, or that the rule's own one refuses.

    Raises:
        Refused: the database was lost, or is too busy to say.
    """
    for rule in binding.rules:
        if rule.where is None:
            continue
        compared = _Compared(binding.shape(rule.table), binding.database.dialect)
        problems = list(dict.fromkeys(compared.problems(rule.where)))
        # What has just been told would only be told once more, in the engine's own words.
        if not problems:
            problems.extend(_refused(binding, rule))
        for problem in problems:
            yield finding("RET230", rule.at("where"), f"rule {rule.id}: {problem}", rule.id)


def _refused(binding: Binding, rule: Rule) -> Iterator[str]:
    try:
        refused = refusal(binding, rule)
    except DatabaseFault as fault:
        raise Refused(str(fault)) from None
    if refused is not None:
        yield refused


class _Compared:
    """The comparisons of one table's columns."""

    def __init__(self, shape: TableShape, dialect: Dialect) -> None:
        self.shape = shape
        self.dialect = dialect

    def problems(self, condition: WhereExpression) -> Iterator[str]:
        match condition:
            case Column(name) if self._kind(name) is not ColumnKind.BOOLEAN:
                yield f"{name} is a {self._kind(name)} and no truth value; compare it with something"
            case Not(operand):
                yield from self.problems(operand)
            case AllOf(operands) | AnyOf(operands):
                for one in operands:
                    yield from self.problems(one)
            case Compare("LIKE", left, right):
                yield from self._like(left, right)
            case Compare(_, left, right):
                yield from self._pair(left, right)
            case In(operand, options):
                for one in options:
                    yield from self._pair(operand, one)
            case Between(operand, low, high):
                yield from self._pair(operand, low)
                yield from self._pair(operand, high)

    def _like(self, left: WhereExpression, right: WhereExpression) -> Iterator[str]:
        pattern = right.value if isinstance(right, Constant) else None
        if isinstance(pattern, str) and (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            # An engine may refuse it only once a row has come as far as that.
            yield f"the pattern {_shown(pattern)} ends in a backslash that escapes nothing"
        if isinstance(right, Column) and not isinstance(left, Column):
            left, right = right, left
        if isinstance(left, Column) and self._kind(left.name) not in (ColumnKind.TEXT, ColumnKind.OTHER):
            yield f"{left.name} is a {self._kind(left.name)}, and LIKE looks at texts"
        elif not (isinstance(left, Column) and isinstance(right, Constant) and isinstance(right.value, str)):
            yield from self._pair(left, right)

    def _pair(self, left: WhereExpression, right: WhereExpression) -> Iterator[str]:
        if isinstance(right, Column) and not isinstance(left, Column):
            left, right = right, left
        if not isinstance(left, Column):
            return
        kind = self._kind(left.name)
        if isinstance(right, Column):
            other = self._kind(right.name)
            if _family(kind) is not None and _family(other) is not None and _family(kind) != _family(other):
                yield f"{left.name} is a {kind} and {right.name} a {other}"
        elif isinstance(right, Constant) and right.value is not None:
            yield from self._constant(left.name, kind, right.value)

    def _constant(self, name: str, kind: ColumnKind, value: object) -> Iterator[str]:
        type_ = self._type(name)
        if not _fits(kind, value):
            yield f"{name} is a {kind}, and {_shown(value)} is none"
        elif kind is ColumnKind.INTEGER and isinstance(value, int):
            low, high = self._range(type_, kind)
            if not low <= value <= high:
                yield f"{name} holds numbers from {low} to {high}, and never {value}"
        elif not _known(type_, value):
            yield f"{name} knows no value {_shown(value)}"
        elif isinstance(value, str) and kind in (ColumnKind.DATE, ColumnKind.NAIVE):
            at = moment(value)
            # A value that travels as it is stored may well have an offset, whatever its column is called.
            if isinstance(at, datetime) and at.tzinfo is not None and not isinstance(type_, NullType):
                yield f"{name} is a {kind}, and {_shown(value)} has an offset from UTC"

    def _range(self, type_: TypeEngine[object], kind: ColumnKind) -> tuple[int, int]:
        """Return the least and the greatest whole number of a type."""
        bits = next((bits for class_, bits in _BITS.items() if isinstance(type_, class_)), _USUAL_BITS)
        if self.dialect.holds_text(kind):
            # Where a declared type binds nobody, it is the engine's own numbers that end.
            bits = _MOST_BITS
        elif getattr(type_, "unsigned", False):
            return 0, 2**bits - 1
        return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def _kind(self, name: str) -> ColumnKind:
        return self.shape.columns[name].kind

    def _type(self, name: str) -> TypeEngine[object]:
        return self.shape.sql.c[name].type


def _family(kind: ColumnKind) -> frozenset[ColumnKind] | None:
    return next((family for family in _FAMILIES if kind in family), None)


def _fits(kind: ColumnKind, value: object) -> bool:
    """Whether every engine compares a column of that kind with the constant as one of its own."""
    if _family(kind) is None:
        return True
    if isinstance(value, bool):
        return kind in (ColumnKind.BOOLEAN, ColumnKind.INTEGER)
    if isinstance(value, (int, float)):
        return kind in _NUMBERS or (kind is ColumnKind.BOOLEAN and value in (0, 1))
    if isinstance(value, date):
        return kind in _DAYS
    text = str(value)
    if kind is ColumnKind.UUID:
        return uuid_of(text) is not None
    return kind is ColumnKind.TEXT or (kind in _DAYS and moment(text) is not None)


def _known(type_: TypeEngine[object], value: object) -> bool:
    """Whether a type that lists its values, or takes years or times only, has this one.

    Values are listed as leniently as a collation may compare them; a strict engine is asked besides.
    """
    if isinstance(type_, (Enum, mysql.SET)):
        listed = type_.enums if isinstance(type_, Enum) else type_.values
        several = str(value).split(",") if isinstance(type_, mysql.SET) and value != "" else [str(value)]
        return {_folded(one) for one in several} <= {*map(_folded, listed), ""}
    if isinstance(type_, mysql.YEAR):
        return str(value).isdecimal() and (int(str(value)) == 0 or int(str(value)) in _YEARS)
    return not isinstance(type_, Time) or _TIME.fullmatch(str(value)) is not None


def _folded(text: str) -> str:
    return text.rstrip(" ").casefold()


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).upper() if isinstance(value, bool) else str(value)
