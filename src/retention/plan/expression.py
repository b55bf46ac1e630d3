"""The ``where`` of a rule as a Core expression over a row: bound parameters only, never pasted text."""

from __future__ import annotations

from datetime import date

from sqlalchemy import FromClause, and_, literal, not_, null, or_
from sqlalchemy.types import NullType

from retention.database.reading import Sql
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


def compile_where(expression: WhereExpression, row: FromClause) -> Sql:
    """Return the SQL condition; comparisons follow the column's collation, unknown selects nothing.

    Raises:
        KeyError: a column isn't the row's; binding checks this before.
    """
    match expression:
        case Column(name):
            return row.c[name]
        case Constant(value):
            return null() if value is None else literal(value)
        case Compare("LIKE", left, right):
            return compile_where(left, row).like(compile_where(right, row))
        case Compare(op, left, right):
            return _compare(op, compile_where(left, row), right, row)
        case In(operand, options):
            subject = compile_where(operand, row)
            return subject.in_([_option(subject, option, row) for option in options])
        case Between(operand, low, high):
            subject = compile_where(operand, row)
            return and_(_compare(">=", subject, low, row), _compare("<=", subject, high, row))
        case IsNull(operand):
            return compile_where(operand, row).is_(None)
        case Not(operand):
            return not_(compile_where(operand, row))
        case AllOf(operands):
            return and_(*(compile_where(operand, row) for operand in operands))
        case AnyOf(operands):
            return or_(*(compile_where(operand, row) for operand in operands))
    raise AssertionError(expression)


def _compare(op: str, left: Sql, right: WhereExpression, row: FromClause) -> Sql:
    if isinstance(right, Constant) and right.value is not None:
        return left.op(op, is_comparison=True)(_value(left, right))
    return left.op(op, is_comparison=True)(compile_where(right, row))


def _option(subject: Sql, option: WhereExpression, row: FromClause) -> object:
    return _value(subject, option) if isinstance(option, Constant) else compile_where(option, row)


def _value(subject: Sql, constant: Constant) -> object:
    # Where a column's values travel as they are stored, a day is stored as its ISO text.
    if isinstance(subject.type, NullType) and isinstance(constant.value, date):
        return constant.value.isoformat()
    return constant.value
