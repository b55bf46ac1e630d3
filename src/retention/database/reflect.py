"""The live schema, as this product needs it: tables with keys, columns with kinds, declared relations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Column, Connection, FromClause, MetaData, Table, inspect
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.engine.reflection import Inspector, ObjectKind, ObjectScope

from retention.database.columns import ColumnKind, ColumnShape, Declared
from retention.database.dialect import Dialect
from retention.database.names import ForeignKey, TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, of_whole_tables

_NOTHING = re.compile(r"[\s(]*NULL\b", re.IGNORECASE)
"""How a default of null begins: a cast may follow it, and ON UPDATE."""
_OF_A_KEY = "sqlite_autoindex_"
_PRIMARY = "PRIMARY"


@dataclass(frozen=True, slots=True)
class TableShape:
    """One table: ``sql`` is its Core table; ``primary_key`` may be empty; ``unique_keys`` have no nullable column.

    ``indexes`` holds the column lists of every index and key, in order.
    """

    key: TableKey
    sql: Table
    columns: Mapping[str, ColumnShape]
    primary_key: tuple[str, ...]
    unique_keys: tuple[tuple[str, ...], ...]
    indexes: tuple[tuple[str, ...], ...]

    def row_key(self, declared: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return what names a row: the matrix's key, else the primary key, else a unique one; empty if none."""
        if declared:
            return declared
        return self.primary_key or (self.unique_keys[0] if self.unique_keys else ())

    @property
    def stored(self) -> tuple[str, ...]:
        """Return the columns that hold values of their own: all but generated ones."""
        return tuple(name for name, column in self.columns.items() if not column.generated)

    def named(self, row: FromClause, key: tuple[str, ...]) -> list[Sql]:
        """Return what makes sure that a key names the row: SQLite lets a primary key be null."""
        columns = (self.columns[name] for name in key)
        return [row.c[one.name].is_not(None) for one in columns if one.nullable and not one.row_number]

    def indexed(self, columns: tuple[str, ...]) -> bool:
        """Whether an index begins with these columns, in any order among themselves."""
        return any(set(index[: len(columns)]) == set(columns) for index in self.indexes)


@dataclass(frozen=True, slots=True)
class Schema:
    """All tables of a database that matter, and the relations it declares."""

    tables: Mapping[TableKey, TableShape]
    relations: tuple[Relation, ...]
    default: str | None = None
    """The schema of tables whose key names none."""
    alone: tuple[Relation, ...] = ()
    """Foreign keys of some partitions alone by which the database refuses and changes nothing: none of the table's."""


def reflect(connection: Connection, dialect: Dialect, schemas: Iterable[str | None]) -> Schema:
    """Read the schemas named, and those whose rows may refer to their tables."""
    inspector = inspect(connection)
    default = inspector.default_schema_name
    metadata = MetaData()
    tables: dict[TableKey, TableShape] = {}
    relations: list[Relation] = []
    roots: dict[TableKey, TableKey] = {}
    for schema in dialect.schemas(connection, {_own(name, default) for name in schemas}):
        partitions = dialect.partitions(connection, schema)
        options = dialect.key_options(connection)
        roots.update({TableKey(schema, name): root for name, root in partitions.items()})
        found = _Reflected(inspector, schema, dialect.key_columns(connection, schema))
        declared_as = dialect.declared(connection, schema)
        jsons = dialect.json_columns(connection, schema)
        for name, columns in found.columns.items():
            key = TableKey(schema, name)
            if name not in partitions:
                tables[key] = _shape(key, columns, found, declared_as, jsons, dialect, metadata)
            for foreign in found.foreign_keys.get(name, ()):
                relations.append(_relation(key, foreign, default, options))  # noqa: PERF401 - reads better than one expression
    declared = _resolved(relations, tables, dialect)
    enforced = dialect.as_enforced(connection, declared, {key: shape.sql for key, shape in tables.items()})
    whole = of_whole_tables(enforced, roots)
    alone = tuple(one for one in whole if one.partitions and one.refuses)
    return Schema(tables, tuple(one for one in whole if one not in alone), default, alone)


def _resolved(
    relations: Iterable[Relation],
    tables: Mapping[TableKey, TableShape],
    dialect: Dialect,
) -> tuple[Relation, ...]:
    """Return the relations with the names that tables and columns have where they are declared.

    An engine that looks at no case keeps a key as it was written. A name that leads nowhere is left as it is: such a
    key can hold no row.
    """
    known = {_folded(key, dialect): key for key in tables}
    found: list[Relation] = []
    for one in relations:
        parent = known.get(_folded(one.parent, dialect), one.parent)
        own, there = (_columns(tables.get(table), dialect) for table in (one.child, parent))
        named = one.parent_columns or (tables[parent].primary_key if parent in tables else ())
        found.append(
            replace(
                one,
                columns=tuple(own.get(dialect.folded(name), name) for name in one.columns),
                parent=parent,
                parent_columns=tuple(there.get(dialect.folded(name), name) for name in named),
            )
        )
    return tuple(found)


def _folded(key: TableKey, dialect: Dialect) -> TableKey:
    return TableKey(key.schema, dialect.folded(key.name))


def _columns(shape: TableShape | None, dialect: Dialect) -> dict[str, str]:
    return {} if shape is None else {dialect.folded(name): name for name in shape.columns}


