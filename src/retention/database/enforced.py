"""How each engine itself compares the columns of a foreign key, where that isn't what ``=`` says of them.

A key that cascades takes the rows that it finds: who finds other ones destroys what had to stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, Connection, Table, exc, false, func, literal, select, text, types, union
from sqlalchemy.dialects import mysql

from retention.database.columns import BYTES
from retention.database.names import TableKey
from retention.database.relations import Relation
from retention.database.worded import COLUMN

# The operator is the key's own: one with another name is no `=`, and one outside of the search path isn't found.
_OPERATORS = text("""
SELECT n.nspname, c.relname, k.conname, a.attname,
  CASE WHEN t.typtype <> 'p' AND t.oid <> a.atttypid THEN format_type(t.oid, -1) END,
  CASE WHEN p.attcollation NOT IN (0, a.attcollation) THEN CAST(CAST(p.attcollation AS regcollation) AS text) END,
  o.oprname = '=' AND pg_operator_is_visible(o.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  CROSS JOIN LATERAL unnest(k.conkey, k.confkey, k.conpfeqop) AS pair (own, other, operator)
  JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.own
  JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = pair.other
  JOIN pg_operator o ON o.oid = pair.operator JOIN pg_type t ON t.oid = o.oprright
WHERE k.contype = 'f'
""")
_COLLATIONS = (("NOCASE", "A"), ("RTRIM", "a "))
_BY_NUMBER = (mysql.ENUM, mysql.SET)
_FACETS = ("unsigned", "precision", "scale", "fsp", "enums", "values")


def by_operators(connection: Connection, relations: Sequence[Relation]) -> Iterator[Relation]:
    """PostgreSQL: yield the relations as the operators say that each key keeps, and its parent's collation."""
    default = connection.dialect.default_schema_name
    found: dict[tuple[TableKey, str | None], dict[str, tuple[str | None, bool]]] = {}
    for schema, table, name, column, type_, collation, sure in connection.execute(_OPERATORS):
        words = COLUMN if type_ is None else f"CAST({COLUMN} AS {type_})"
        words = words if collation is None else f"({words}) COLLATE {collation}"
        key = (TableKey(None if schema == default else schema, table), name)
        found.setdefault(key, {})[column] = (words if words != COLUMN else None, bool(sure))
    for one in relations:
        columns = found.get((one.child, one.name), {})
        yield replace(
            one,
            turned=tuple((name, words) for name, (words, _sure) in columns.items() if words is not None),
            unsure=tuple(name for name, (_words, sure) in columns.items() if not sure),
        )


def by_parents(
    connection: Connection, relations: Sequence[Relation], tables: Mapping[TableKey, Table]
) -> Iterator[Relation]:
    """SQLite: yield the relations with the parent's collation where the child has another one.

    What goes or stays with a parent is found by ``parent = child``, as in any statement; only a child that is written
    is given the parent's affinity before it.
    """
    for one in relations:
        turned, unsure = [], []
        for name, own, other in _pairs(one, tables):
            collation = _collation(connection, other)
            if collation is None:
                unsure.append(name)
            elif collation != _collation(connection, own):
                turned.append((name, f"{COLUMN} COLLATE {collation}"))
        yield replace(one, turned=tuple(turned), unsure=tuple(unsure))


def by_storage(relations: Sequence[Relation], tables: Mapping[TableKey, Table]) -> Iterator[Relation]:
    """MariaDB: yield the relations with the columns whose stored bytes InnoDB compares, and not their values."""
    for one in relations:
        yield replace(
            one,
            unsure=tuple(name for name, own, other in _pairs(one, tables) if not _alike(own.type, other.type)),
        )


def _pairs(relation: Relation, tables: Mapping[TableKey, Table]) -> Iterator[tuple[str, Column[Any], Column[Any]]]:
    child, parent = tables.get(relation.child), tables.get(relation.parent)
    for own, other in zip(relation.columns, relation.parent_columns, strict=False):
        if child is not None and parent is not None and own in child.c and other in parent.c:
            yield own, child.c[own], parent.c[other]


def _collation(connection: Connection, column: Column[Any]) -> str | None:
    """Return the column's collation; None where only the shop's own program knows it."""
    try:
        return next((name for name, other in _COLLATIONS if _takes_for_one(connection, column, other)), "BINARY")
    except exc.OperationalError:
        return None


def _takes_for_one(connection: Connection, column: Column[Any], other: str) -> bool:
    """Whether the column's collation takes the text for 'a': a union compares as its first column does."""
    both = union(select(column).where(false()), select(literal("a")), select(literal(other)))
    return connection.execute(select(func.count()).select_from(both.subquery())).scalar_one() == 1


def _alike(own: types.TypeEngine[Any], other: types.TypeEngine[Any]) -> bool:
    """Whether equal values have equal bytes: of texts the engine wants one collation."""
    for family in (types.String, BYTES):
        if all(isinstance(one, family) and not isinstance(one, _BY_NUMBER) for one in (own, other)):
            return True
    return type(own) is type(other) and all(getattr(own, one, None) == getattr(other, one, None) for one in _FACETS)
