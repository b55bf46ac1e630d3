"""A table of the connection's default schema has one name, whether the matrix names that schema or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from retention.matrix.model import Matrix, TableName

Any_ = TypeVar("Any_")


def without_default(matrix: Matrix, database: str, default: str | None) -> tuple[Matrix, frozenset[TableName]]:
    """Return the matrix with the default schema left out of a database's table names, and tables named both ways."""

    def shorter(name: TableName) -> TableName:
        here = default is not None and name.database == database and name.schema == default
        return TableName(database, None, name.table) if here else name

    longer = [name for name in matrix.tables if shorter(name) != name]
    if not longer and not any(shorter(rule.table) != rule.table for rule in matrix.rules):
        return matrix, frozenset()
    both = frozenset(shorter(name) for name in longer if shorter(name) in matrix.tables)
    return _renamed(matrix, shorter), both


def _renamed(value: Any_, change: Callable[[TableName], TableName]) -> Any_:
    """Return a value with every table's name in it changed."""
    found: Any = value
    if isinstance(value, TableName):
        found = change(value)
    elif isinstance(value, tuple):
        found = tuple(_renamed(one, change) for one in value)
    elif isinstance(value, Mapping):
        found = {_renamed(key, change): _renamed(one, change) for key, one in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _renamed(getattr(value, field.name), change) for field in fields(value)}
        found = replace(value, **changed)
    return found  # type: ignore[no-any-return]
