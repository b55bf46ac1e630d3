"""A condition on a row's columns, as ``where`` writes it: parsed by :mod:`retention.matrix.where`, frozen, typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the rule's own table."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, a text, a truth value, a date or NULL."""

    value: int | float | str | bool | date | None


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right`` with op one of ``= <> < <= > >= LIKE``."""

    op: str
    left: WhereExpression
    right: WhereExpression


@dataclass(frozen=True, slots=True)
class In:
    """``operand IN (options)``."""

    operand: WhereExpression
    options: tuple[WhereExpression, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """``operand BETWEEN low AND high``."""

    operand: WhereExpression
    low: WhereExpression
    high: WhereExpression


@dataclass(frozen=True, slots=True)
class IsNull:
    """``operand IS NULL``."""

    operand: WhereExpression


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT operand``."""

    operand: WhereExpression


@dataclass(frozen=True, slots=True)
class AllOf:
    """``AND`` of all."""

    operands: tuple[WhereExpression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``OR`` of all."""

    operands: tuple[WhereExpression, ...]


WhereExpression = Column | Constant | Compare | In | Between | IsNull | Not | AllOf | AnyOf
