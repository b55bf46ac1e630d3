"""The graph of relations: what the database declares and what the matrix adds, as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import FromClause, String, and_, cast

from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.worded import Worded

_TEXT = 255


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of ``child`` refer by ``columns`` to rows of ``parent`` by ``parent_columns``.

    ``holds`` and ``detach`` are the matrix's flags. ``declared``: the database itself enforces it. ``nullable``: those
    of its columns that may be null, ``emptied`` those that ON DELETE SET NULL empties: all where it names none.
    ``as_text``: columns of unlike types of a relation that the matrix adds, whose values are compared as texts.
    ``turned``: columns of a declared one with the words that make ``=`` compare them as the engine does; ``unsure``:
    those of which nobody can say how it does. ``partitions``: those of a partitioned child that alone have the foreign
    key; empty where the table has it.
    """

    name: str | None
    child: TableKey
    columns: tuple[str, ...]
    parent: TableKey
    parent_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    declared: bool = True
    holds: bool = True
    detach: bool = False
    nullable: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    as_text: tuple[str, ...] = ()
    turned: tuple[tuple[str, str], ...] = ()
    unsure: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()

    @property
    def to_itself(self) -> bool:
        """Whether rows of the table refer to rows of the same table."""
        return self.child == self.parent

    @property
    def empties(self) -> bool:
        """Whether the database empties a reference by itself when the row it leads to goes.

        A key of some partitions alone leaves the references of all others as they are.
        """
        whole = self.declared and not self.partitions
        return whole and self.on_delete == "SET NULL" and set(self.emptied or self.columns) <= set(self.nullable)

    @property
    def refuses(self) -> bool:
        """Whether the database refuses to delete a row that is referred to."""
        return self.declared and self.on_delete not in ("CASCADE", "SET NULL", "SET DEFAULT")

    @property
    def carries(self) -> bool:
        """Whether the database changes a reference by itself when the value it leads to changes."""
        return self.declared and self.on_update in ("CASCADE", "SET NULL", "SET DEFAULT")

    @property
    def blocks(self) -> bool:
        """Whether a row that stays keeps the row it refers to.

        ``detach`` lets an ON DELETE SET NULL happen and nothing else: any other foreign key would destroy the row that
        stays, or refuse. For the same reason ``holds: false`` lifts no foreign key that cascades or refuses.
        """
        if self.empties:
            return self.holds and not self.detach
        return self.holds or self.declared

    @property
    def pairs(self) -> frozenset[tuple[str, str]]:
        """Return which column of the child goes with which of the parent."""
        return frozenset(zip(self.columns, self.parent_columns, strict=False))

    def same_as(self, other: Relation) -> bool:
        """Whether both join the same columns of the same tables."""
        return (self.child, self.parent, self.pairs) == (other.child, other.parent, other.pairs)

    def __str__(self) -> str:
        return f"{self.child}({', '.join(self.columns)}) -> {self.parent}({', '.join(self.parent_columns)})"


@dataclass(frozen=True, slots=True)
class RelationGraph:
    """All relations of one database."""

    relations: tuple[Relation, ...]

    @classmethod
    def of(cls, declared: Iterable[Relation], added: Iterable[Relation]) -> RelationGraph:
        """Join both; a relation of the matrix that repeats declared ones only adds its flags and name to them."""
        merged = list(declared)
        for extra in added:
            known = [index for index, one in enumerate(merged) if one.same_as(extra)]
            for index in known:
                one = merged[index]
                merged[index] = replace(one, holds=extra.holds, detach=extra.detach, name=extra.name or one.name)
            if not known:
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
        return tuple(relation for relation in self.to(table) if relation.blocks)

    def between(self, child: TableKey, parent: TableKey) -> tuple[Relation, ...]:
        """Return the relations from ``child`` to ``parent``."""
        return tuple(relation for relation in self.from_(child) if relation.parent == parent)


def of_whole_tables(relations: Iterable[Relation], roots: Mapping[TableKey, TableKey]) -> tuple[Relation, ...]:
    """Return declared relations with each partition's as its table's; ``roots`` has every partition's table.

    A row is the partitioned table's wherever it lies: what cascades to it from its partition's key would be destroyed
    under no rule. What several partitions have alike, and each copy of a key that the table itself has, is one.
    """
    found: list[Relation] = []
    known: dict[Relation, int] = {}
    # The table's own keys come first, and then whatever only repeats them.
    for one in sorted(relations, key=lambda one: (one.child in roots, one.parent in roots)):
        whole = replace(one, child=roots.get(one.child, one.child), parent=roots.get(one.parent, one.parent))
        alike = replace(whole, name=None)
        lone = (one.child.name,) if one.child in roots else ()
        at = known.setdefault(alike, len(found))
        if at == len(found) or (one.child, one.parent) == (whole.child, whole.parent):
            found.append(replace(whole, partitions=lone))
        elif found[at].partitions and one.child.name not in found[at].partitions:
            found[at] = replace(found[at], partitions=(*found[at].partitions, *lone))
    return tuple(found)


def ways(relations: Iterable[Relation]) -> list[Relation]:
    """Return the first of those that join the same columns: keys with an action each are one way all the same."""
    found: list[Relation] = []
    for one in relations:
        if not any(one.same_as(other) for other in found):
            found.append(one)
    return found


def joined(relation: Relation, child: FromClause, parent: FromClause) -> Sql:
    """Return whether ``child`` refers to ``parent`` over the relation; a null in any column refers to nothing."""
    pairs = zip(*compared(relation, child, parent), strict=True)
    return and_(*(left == right for left, right in pairs))


def compared(relation: Relation, child: FromClause, parent: FromClause) -> tuple[list[Sql], list[Sql]]:
    """Return the relation's columns of both, in the same order, in types in which comparing them loses nothing."""
    left: list[Sql] = []
    right: list[Sql] = []
    turned = dict(relation.turned)
    for own, other in zip(relation.columns, relation.parent_columns, strict=True):
        # An engine would turn the text into a number, and '007' into 7: the other way nothing is lost.
        unlike = own in relation.as_text
        value = Worded(turned[own], child.c[own], parent.c[other].type) if own in turned else child.c[own]
        left.append(cast(value, String(_TEXT)) if unlike else value)
        right.append(cast(parent.c[other], String(_TEXT)) if unlike else parent.c[other])
    return left, right
