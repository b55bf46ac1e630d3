"""The language of ``where``: what it has is read as a parser of SQL reads it, everything else is refused."""

from __future__ import annotations

from datetime import date

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

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
from retention.matrix.overlap import common_row, never_true
from retention.matrix.where import WhereError, columns_of, parse_where

READ = {
    "status <> 'void'": Compare("<>", Column("status"), Constant("void")),
    "상태 = '탈퇴' OR n <= -1.5": AnyOf(
        (Compare("=", Column("상태"), Constant("탈퇴")), Compare("<=", Column("n"), Constant(-1.5)))
    ),
    "\"order\" = DATE '2026-02-28'": Compare("=", Column("order"), Constant(date(2026, 2, 28))),
    '"a ""b""" IS NOT NULL': Not(IsNull(Column('a "b"'))),
    "a IS NULL": IsNull(Column("a")),
    "a IN (1, 'it''s', NULL)": In(Column("a"), (Constant(1), Constant("it's"), Constant(None))),
    "a NOT IN (TRUE)": Not(In(Column("a"), (Constant(True),))),
    "a BETWEEN 1 AND 2 AND b": AllOf((Between(Column("a"), Constant(1), Constant(2)), Column("b"))),
    "a NOT LIKE 'x%'": Not(Compare("LIKE", Column("a"), Constant("x%"))),
    "NOT (a = 1 OR b = 2)": Not(
        AnyOf((Compare("=", Column("a"), Constant(1)), Compare("=", Column("b"), Constant(2))))
    ),
    "a = 1 OR b = 2 AND c = 3": AnyOf(
        (
            Compare("=", Column("a"), Constant(1)),
            AllOf((Compare("=", Column("b"), Constant(2)), Compare("=", Column("c"), Constant(3)))),
        )
    ),
    "3 >= a": Compare(">=", Constant(3), Column("a")),
    "Status = 'A'": Compare("=", Column("Status"), Constant("A")),
    "TRUE": Constant(True),
}


@pytest.mark.parametrize("text", READ)
def test_the_language_is_read(text: str) -> None:
    assert parse_where(text) == READ[text]


REFUSED = """\
|a =|1|a == 1|a != 1|lower(a) = 1|a = b::int|CAST(a AS int) = 1|a {or}{or} b = 'x'|a + 1 = 2|a - 1 = 2|a ILIKE 'x'
a SIMILAR TO 'x'|a = 1 -- c|a = 1 /* c */|a COLLATE x = 1|a = 'x' COLLATE "C"|t.a = 1|"t"."a" = 1|a = 1; b = 2
EXISTS (SELECT 1)|a IN (SELECT 1)|a IN ()|a IN (1,)|a IN 1|a = ANY (1)|order = 1|user = 'x'|date = 1|a = E'x'|a = N'x'
a = 'x' 'y'|a IS TRUE|a IS NOT TRUE|a ISNULL|a NOTNULL|a = :p|a = $1|a = ?|a = 1 b|a < b < c|(a = 1) = TRUE
a LIKE 'x' ESCAPE '!'|DATE '2026-02-30' = a|a = DATE '20260101'|a = DATE 2026|TIMESTAMP '2026-01-01' = a
a > now()|a > current_date|INTERVAL '1' = a|a = 'open|"" = 1|"a = 1|a = 1.2.3|a = 0x1f|a = 1_000|a XOR b|a && b|a <=> 1
a BETWEEN 1|a BETWEEN SYMMETRIC 1 AND 2|NOT|NOT 1|1 OR a|a AND 'x'|NULL|a = -b|a = +1|a IS NOT DISTINCT FROM b
a DIV 2 = 1|a # b|a = 1 AND|AND a = 1|a REGEXP 'x'|a RLIKE 'x'|a GLOB 'x'|a ~ 'x'|`a` = 1|[a] = 1
a = CASE WHEN b THEN 1 END
a NOT = 1|a = (SELECT 1)|(a, b) = (1, 2)|a MATCH 'x'|a = ARRAY[1]|a -> 'x' = 1|a = 1 UNION SELECT 1|DROP TABLE x|a @> b
a IN (1) b|(a = 1|a = 1)|a.b.c = 1|"a"b = 1|'a'b = 1|1a = 1"""


@pytest.mark.parametrize("text", [one for line in REFUSED.splitlines() for one in line.split("|")])
def test_everything_else_is_refused_with_one_line(text: str) -> None:
    with pytest.raises(WhereError) as refused:
        parse_where(text.replace("{or}", "|"))
    assert str(refused.value)
    assert "\n" not in str(refused.value)


def test_nesting_without_end_is_refused() -> None:
    for text in ("(" * 5000 + "a" + ")" * 5000, "NOT " * 5000 + "a"):
        with pytest.raises(WhereError):
            parse_where(text)


