"""The ``where`` of a rule as a Core expression over a row: bound parameters only, never pasted text."""

from __future__ import annotations

from sqlalchemy import FromClause, and_, literal, not_, null, or_

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
from retention.matrix.constants import as_stored


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
            return _compare(op, left, right, row)
        case In(Column(name), options):
            return row.c[name].in_([_side(option, Column(name), row) for option in options])
        case In(operand, options):
            return or_(*(_compare("=", operand, option, row) for option in options))
        case Between(operand, low, high):
            return and_(_compare(">=", operand, low, row), _compare("<=", operand, high, row))
        case IsNull(operand):
            return compile_where(operand, row).is_(None)
        case Not(operand):
            return not_(compile_where(operand, row))
        case AllOf(operands):
            return and_(*(compile_where(operand, row) for operand in operands))
        case AnyOf(operands):
            return or_(*(compile_where(operand, row) for operand in operands))
    raise AssertionError(expression)


def _compare(op: str, left: WhereExpression, right: WhereExpression, row: FromClause) -> Sql:
    return _side(left, right, row).op(op, is_comparison=True)(_side(right, left, row))


def _side(side: WhereExpression, other: WhereExpression, row: FromClause) -> Sql:
    """Return one side of a comparison; a constant is of the type of the column that it is compared with."""
    if isinstance(side, Constant) and side.value is not None and isinstance(other, Column):
        type_ = row.c[other.name].type
        value = as_stored(type_, side.value)
        return literal(value, type_.coerce_compared_value(None, value))
    return compile_where(side, row)
