"""Rows on their way into a temporary table, past SQLAlchemy's own way of many small steps for each value."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def into(connection: Connection, which: Table) -> str:
    """Return the table and its columns, as COPY and INSERT name them."""
    words = connection.dialect.identifier_preparer
    return f"{words.format_table(which)} ({', '.join(words.format_column(column) for column in which.c)})"
