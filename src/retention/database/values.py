"""Finding values that a person wrote down, in a column of whatever type: compared as the column compares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import product
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, or_, tuple_, type_coerce
from sqlalchemy.types import NullType

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.dialect import Dialect
from retention.database.reading import Sql

_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(rf"(?:{_WHOLE.pattern}|-0)(?:\.[0-9]+)?")
_BITS = 63


def are_any(dialect: Dialect, columns: Sequence[tuple[Sql, ColumnShape]], rows: Sequence[tuple[str, ...]]) -> Sql:
    """Return whether columns hold the values of one of the rows, each as many as there are columns.

    A value is read as its column's type where that loses nothing; else what is stored is compared as a text. Whatever
    number of rows, the condition is as deep as for one: SQLite takes no expression that is a thousand deep.
    """
    read: dict[tuple[bool, ...], list[tuple[Any, ...]]] = {}
    for row in rows:
        values = [_read(column, shape, text) for (column, shape), text in zip(columns, row, strict=True)]
        for one in product(*values):
            read.setdefault(tuple(typed for typed, _value in one), []).append(tuple(value for _typed, value in one))
    return or_(*(_in(dialect, columns, typed, found) for typed, found in read.items()))


def _read(column: Sql, shape: ColumnShape, text: str) -> list[tuple[bool, Any]]:
    """Return what the text may be, each with whether it is compared with the column as it is, or with its text."""
    if isinstance(column.type, NullType):
        # What a type of any values says of one, and its collation, only the column itself knows.
        reader = _bytes if shape.kind is ColumnKind.BINARY else _any
        return [*((True, one) for one in reader(text, shape)), (False, text)]
    return [(True, one) for one in _TYPED.get(shape.kind, _nothing)(text, shape)] or [(False, text)]


def _in(
    dialect: Dialect,
    columns: Sequence[tuple[Sql, ColumnShape]],
    typed: Sequence[bool],
    values: Sequence[tuple[Any, ...]],
) -> Sql:
    compared = [
        (type_coerce(column, BigInteger) if shape.kind is ColumnKind.INTEGER else column)
        if as_it_is
        else dialect.key_text(column)
        for (column, shape), as_it_is in zip(columns, typed, strict=True)
    ]
    if len(compared) == 1:
        return dialect.one_of(compared[0], [value for (value,) in values])
    return tuple_(*compared).in_(values)


def _nothing(_text: str, _shape: ColumnShape) -> Iterator[Any]:
    yield from ()


def _text(text: str, shape: ColumnShape) -> Iterator[str]:
    # An engine that converts a value to a column's narrower character set refuses one that doesn't fit in.
    charset = shape.charset or "utf8mb4"
    if charset == "utf8mb4" or text.isascii() or (charset.startswith("utf8") and max(text) <= "\uffff"):
        yield text


def _any(text: str, _shape: ColumnShape) -> Iterator[str]:
    if _NUMBER.fullmatch(text) or not _is_number(text):
        yield text


def _is_number(text: str) -> bool:
    """Whether an engine may take the text for a number, such as 042."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def _whole(text: str, _shape: ColumnShape) -> Iterator[int]:
    if _WHOLE.fullmatch(text) and -(2**_BITS) <= int(text) < 2**_BITS:
        yield int(text)


def _decimal(text: str, _shape: ColumnShape) -> Iterator[Decimal]:
    if _NUMBER.fullmatch(text):
        yield Decimal(text)


def _uuid(text: str, _shape: ColumnShape) -> Iterator[UUID]:
    try:
        yield UUID(text)
    except ValueError:
        return


def _bytes(text: str, _shape: ColumnShape) -> Iterator[bytes]:
    yield text.encode()
    try:
        yield bytes.fromhex(text.removeprefix("0x").replace("-", ""))
    except ValueError:
        return


_Readers = Mapping[ColumnKind, Callable[[str, ColumnShape], Iterator[Any]]]
_TYPED: _Readers = {
    ColumnKind.TEXT: _text,
    ColumnKind.INTEGER: _whole,
    ColumnKind.DECIMAL: _decimal,
    ColumnKind.UUID: _uuid,
    ColumnKind.BINARY: _bytes,
}
