"""Whether a column holds all that another one may hold, and gives it back as it was."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CHAR, Enum, Time, types
from sqlalchemy.dialects import mysql, postgresql

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.dialect import Dialect

_SIZES = {
    1: "TINYINT",
    2: "SMALLINT small_integer",
    3: "MEDIUMINT",
    4: "INTEGER integer",
    8: "BIGINT big_integer",
}
_WIDTHS = {name: size for size, names in _SIZES.items() for name in names.split()}
_TEXTS = {"TINYTEXT": 255, "TINYBLOB": 255, "TEXT": 2**16, "BLOB": 2**16, "MEDIUMTEXT": 2**24, "MEDIUMBLOB": 2**24}
_PLAIN = {*_TEXTS, "CHAR", "VARCHAR", "LONGTEXT", "CITEXT", "VARBINARY", "LONGBLOB", "BYTEA", "JSON"}
"""Types that keep what they are given to the last letter or byte, as far as they have room for it."""
_EVERYTHING = ("utf8mb4", None)
_LETTERS = (ColumnKind.TEXT, ColumnKind.BINARY, ColumnKind.JSON)
_TIMES = (ColumnKind.NAIVE, ColumnKind.INSTANT)


def narrower(
    source: types.TypeEngine[Any],
    column: ColumnShape,
    target: types.TypeEngine[Any],
    other: ColumnShape,
    dialect: Dialect,
) -> str:
    """Return what of ``column``'s values may not fit into ``other``; empty where all of them are sure to.

    An engine rounds, cuts, pads and rewrites without a word what it puts into a column of another type: two types that
    differ at all are taken for safe only where it is known that nothing happens.
    """
    if column.kind is not other.kind:
        return f"the one is {_a(column.kind)}, the other {_a(other.kind)}"
    unlike = f"{other.declared} instead of {column.declared}"
    if not dialect.bounds_values:
        return "" if _affinity(column) == _affinity(other) else unlike
    if column.kind in _LETTERS and other.charset not in (*_EVERYTHING, column.charset):
        return f"the character set {other.charset} instead of {column.charset}"
    if column.declared == other.declared:
        return ""
    if other.checked:
        return f"{unlike}: of a domain nobody can tell from here which values it takes"
    if column.kind in _LETTERS:
        return _text(source, column, target, other)
    if column.kind in _TIMES or _of_day(source, target):
        digits = [_digits(one) for one in (source, target)]
        return f"{digits[1]} digits of a second instead of {digits[0]}" if digits[1] < digits[0] else ""
    if column.kind in (ColumnKind.INTEGER, ColumnKind.DECIMAL):
        fits = _number(source, target)
    elif column.kind is ColumnKind.OTHER:
        fits = _other(source, column, target, other)
    else:
        fits = str(source) == str(target)
    return "" if fits else unlike


def _affinity(column: ColumnShape) -> str:
    """Return what tells how SQLite stores a value in a column of its kind: as it is, as a float, or as it likes."""
    if column.kind is ColumnKind.DECIMAL:
        return "REAL" if any(word in column.declared.upper() for word in ("REAL", "FLOA", "DOUB")) else "NUMERIC"
    return column.declared if column.kind is ColumnKind.OTHER else ""


def _text(source: types.TypeEngine[Any], column: ColumnShape, target: types.TypeEngine[Any], other: ColumnShape) -> str:
    if isinstance(target, (Enum, mysql.SET)):
        return "" if _listed(source, target) else "an enumeration or set takes its own values only, in its own order"
    if isinstance(source, CHAR) is not isinstance(target, CHAR) and not isinstance(source, mysql.ENUM):
        return "of CHAR and VARCHAR one pads what the other keeps"
    # A BINARY is filled up with zeros, a JSONB written anew, a NAME cut off.
    if target.__visit_name__ not in _PLAIN:
        return f"{other.declared} instead of {column.declared}"
    room, most = _room(target, other), _room(source, column)
    return f"room for {room:g} instead of {most:g}" if room < most else ""


def _room(type_: types.TypeEngine[Any], column: ColumnShape) -> float:
    if column.length is not None:
        return column.length
    own = isinstance(
        type_, (mysql.TEXT, mysql.TINYTEXT, mysql.MEDIUMTEXT, types.BLOB, mysql.TINYBLOB, mysql.MEDIUMBLOB)
    )
    return _TEXTS.get(type_.__visit_name__, float("inf")) if own else float("inf")


def _listed(source: Any, target: Any) -> bool:
    """Whether an enumeration or set has all values of another one; a set writes them in the order it lists them in."""
    if isinstance(source, mysql.ENUM) and isinstance(target, mysql.ENUM):
        return set(source.enums) <= set(target.enums)
    if not isinstance(source, mysql.SET) or not isinstance(target, mysql.SET):
        return False
    return [one for one in target.values if one in source.values] == list(source.values)


def _number(source: Any, target: Any) -> bool:
    """Whether every number fits; a float of another width or with other digits isn't written as it was."""
    unsigned = [bool(getattr(one, "unsigned", False)) for one in (source, target)]
    if unsigned[1] and not unsigned[0]:
        return False
    exact = [isinstance(one, types.Numeric) and not isinstance(one, types.Float) for one in (source, target)]
    if all(exact):
        return _decimal(source, target)
    widths = [_WIDTHS.get(one.__visit_name__, 0) for one in (source, target)]
    return all(widths) and (widths[1] > widths[0] or (widths[1] == widths[0] and unsigned[0] is unsigned[1]))


def _decimal(source: Any, target: Any) -> bool:
    if target.precision is None or source.precision is None:
        return target.precision is None
    places = [one.scale or 0 for one in (source, target)]
    whole = [one.precision - places[n] for n, one in enumerate((source, target))]
    return places[1] >= places[0] and whole[1] >= whole[0]


def _other(source: Any, column: ColumnShape, target: Any, other: ColumnShape) -> bool:
    if isinstance(target, postgresql.INTERVAL):
        return isinstance(source, postgresql.INTERVAL) and other.declared == "interval"
    if isinstance(source, mysql.BIT) and isinstance(target, mysql.BIT):
        return (target.length or 1) >= (source.length or 1)
    if isinstance(source, postgresql.BIT) and isinstance(target, postgresql.BIT):
        return target.varying and _room(target, other) >= _room(source, column)
    return False


def _of_day(source: types.TypeEngine[Any], target: types.TypeEngine[Any]) -> bool:
    """Whether both are times of a day, and both with an offset or without one."""
    return isinstance(source, Time) and isinstance(target, Time) and source.timezone == target.timezone


def _digits(type_: Any) -> int:
    """Return how many digits of a second a timestamp or time keeps, as far as its type says."""
    if isinstance(type_, (mysql.DATETIME, mysql.TIMESTAMP, mysql.TIME)):
        return type_.fsp or 0
    precision = getattr(type_, "precision", None)
    return 6 if precision is None else int(precision)


def _a(kind: ColumnKind) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
