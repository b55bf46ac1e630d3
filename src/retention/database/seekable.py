"""A condition written so that an index can be sought by it: true of the same rows, and unknown where it was false.

Conditions are made so that they can be negated: what is unknown is taken as false, within ``coalesce``, and ``NOT`` is
said of that. No engine looks into it. Here the negation is carried to the comparisons themselves.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, and_, false, func, not_, or_, true
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    AsBoolean,
    BinaryExpression,
    BooleanClauseList,
    False_,
    Grouping,
    Null,
    True_,
    UnaryExpression,
)
from sqlalchemy.sql.functions import coalesce

from retention.database.reading import Sql

_OTHER_WAY = {
    operators.lt: operators.ge,
    operators.ge: operators.lt,
    operators.gt: operators.le,
    operators.le: operators.gt,
    operators.eq: operators.ne,
    operators.ne: operators.eq,
}
_NULLS = (operators.is_, operators.is_not)


def seekable(condition: Sql) -> Sql:
    """Return a filter for the same rows; it may be unknown where the condition is false, so it can't be negated."""
    condition = _in_brackets(condition)
    if isinstance(condition, BooleanClauseList):
        parts = [seekable(one) for one in condition.clauses]
        return and_(true(), *parts) if condition.operator is operators.and_ else or_(false(), *parts)
    sure, denied = _sure(condition), _denied(condition)
    if sure is not None:
        return seekable(sure)
    return condition if denied is None else _not_true(denied)


def _not_true(condition: Sql) -> Sql:
    """Return a filter for the rows of which a condition is false or unknown."""
    condition = _in_brackets(condition)
    if isinstance(condition, True_ | False_):
        return false() if isinstance(condition, True_) else true()
    if isinstance(condition, BooleanClauseList):
        parts = [_not_true(one) for one in condition.clauses]
        return or_(false(), *parts) if condition.operator is operators.and_ else and_(true(), *parts)
    sure, denied = _sure(condition), _denied(condition)
    if sure is not None:
        return _not_true(sure)
    if denied is not None:
        return seekable(denied)
    if isinstance(condition, BinaryExpression):
        left, right, operator = condition.left, condition.right, condition.operator
        if operator in _NULLS and isinstance(right, Null):
            return left.is_not(None) if operator is operators.is_ else left.is_(None)
        if operator in _OTHER_WAY and isinstance(right, BindParameter) and right.value is not None:
            return or_(_OTHER_WAY[operator](left, right), left.is_(None))
    return not_(func.coalesce(condition, false()))


def _in_brackets(condition: Sql) -> Sql:
    within: Any = condition.element if isinstance(condition, Grouping) else None
    return condition if within is None else _in_brackets(within)


def _sure(condition: Sql) -> Sql | None:
    """Return what a condition takes as false where it is unknown; None where it is no such condition."""
    if isinstance(condition, AsBoolean) and condition.operator is operators.is_true:
        condition = condition.element
    if not isinstance(condition, coalesce):
        return None
    asked, *others = condition.clauses
    return asked if len(others) == 1 and isinstance(others[0], False_) else None


def _denied(condition: Sql) -> Sql | None:
    """Return what a condition denies that is known of every row; None where it is no such condition."""
    denies = isinstance(condition, UnaryExpression) and condition.operator in (operators.inv, operators.is_false)
    return condition.element if denies and _sure(condition.element) is not None else None
