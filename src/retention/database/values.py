"""Finding values that a person wrote down, in a column of whatever type: compared as the column compares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, or_, type_coerce
from sqlalchemy.types import NullType

from retention.database.columns import ColumnKind
from retention.database.dialect import Dialect
from retention.database.reading import Sql

_WHOLE = re.compile(r"0|-?[1-9][0-9]*")
_BITS = 63


def is_any(dialect: Dialect, column: Sql, kind: ColumnKind, texts: Sequence[str]) -> Sql:
    """Return whether a column holds one of the values, and nothing where a value can't be of its type.

    A value is read as the column's type where that loses nothing; else what is stored is compared as a text.
    """
    if kind is ColumnKind.TEXT:
        return column.in_(texts)
    readers = _UNTYPED if isinstance(column.type, NullType) else _TYPED
    reader = readers.get(kind, _nothing)
    read = {text: list(reader(text)) for text in texts}
    values = [value for found in read.values() for value in found]
    others = [text for text, found in read.items() if not found]
    typed = type_coerce(column, BigInteger) if kind is ColumnKind.INTEGER else column
    return or_(*([typed.in_(values)] if values else []), *([dialect.key_text(column).in_(others)] if others else []))


def _nothing(_text: str) -> Iterator[Any]:
    yield from ()


def _whole(text: str) -> Iterator[int]:
    if _WHOLE.fullmatch(text) and -(2**_BITS) <= int(text) < 2**_BITS:
        yield int(text)


def _decimal(text: str) -> Iterator[Decimal]:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return
    if number.is_finite():
        yield number


def _uuid(text: str) -> Iterator[UUID]:
    try:
        yield UUID(text)
    except ValueError:
        return


def _bytes(text: str) -> Iterator[bytes]:
    yield text.encode()
    try:
        yield bytes.fromhex(text.removeprefix("0x").replace("-", ""))
    except ValueError:
        return


_Readers = Mapping[ColumnKind, Callable[[str], Iterator[Any]]]
_UNTYPED: _Readers = {ColumnKind.BINARY: _bytes}
_TYPED: _Readers = {
    ColumnKind.INTEGER: _whole,
    ColumnKind.DECIMAL: _decimal,
    ColumnKind.UUID: _uuid,
    ColumnKind.BINARY: _bytes,
}
