"""Rows on their way into a temporary table, past SQLAlchemy's own way of many small steps for each value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table

Rows = Sequence[Sequence[Any]]


def as_bound(connection: Connection, which: Table, rows: Rows) -> Rows | Iterator[list[Any]]:
    """Return rows with the values as the driver takes them for the table's columns."""
    dialect = connection.dialect
    made = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in which.c]
    if not any(made):
        return rows
    return ([value if make is None else make(value) for value, make in zip(row, made, strict=True)] for row in rows)


def as_copied(rows: Rows) -> str | None:
    """Return rows as COPY reads them in its text format; None where it takes more than texts, numbers and days.

    https://www.postgresql.org/docs/current/sql-copy.html, *Text Format*.
    """
    columns = []
    for column in zip(*rows, strict=True):
        kinds = set(map(type, column))
        nullable = type(None) in kinds
        kinds.discard(type(None))
        if len(kinds) > 1 or not kinds <= _WRITTEN.keys():
            return None
        values = _WRITTEN[next(iter(kinds), str)](value for value in column if value is not None)
        columns.append(_with_nulls(column, values) if nullable else values)
    return "".join(f"{line}\n" for line in map("\t".join, zip(*columns, strict=True)))


def _texts(values: Iterable[str]) -> Sequence[str]:
    found = list(values)
    return [text.translate(_ESCAPED) for text in found] if _SPECIAL.search("".join(found)) else found


def _with_nulls(column: Sequence[Any], values: Iterable[str]) -> list[str]:
    rest = iter(values)
    return [r"\N" if value is None else next(rest) for value in column]


_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_WRITTEN: dict[type, Callable[[Iterable[Any]], Sequence[str]]] = {
    str: _texts,
    int: lambda values: list(map(str, values)),
    date: lambda values: list(map(date.isoformat, values)),
}


def into(connection: Connection, which: Table) -> str:
    """Return the table and its columns, as COPY and INSERT name them."""
    words = connection.dialect.identifier_preparer
    return f"{words.format_table(which)} ({', '.join(words.format_column(column) for column in which.c)})"
