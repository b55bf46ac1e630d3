"""A row's key as a person writes it, turned into the values of its columns. A value is never part of an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy.types import NullType

from retention.database.columns import ColumnKind
from retention.database.reflect import TableShape
from retention.errors import Refused

_LARGEST = 2**63
_DIGITS = re.compile(r"[+-]?[0-9]+")


def _integer(text: str) -> int:
    if not _DIGITS.fullmatch(text) or not -_LARGEST <= int(text) < _LARGEST:
        raise ValueError
    return int(text)


_READ: Mapping[ColumnKind, Callable[[str], Any]] = {
    ColumnKind.INTEGER: _integer,
    ColumnKind.DECIMAL: Decimal,
    ColumnKind.UUID: UUID,
    ColumnKind.DATE: date.fromisoformat,
    ColumnKind.NAIVE: datetime.fromisoformat,
    ColumnKind.INSTANT: datetime.fromisoformat,
    ColumnKind.BINARY: bytes.fromhex,
}


def key_values(shape: TableShape, key: Sequence[str], texts: Sequence[str], where: str) -> tuple[Any, ...]:
    """Return the values that ``texts`` stand for in the columns of ``key``; binary ones are written in hexadecimal.

    Raises:
        Refused: there are too many or too few, or one can't be a value of its column; names ``where``.
    """
    if len(texts) != len(key):
        raise Refused(
            f"{where}: its key has {len(key)} columns ({', '.join(key)}); give {len(key)} values in that order"
        )
    return tuple(_value(shape, column, text, where) for column, text in zip(key, texts, strict=True))


def _value(shape: TableShape, column: str, text: str, where: str) -> Any:
    kind = shape.columns[column].kind
    # Where a column's values travel as they are stored, a day or a number is its text; a binary one never is.
    if isinstance(shape.sql.c[column].type, NullType) and kind is not ColumnKind.BINARY:
        return text
    try:
        return _READ.get(kind, str)(text)
    except (ValueError, InvalidOperation):
        raise Refused(f"{where}: what was given for {column} is no {kind}; write it as the database shows it") from None
