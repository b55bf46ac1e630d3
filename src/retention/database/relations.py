"""The graph of relations: what the database declares and what the matrix adds, as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from retention.database.names import TableKey


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of ``child`` refer by ``columns`` to rows of ``parent`` by ``parent_columns``.

    ``holds``: a row that stays keeps the row it refers to. ``detach``: the engine may set the columns to null.
    ``declared``: the database itself enforces it.
    """

    name: str | None
    child: TableKey
    columns: tuple[str, ...]
    parent: TableKey
    parent_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    declared: bool = True
    holds: bool = True
    detach: bool = False

    @property
    def to_itself(self) -> bool:
        """Whether rows of the table refer to rows of the same table."""
        return self.child == self.parent

    def __str__(self) -> str:
        return f"{self.child}({', '.join(self.columns)}) -> {self.parent}({', '.join(self.parent_columns)})"


@dataclass(frozen=True, slots=True)
class RelationGraph:
    """All relations of one database."""

    relations: tuple[Relation, ...]

    @classmethod
    def of(cls, declared: Iterable[Relation], added: Iterable[Relation]) -> RelationGraph:
        """Join both; a relation of the matrix that repeats a declared one only adds its flags and name."""
        merged = list(declared)
        for extra in added:
            for index, known in enumerate(merged):
                if _pairs(known) == _pairs(extra):
                    merged[index] = replace(
                        known, holds=extra.holds, detach=extra.detach, name=extra.name or known.name
                    )
                    break
            else:
                merged.append(extra)
        return cls(tuple(merged))

    def to(self, table: TableKey) -> tuple[Relation, ...]:
        """Return the relations whose parent is ``table``."""
        return tuple(relation for relation in self.relations if relation.parent == table)

    def from_(self, table: TableKey) -> tuple[Relation, ...]:
        """Return the relations whose child is ``table``."""
        return tuple(relation for relation in self.relations if relation.child == table)

    def holding(self, table: TableKey) -> tuple[Relation, ...]:
        """Return the relations over which a row that stays holds a row of ``table``."""
        return tuple(relation for relation in self.to(table) if relation.holds and not relation.detach)

    def between(self, child: TableKey, parent: TableKey) -> tuple[Relation, ...]:
        """Return the relations from ``child`` to ``parent``."""
        return tuple(relation for relation in self.from_(child) if relation.parent == parent)


def child_first(tables: Sequence[TableKey], relations: Iterable[Relation]) -> tuple[TableKey, ...]:
    """Order tables so that a child comes before its parents; tables in a circle keep their given order."""
    parents: dict[TableKey, set[TableKey]] = {table: set() for table in tables}
    children: dict[TableKey, set[TableKey]] = {table: set() for table in tables}
    for relation in relations:
        if relation.child in parents and relation.parent in parents and not relation.to_itself:
            parents[relation.child].add(relation.parent)
            children[relation.parent].add(relation.child)
    ordered: list[TableKey] = []
    waiting = list(tables)
    while waiting:
        ready = [table for table in waiting if not children[table] & set(waiting)]
        # A circle leaves nothing ready: its first table goes, and the statement's own re-check keeps what must stay.
        chosen = ready or waiting[:1]
        ordered.extend(chosen)
        waiting = [table for table in waiting if table not in chosen]
    return tuple(ordered)


def _pairs(relation: Relation) -> tuple[TableKey, TableKey, frozenset[tuple[str, str]]]:
    return (
        relation.child,
        relation.parent,
        frozenset(zip(relation.columns, relation.parent_columns, strict=False)),
    )