def test_its_columns_are_known() -> None:
    assert columns_of(parse_where('a = 1 AND NOT ("b" IN (c, 2) OR d BETWEEN e AND 3) AND f IS NULL')) == set("abcdef")


# --- against a parser of SQL, and against evaluating ----------------------------------------------------------------

_COLUMNS = st.sampled_from(["a", "b", '"order"'])
_TEXTS = st.sampled_from(["'x'", "'y''z'", "'%'"])
_NUMBERS = st.sampled_from(["0", "1", "2", "-1", "1.5"])
_CONSTANTS = st.one_of(_TEXTS, _NUMBERS, st.sampled_from(["TRUE", "FALSE", "NULL", "DATE '2026-01-31'"]))
_VALUES = st.one_of(_COLUMNS, _CONSTANTS)
_OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
_NOT = st.sampled_from(["", "NOT "])
_PREDICATES = st.one_of(
    st.tuples(_COLUMNS, _OPERATORS, _VALUES).map(" ".join),
    st.tuples(_CONSTANTS, _OPERATORS, _COLUMNS).map(" ".join),
    st.builds("{} {}IN ({}, {})".format, _COLUMNS, _NOT, _CONSTANTS, _CONSTANTS),
    st.builds("{} {}BETWEEN {} AND {}".format, _COLUMNS, _NOT, _NUMBERS, _NUMBERS),
    st.builds("{} {}LIKE {}".format, _COLUMNS, _NOT, _TEXTS),
    st.builds("{} IS {}NULL".format, _COLUMNS, _NOT),
)
_CONDITIONS = st.recursive(
    _PREDICATES,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("NOT ({})".format, inner),
        st.builds("{} OR {}".format, inner, inner),
    ),
    max_leaves=6,
)


@given(_CONDITIONS)
def test_a_parser_of_sql_reads_the_same(text: str) -> None:
    parsed = sqlglot.parse_one(text, read="postgres")
    assert _by_sqlglot(parsed) == _flat(parse_where(text)), text


def _flat(found: WhereExpression) -> object:
    match found:
        case AllOf(operands) | AnyOf(operands):
            inner = [_flat(one) for one in operands]
            return _joined(type(found).__name__, inner)
        case Not(operand):
            return ("not", _flat(operand))
        case Compare(op, left, right):
            return (op, _flat(left), _flat(right))
        case In(operand, options):
            return ("in", _flat(operand), *map(_flat, options))
        case Between(operand, low, high):
            return ("between", _flat(operand), _flat(low), _flat(high))
        case IsNull(operand):
            return ("null", _flat(operand))
        case Column(name):
            return ("column", name)
        case Constant(value):
            return ("constant", value, type(value).__name__)


def _joined(kind: str, inner: list[object]) -> object:
    flat: list[object] = []
    for one in inner:
        flat.extend(one[1:] if isinstance(one, tuple) and one[0] == kind else [one])
    return (kind, *flat)


_OPS = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=", exp.Like: "LIKE"}


def _by_sqlglot(node: exp.Expression) -> object:
    read = _positive(node)
    # This parser keeps the NOT of IN, BETWEEN, LIKE and IS as a flag of theirs: whoever overlooks it inverts a rule.
    return ("not", read) if node.args.get("negate") else read


def _positive(node: exp.Expression) -> object:
    if isinstance(node, exp.Paren):
        return _by_sqlglot(node.this)
    if isinstance(node, (exp.And, exp.Or)):
        kind = "AllOf" if isinstance(node, exp.And) else "AnyOf"
        return _joined(kind, [_by_sqlglot(node.this), _by_sqlglot(node.expression)])
    if isinstance(node, exp.Not):
        return ("not", _by_sqlglot(node.this))
    if isinstance(node, exp.Is):
        return ("null", _by_sqlglot(node.this))
    if isinstance(node, exp.In):
        return ("in", _by_sqlglot(node.this), *map(_by_sqlglot, node.expressions))
    if isinstance(node, exp.Between):
        return ("between", *(_by_sqlglot(one) for one in (node.this, node.args["low"], node.args["high"])))
    if type(node) in _OPS:
        return (_OPS[type(node)], _by_sqlglot(node.this), _by_sqlglot(node.expression))
    if isinstance(node, exp.Column):
        return ("column", node.name)
    if isinstance(node, exp.Null):
        return ("constant", None, "NoneType")
    if isinstance(node, exp.Boolean):
        return ("constant", bool(node.this), "bool")
    if isinstance(node, exp.Cast):
        return ("constant", date.fromisoformat(node.this.this), "date")
    if isinstance(node, exp.Neg):
        _kind, value, name = _by_sqlglot(node.this)  # type: ignore[misc]
        return ("constant", -value, name)
    assert isinstance(node, exp.Literal), node
    value = node.this if node.is_string else (float(node.this) if "." in node.this else int(node.this))
    return ("constant", value, type(value).__name__)


