"""Whether a column holds all that another one may hold, and gives it back as it was."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CHAR, Enum, types
from sqlalchemy.dialects import mysql

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.dialect import Dialect

_SIZES = {
    1: "TINYINT",
    2: "SMALLINT small_integer",
    3: "MEDIUMINT",
    4: "INTEGER integer REAL FLOAT float",
    8: "BIGINT big_integer DOUBLE double DOUBLE_PRECISION double_precision",
}
_WIDTHS = {name: size for size, names in _SIZES.items() for name in names.split()}
_TEXTS = {"TINYTEXT": 255, "TINYBLOB": 255, "TEXT": 2**16, "BLOB": 2**16, "MEDIUMTEXT": 2**24, "MEDIUMBLOB": 2**24}
_EVERYTHING = ("utf8mb4", None)
_TIMES = (ColumnKind.NAIVE, ColumnKind.INSTANT)


def narrower(
    source: types.TypeEngine[Any],
    column: ColumnShape,
    target: types.TypeEngine[Any],
    other: ColumnShape,
    dialect: Dialect,
) -> str:
    """Return what of ``column``'s values doesn't fit into ``other``; empty where all of them do."""
    if column.kind is not other.kind:
        return f"the one is {_a(column.kind)}, the other {_a(other.kind)}"
    if not dialect.bounds_values:
        return ""
    if column.kind in (ColumnKind.TEXT, ColumnKind.BINARY, ColumnKind.JSON):
        return _text(source, column, target, other)
    if column.kind in (ColumnKind.INTEGER, ColumnKind.DECIMAL):
        return _number(source, target)
    if column.kind in _TIMES:
        digits = [_digits(one) for one in (source, target)]
        return f"{digits[1]} digits of a second instead of {digits[0]}" if digits[1] < digits[0] else ""
    if column.kind is ColumnKind.OTHER and str(source) != str(target):
        return f"{target} instead of {source}"
    return ""


def _text(source: types.TypeEngine[Any], column: ColumnShape, target: types.TypeEngine[Any], other: ColumnShape) -> str:
    if isinstance(target, Enum):
        known = set(source.enums) if isinstance(source, Enum) else None
        return "" if known is not None and known <= set(target.enums) else "an enumeration takes its own values only"
    if isinstance(source, CHAR) is not isinstance(target, CHAR) and not isinstance(source, Enum):
        return "of CHAR and VARCHAR one pads what the other keeps"
    if other.charset not in (*_EVERYTHING, column.charset):
        return f"the character set {other.charset} instead of {column.charset}"
    room, most = _room(target, other), _room(source, column)
    return f"room for {room:g} instead of {most:g}" if room < most else ""


def _room(type_: types.TypeEngine[Any], column: ColumnShape) -> float:
    if column.length is not None:
        return column.length
    own = isinstance(
        type_, (mysql.TEXT, mysql.TINYTEXT, mysql.MEDIUMTEXT, types.BLOB, mysql.TINYBLOB, mysql.MEDIUMBLOB)
    )
    return _TEXTS.get(type_.__visit_name__, float("inf")) if own else float("inf")


def _number(source: types.TypeEngine[Any], target: types.TypeEngine[Any]) -> str:
    exact = [isinstance(one, types.Numeric) and not isinstance(one, types.Float) for one in (source, target)]
    if exact[0] is not exact[1]:
        return f"{target} instead of {source}"
    if exact[0]:
        return _decimal(source, target)
    widths = [_WIDTHS.get(one.__visit_name__, 0) for one in (source, target)]
    unsigned = [bool(getattr(one, "unsigned", False)) for one in (source, target)]
    fits = widths[1] >= widths[0] if unsigned[0] is unsigned[1] else unsigned[0] and widths[1] > widths[0]
    return "" if fits else f"{target} instead of {source}"


def _decimal(source: Any, target: Any) -> str:
    if target.precision is None:
        return ""
    if source.precision is None:
        return f"{target} instead of {source}"
    places = [one.scale or 0 for one in (source, target)]
    whole = [one.precision - places[n] for n, one in enumerate((source, target))]
    return f"{target} instead of {source}" if places[1] < places[0] or whole[1] < whole[0] else ""


def _digits(type_: Any) -> int:
    """Return how many digits of a second a timestamp keeps, as far as its type says."""
    if isinstance(type_, (mysql.DATETIME, mysql.TIMESTAMP)):
        return type_.fsp or 0
    precision = getattr(type_, "precision", None)
    return 6 if precision is None else int(precision)


def _a(kind: ColumnKind) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
