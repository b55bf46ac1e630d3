"""What tells of a row that was read without a lock whether it still is what was read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Column, ColumnClause, LargeBinary, Table, Text, cast, column, func
from sqlalchemy.sql import visitors

from retention.database.reading import Sql


def columns_in(row: Table, read: Iterable[Sql]) -> list[Column[Any]]:
    """Return the row's own columns that expressions are made of, in the table's order."""
    names = {
        one.name
        for expression in read
        for one in visitors.iterate(expression)
        if isinstance(one, Column) and one.table is row
    }
    return [row.c[name] for name in row.c.keys() if name in names]  # noqa: SIM118 - a collection of columns


def by_transaction(row: Table) -> Sql:
    """Return the number of the transaction that wrote the row last: PostgreSQL's ``xmin``."""
    number: ColumnClause[Any] = column("xmin")
    number.table = row
    return cast(number, Text)


def by_digest(columns: Iterable[Sql]) -> Sql:
    """Return a digest of columns as they are stored, each letter of them."""
    # Bytes have no collation, in which two values might be equal; quoted, a null isn't the word, nor a comma the end.
    stored = [func.quote(cast(one, LargeBinary)) for one in columns]
    return func.md5(func.concat_ws(",", *stored), type_=Text())