def _holds(found: WhereExpression, row: dict[str, object]) -> bool | None:
    """What a condition is of a row, by SQL's three values."""
    match found:
        case Column(name):
            value = row[name]
            return None if value is None else bool(value)
        case Constant(value):
            return None if value is None else bool(value)
        case Not(operand):
            inner = _holds(operand, row)
            return None if inner is None else not inner
        case AllOf(operands):
            each = [_holds(one, row) for one in operands]
            return False if False in each else None if None in each else True
        case AnyOf(operands):
            each = [_holds(one, row) for one in operands]
            return True if True in each else None if None in each else False
        case IsNull(operand):
            return _value(operand, row) is None
        case In(operand, options):
            return _holds(AnyOf(tuple(Compare("=", operand, one) for one in options)), row)
        case Between(operand, low, high):
            return _holds(AllOf((Compare(">=", operand, low), Compare("<=", operand, high))), row)
        case Compare(op, left, right):
            one, other = _value(left, row), _value(right, row)
            if one is None or other is None:
                return None
            if op == "LIKE":
                return str(one) == str(other) or str(other) == "%"
            try:
                order = (one > other) - (one < other)  # type: ignore[operator]
            except TypeError:
                # Which of two kinds of value comes first is an engine's own business: any answer may be the true one.
                order = 0 if str(one) == str(other) else 1
            return {
                "=": order == 0,
                "<>": order != 0,
                "<": order < 0,
                "<=": order <= 0,
                ">": order > 0,
                ">=": order >= 0,
            }[op]
    raise AssertionError(found)


def _value(found: WhereExpression, row: dict[str, object]) -> object:
    return row[found.name] if isinstance(found, Column) else found.value if isinstance(found, Constant) else None


_CELLS = st.sampled_from([None, 0, 1, 2, -1, 1.5, "x", "y'z", "X", True, date(2026, 1, 31)])


@given(_CONDITIONS, _CONDITIONS, st.fixed_dictionaries({"a": _CELLS, "b": _CELLS, "order": _CELLS}))
def test_conditions_that_are_said_to_share_no_row_share_none(one: str, other: str, row: dict[str, object]) -> None:
    first, second = parse_where(one), parse_where(other)
    if _holds(first, row) and _holds(second, row):
        assert common_row(first, second) is not None, (one, other, row)
    if _holds(first, row):
        assert not never_true(first), (one, row)


APART = [
    ("status = 'void'", "status <> 'void'"),
    ("status = 'a'", "status IN ('b', 'c')"),
    ("n < 5", "n >= 5"),
    ("n < 5", "n > 5"),
    ("n BETWEEN 1 AND 4", "n BETWEEN 5 AND 9"),
    ("d < DATE '2020-01-01'", "d >= '2020-01-01'"),
    ("a IS NULL", "a = 1"),
    ("active", "NOT active"),
    ("active = TRUE", "active = FALSE"),
    ("a LIKE 'x%'", "a NOT LIKE 'x%'"),
    ("a < b", "a >= b"),
    ("NOT (a = 1 OR b = 2)", "a = 1"),
    ("TRUE", "a NOT IN (1, NULL)"),
]
TOGETHER = [
    ("status = 'void'", "status = 'VOID'", "a collation may take them for equal"),
    ("status = 'resume'", "status = 'résumé'", "a collation may pass over accents"),
    ("n <= 5", "n >= 5", "5"),
    ("a < 'b'", "a > 'c'", "how texts are ordered is the collation's"),
    ("a = 'x'", "b = 'y'", "two columns"),
    ("a LIKE 'x%'", "a LIKE 'y%'", "not looked into"),
    ("a = 1", "a = '1'", "an engine may take them for equal"),
    ("n > 5", "n < 6", "the column may hold fractions"),
]


@pytest.mark.parametrize(("one", "other"), APART)
def test_conditions_apart_are_seen_to_be(one: str, other: str) -> None:
    assert common_row(parse_where(one), parse_where(other)) is None
    assert common_row(parse_where(other), parse_where(one)) is None


@pytest.mark.parametrize(("one", "other", "why"), TOGETHER)
def test_what_may_overlap_is_told_with_a_row(one: str, other: str, why: str) -> None:
    row = common_row(parse_where(one), parse_where(other))
    assert row is not None, why
    assert row.startswith("a row with ")


@pytest.mark.parametrize(
    "text", ["a = NULL", "a = 1 AND a = 2", "FALSE", "a IN (NULL)", "n >= 5 AND n <= 5 AND n <> 5"]
)
def test_a_condition_that_is_never_true_is_seen_to_be(text: str) -> None:
    assert never_true(parse_where(text))
