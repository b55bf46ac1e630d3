"""The language of ``where``: parsed, never pasted. Columns of the row, constants, comparisons, AND, OR, NOT."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from retention.matrix.model import (
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

_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.Like: "LIKE",
}


class WhereError(ValueError):
    """A text is no condition of the language; the message says what in it isn't."""


def parse_where(text: str) -> WhereExpression:
    """Return the condition a text stands for.

    Raises:
        WhereError: it can't be parsed, or has something the language doesn't have.
    """
    try:
        # One fixed dialect: in it double quotes are identifiers on every engine alike.
        parsed = sqlglot.parse(text, read="postgres")
    except (SqlglotError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else "it can't be parsed"
        raise WhereError(f"it can't be parsed ({first})") from None
    if len(parsed) != 1 or parsed[0] is None:
        raise WhereError("it has to be one condition")
    return _condition(parsed[0])


def columns_of(expression: WhereExpression | None) -> set[str]:
    """Return the columns a condition reads."""
    return set() if expression is None else set(_columns(expression))


def _columns(expression: WhereExpression) -> Iterator[str]:
    match expression:
        case Column(name):
            yield name
        case Constant(_):
            return
        case Compare(_, left, right):
            yield from (*_columns(left), *_columns(right))
        case In(operand, options):
            yield from _columns(operand)
            for option in options:
                yield from _columns(option)
        case Between(operand, low, high):
            yield from (*_columns(operand), *_columns(low), *_columns(high))
        case IsNull(operand) | Not(operand):
            yield from _columns(operand)
        case AllOf(operands) | AnyOf(operands):
            for one in operands:
                yield from _columns(one)


def _condition(node: exp.Expr) -> WhereExpression:
    if isinstance(node, exp.Paren):
        return _condition(node.this)
    if isinstance(node, exp.And):
        return AllOf(tuple(_condition(one) for one in node.flatten()))
    if isinstance(node, exp.Or):
        return AnyOf(tuple(_condition(one) for one in node.flatten()))
    if isinstance(node, exp.Not):
        return Not(_condition(node.this))
    if isinstance(node, exp.Is):
        return _is(node)
    if isinstance(node, exp.Between):
        return Between(_value(node.this), _value(node.args["low"]), _value(node.args["high"]))
    if isinstance(node, exp.In):
        if not node.expressions or node.args.get("query") is not None:
            raise WhereError("IN takes a list of constants, not a subquery")
        return In(_value(node.this), tuple(_value(one) for one in node.expressions))
    operator = _COMPARISONS.get(type(node))
    if operator is not None:
        return Compare(operator, _value(node.this), _value(node.expression))
    if isinstance(node, (exp.Column, exp.Boolean)):
        return _value(node)
    raise WhereError(f"{_shown(node)} is not part of the language")


def _is(node: exp.Is) -> WhereExpression:
    right = node.expression
    if isinstance(right, exp.Null):
        return IsNull(_value(node.this))
    if isinstance(right, exp.Not) and isinstance(right.this, exp.Null):
        return Not(IsNull(_value(node.this)))
    raise WhereError("IS takes NULL or NOT NULL; compare with = TRUE")


def _value(node: exp.Expr) -> WhereExpression:
    if isinstance(node, exp.Paren):
        return _value(node.this)
    if isinstance(node, exp.Column):
        if node.args.get("table") is not None or not isinstance(node.this, exp.Identifier):
            raise WhereError(f"{_shown(node)}: write a column of the rule's own table by its name alone")
        return Column(node.this.name)
    if isinstance(node, exp.Null):
        return Constant(None)
    if isinstance(node, exp.Boolean):
        return Constant(bool(node.this))
    if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
        number = _number(node.this.this)
        return Constant(-number)
    if isinstance(node, exp.Literal):
        return Constant(node.this if node.is_string else _number(node.this))
    day = _date(node)
    if day is not None:
        return Constant(day)
    raise WhereError(f"{_shown(node)} is not part of the language; use columns and constants")


def _date(node: exp.Expr) -> date | None:
    """Return the day of ``DATE '…'``; any other cast is none."""
    if not isinstance(node, exp.Cast) or not node.to.is_type("date") or not isinstance(node.this, exp.Literal):
        return None
    try:
        return date.fromisoformat(node.this.this)
    except ValueError:
        raise WhereError(f"DATE '{node.this.this}' is no day") from None


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _shown(node: exp.Expr) -> str:
    return node.sql(dialect="postgres")[:80]
