"""The language of ``where``: parsed, never pasted. Columns of the row, constants, comparisons, AND, OR, NOT.

A parser of SQL reads far more than this language has, and drops some of it without a word (comments, collations,
casts); what decides over destruction is read by a grammar that knows nothing else:

    condition  = conjunction { OR conjunction }
    conjunction = negation { AND negation }
    negation   = NOT negation | predicate
    predicate  = value [ comparison value | [NOT] IN ( value {, value} ) | [NOT] BETWEEN value AND value
                 | [NOT] LIKE value | IS [NOT] NULL ]
    value      = column | "column" | [-] number | 'text' | TRUE | FALSE | NULL | DATE 'YYYY-MM-DD' | ( condition )
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

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
from retention.matrix.tokens import RESERVED, Token, WhereError, tokens

__all__ = ["WhereError", "columns_of", "parse_where"]

_COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_DEEPEST = 50
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_where(text: str) -> WhereExpression:
    """Return the condition a text stands for.

    Raises:
        WhereError: it can't be parsed, or has something the language doesn't have.
    """
    if not text.strip():
        raise WhereError("it is empty; leave it out to select every row")
    parser = _Parser(list(tokens(text)))
    found = parser.condition()
    if parser.now.kind != "end":
        raise WhereError(f"{parser.now} is not expected there; it has to be one condition")
    return _judged(found)


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


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.found = found
        self.at = 0
        self.depth = 0

    @property
    def now(self) -> Token:
        return self.found[self.at]

    def condition(self) -> WhereExpression:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise WhereError(f"more than {_DEEPEST} parentheses or NOTs lie inside each other")
        operands = [self._conjunction()]
        while self._take("OR"):
            operands.append(self._conjunction())
        self.depth -= 1
        return operands[0] if len(operands) == 1 else AnyOf(tuple(_judged(one) for one in operands))

    def _conjunction(self) -> WhereExpression:
        operands = [self._negation()]
        while self._take("AND"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else AllOf(tuple(_judged(one) for one in operands))

    def _negation(self) -> WhereExpression:
        negations = 0
        while self._take("NOT"):
            negations += 1
            if negations > _DEEPEST:
                raise WhereError(f"more than {_DEEPEST} parentheses or NOTs lie inside each other")
        found = self._predicate()
        for _ in range(negations):
            found = Not(_judged(found))
        return found

    def _predicate(self) -> WhereExpression:
        left = self._operand()
        if self.now.kind == "sign" and self.now.value in _COMPARISONS:
            operator = self._next().value
            right = self._operand()
            if self.now.kind == "sign" and self.now.value in _COMPARISONS:
                raise WhereError("comparisons don't follow each other; join them with AND")
            return Compare(operator, _value(left), _value(right))
        if self._take("IS"):
            negated = self._take("NOT")
            if not self._take("NULL"):
                raise WhereError("IS takes NULL or NOT NULL; compare with = TRUE")
            return _negated(IsNull(_value(left)), negated=negated)
        negated = self._take("NOT")
        found = self._tested(left)
        if found is None:
            if negated:
                raise WhereError("NOT stands before IN, BETWEEN or LIKE here")
            return left
        return _negated(found, negated=negated)

    def _tested(self, left: WhereExpression) -> WhereExpression | None:
        if self._take("IN"):
            return In(_value(left), self._options())
        if self._take("BETWEEN"):
            low = _value(self._operand())
            if not self._take("AND"):
                raise WhereError("BETWEEN takes two values with AND between them")
            return Between(_value(left), low, _value(self._operand()))
        if self._take("LIKE"):
            return Compare("LIKE", _value(left), _value(self._operand()))
        return None

    def _options(self) -> tuple[WhereExpression, ...]:
        self._expect("(", "IN takes a list of constants in parentheses")
        options = [_value(self._operand())]
        while self._sign(","):
            options.append(_value(self._operand()))
        self._expect(")", "the list of IN doesn't end")
        return tuple(options)

    def _operand(self) -> WhereExpression:
        token = self._next()
        if token.kind == "sign" and token.value == "(":
            found = self.condition()
            self._expect(")", "a parenthesis doesn't end")
            return found
        if token.kind == "sign" and token.value == "-" and self.now.kind == "number":
            return Constant(-_number(self._next().value))
        if token.kind == "number":
            return Constant(_number(token.value))
        if token.kind == "text":
            return Constant(token.value)
        if token.kind == "name":
            return Column(token.value)
        if token.kind == "word":
            return self._word(token.value)
        raise WhereError(f"{token} stands where a column or a constant is expected")

    def _word(self, word: str) -> WhereExpression:
        if word == "NULL":
            return Constant(None)
        if word in ("TRUE", "FALSE"):
            return Constant(word == "TRUE")
        if word == "DATE" and self.now.kind == "text":
            return Constant(_day(self._next().value))
        if self.now.kind == "sign" and self.now.value == "(" and word.upper() not in ("AND", "OR", "IN"):
            raise WhereError(f"{word}(…) is a function or a subquery; the language has none")
        if word.upper() in RESERVED:
            raise WhereError(
                f'{word} is a keyword; if it is a column, write "{word.lower()}" as the database spells it'
            )
        if self.now.kind == "text":
            raise WhereError(f"{word} '…' is no constant of the language; dates are written DATE '2026-01-31'")
        return Column(word)

    def _take(self, keyword: str) -> bool:
        if self.now.kind == "word" and self.now.value == keyword:
            self.at += 1
            return True
        return False

    def _sign(self, sign: str) -> bool:
        if self.now.kind == "sign" and self.now.value == sign:
            self.at += 1
            return True
        return False

    def _expect(self, sign: str, otherwise: str) -> None:
        if not self._sign(sign):
            raise WhereError(f"{otherwise}; {self.now} stands there")

    def _next(self) -> Token:
        token = self.now
        if token.kind != "end":
            self.at += 1
        return token


def _negated(found: WhereExpression, *, negated: bool) -> WhereExpression:
    return Not(found) if negated else found


def _value(found: WhereExpression) -> WhereExpression:
    """See that what is compared is a column or a constant, not another condition."""
    if not isinstance(found, (Column, Constant)):
        raise WhereError("a condition is compared with something; compare columns and constants, join conditions")
    return found


def _judged(found: WhereExpression) -> WhereExpression:
    """See that AND, OR and NOT stand between conditions; a column alone has to hold a truth value."""
    if isinstance(found, Constant) and not isinstance(found.value, bool):
        raise WhereError("a constant stands where a condition is expected; compare a column with it")
    return found


def _day(text: str) -> date:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise WhereError(f"DATE '{text}' is no day; write DATE 'YYYY-MM-DD'")


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)
