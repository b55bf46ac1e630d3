"""Finding values that a person wrote down, in a column of whatever type: compared as the column compares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, or_, type_coerce
from sqlalchemy.types import NullType

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.dialect import Dialect
from retention.database.reading import Sql

_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_NUMBER = re.compile(rf"(?:{_WHOLE.pattern}|-0)(?:\.[0-9]+)?")
_BITS = 63


def is_any(dialect: Dialect, column: Sql, shape: ColumnShape, texts: Sequence[str]) -> Sql:
    """Return whether a column holds one of the values, and nothing where a value can't be of its type.

    A value is read as the column's type where that loses nothing; else what is stored is compared as a text.
    """
    readers = _UNTYPED if isinstance(column.type, NullType) else _TYPED
    reader = readers.get(shape.kind, _nothing)
    read = {text: list(reader(text, shape)) for text in texts}
    values = [value for found in read.values() for value in found]
    others = [text for text, found in read.items() if not found]
    typed = type_coerce(column, BigInteger) if shape.kind is ColumnKind.INTEGER else column
    return or_(*([typed.in_(values)] if values else []), *([dialect.key_text(column).in_(others)] if others else []))


def _nothing(_text: str, _shape: ColumnShape) -> Iterator[Any]:
    yield from ()


def _text(text: str, shape: ColumnShape) -> Iterator[str]:
    # An engine that converts a value to a column's narrower character set refuses one that doesn't fit in.
    charset = shape.charset or "utf8mb4"
    if charset == "utf8mb4" or text.isascii() or (charset.startswith("utf8") and max(text) <= "\uffff"):
        yield text


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
_UNTYPED: _Readers = {ColumnKind.BINARY: _bytes}
_TYPED: _Readers = {
    ColumnKind.TEXT: _text,
    ColumnKind.INTEGER: _whole,
    ColumnKind.DECIMAL: _decimal,
    ColumnKind.UUID: _uuid,
    ColumnKind.BINARY: _bytes,
}