class _Reflected:
    """One schema's reflection, read in a handful of queries however many tables it has."""

    def __init__(
        self, inspector: Inspector, schema: str | None, whole: Mapping[tuple[str, str], tuple[str, ...]]
    ) -> None:
        options = {"schema": schema, "kind": ObjectKind.TABLE, "scope": ObjectScope.DEFAULT}
        self.columns = _named(inspector.get_multi_columns(**options))  # type: ignore[arg-type]
        for column in (one for columns in self.columns.values() for one in columns):
            # What a domain is made of tells how its values compare.
            while isinstance(column["type"], DOMAIN):
                column["type"] = column["type"].data_type
        self.keys = _named(inspector.get_multi_pk_constraint(**options))  # type: ignore[arg-type]
        self.unique = _named(inspector.get_multi_unique_constraints(**options))  # type: ignore[arg-type]
        # Indexes that an engine makes by itself for UNIQUE are the surest sign of it: SQLite's texts are hard to read.
        self.indexes = _named(inspector.get_multi_indexes(**options, include_auto_indexes=True))  # type: ignore[arg-type]
        for (table, name), columns in whole.items():
            unique = (*self.unique.get(table, ()), *self.indexes.get(table, ()))
            for one in (one for one in unique if one["name"] == name):
                one["column_names"] = list(columns)
            if name == _PRIMARY and table in self.keys:
                self.keys[table]["constrained_columns"] = list(columns)
        self.foreign_keys = _named(inspector.get_multi_foreign_keys(**options))  # type: ignore[arg-type]


def _named(found: Mapping[tuple[str | None, str], Any]) -> dict[str, Any]:
    return {name: value for (_schema, name), value in found.items() if value is not None}


def _own(schema: str | None, default: str | None) -> str | None:
    return None if schema == default else schema


def _shape(
    key: TableKey,
    columns: list[dict[str, Any]],
    found: _Reflected,
    declared_as: Mapping[tuple[str, str], Declared],
    jsons: set[tuple[str, str]],
    dialect: Dialect,
    metadata: MetaData,
) -> TableShape:
    primary = tuple((found.keys.get(key.name) or {}).get("constrained_columns") or ())
    nullable = {column["name"] for column in columns if column.get("nullable", True)}
    unique = [tuple(entry["column_names"]) for entry in found.unique.get(key.name) or ()]
    row_number = primary if dialect.numbers_rows and len(primary) == 1 else ()
    indexes: list[tuple[str, ...]] = []
    for index in found.indexes.get(key.name) or ():
        names = tuple(name for name in index["column_names"] if name is not None)
        if names == row_number and str(index["name"]).startswith(_OF_A_KEY):
            # Of a row's own number the engine keeps none: INT PRIMARY KEY and the like are columns of any values.
            row_number = ()
        whole = len(names) == len(index["column_names"]) and not _partial(index)
        if whole:
            indexes.append(names)
        if index.get("unique") and whole:
            unique.append(names)
    keys = [tuple(names) for names in unique if names]
    alone = {names[0] for names in [*keys, primary] if len(names) == 1}
    shapes = {
        column["name"]: ColumnShape(
            name=column["name"],
            kind=ColumnKind.JSON if (key.name, column["name"]) in jsons else dialect.kind(column["type"]),
            length=getattr(column["type"], "length", None),
            nullable=bool(column.get("nullable", True)),
            unique=column["name"] in alone,
            generated=bool(column.get("computed")),
            on_update=said.on_update,
            charset=said.charset,
            supplied=_supplied(column) or column["name"] in row_number,
            refuses=bool(column.get("computed")) or bool((column.get("identity") or {}).get("always")),
            row_number=column["name"] in row_number,
            declared=said.type,
            checked=said.checked,
        )
        for column in columns
        for said in (declared_as.get((key.name, column["name"])) or Declared(str(column["type"])),)
    }
    sql = Table(
        key.name,
        metadata,
        *(
            Column(
                column["name"],
                dialect.column_type(column["type"], shapes[column["name"]].kind),
                primary_key=column["name"] in primary,
                autoincrement=False,
            )
            for column in columns
        ),
        schema=key.schema,
        quote=None,
    )
    strict = tuple(dict.fromkeys(names for names in keys if not set(names) & nullable))
    every = tuple(dict.fromkeys([*([primary] if primary else []), *keys, *indexes]))
    return TableShape(key, sql, shapes, primary, strict, every)


def _supplied(column: Mapping[str, Any]) -> bool:
    """Whether a column has a value of its own where a statement names none."""
    default = str(column.get("default") or "")
    return bool(default and not _NOTHING.match(default)) or any(
        column.get(name) not in (None, False, "auto") for name in ("autoincrement", "computed", "identity")
    )


def _partial(index: Mapping[str, Any]) -> bool:
    options = index.get("dialect_options") or {}
    return any(name.endswith("_where") and value is not None for name, value in options.items())


def _relation(
    child: TableKey,
    foreign: Mapping[str, Any],
    default: str | None,
    known: Mapping[ForeignKey, Mapping[str, str]],
) -> Relation:
    parent = TableKey(_own(foreign.get("referred_schema"), default), foreign["referred_table"])
    columns = tuple(foreign["constrained_columns"])
    options = known.get((child.name, columns, foreign["referred_table"])) or foreign.get("options") or {}
    rule = str(options.get("ondelete") or "NO ACTION")
    # PostgreSQL may empty some of the columns only: SET NULL (member_id).
    action, _, some = rule.partition("(")
    return Relation(
        name=foreign.get("name"),
        child=child,
        columns=columns,
        parent=parent,
        parent_columns=tuple(foreign["referred_columns"]),
        on_delete=action.strip().upper(),
        on_update=str(options.get("onupdate") or "NO ACTION").upper(),
        emptied=tuple(name.strip().strip('"') for name in some.rstrip(")").split(",") if name.strip()),
    )


__all__ = ["ColumnKind", "ColumnShape", "Schema", "TableShape", "reflect"]
