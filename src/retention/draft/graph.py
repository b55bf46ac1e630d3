"""Relations that a schema doesn't declare but names suggest, and the way from each table to a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from retention.database.names import TableKey
from retention.database.reflect import Schema, TableShape
from retention.database.relations import Relation

_PREFERRED = ("member_id", "customer_id", "client_id", "patient_id", "owner_id", "person_id", "user_id", "account_id")
_LONGEST = 3


@dataclass(frozen=True, slots=True)
class Way:
    """How a table's rows name their person: a column of their own, or one that lies over some tables."""

    via: tuple[TableKey, ...]
    column: str
    person: TableKey
    others: tuple[str, ...] = ()
    """Columns and tables that lead to a person as well, and as shortly."""

    @property
    def words(self) -> str:
        """Return why, for the comment behind the guess."""
        also = f"; so does it over {', '.join(self.others)}" if self.others else ""
        return f"refers to {self.person}{also}"


def guessed_relations(schema: Schema, tables: Mapping[TableKey, TableShape]) -> list[Relation]:
    """Return relations from columns such as ``member_id`` to tables such as ``member`` that nothing declares."""
    declared = {(relation.child, column) for relation in schema.relations for column in relation.columns}
    found: list[Relation] = []
    for key in sorted(tables):
        for name, column in tables[key].columns.items():
            stem = name.lower().removesuffix("_id")
            if stem == name.lower() or (key, name) in declared:
                continue
            parents = [
                other
                for other in sorted(tables)
                if other.schema == key.schema and len(tables[other].primary_key) == 1 and _named(other.name, stem)
            ]
            if len(parents) == 1:
                target = tables[parents[0]].columns[tables[parents[0]].primary_key[0]]
                if target.kind is column.kind:
                    found.append(Relation(None, key, (name,), parents[0], (target.name,), declared=False))
    return found


def _named(table: str, stem: str) -> bool:
    lower = table.lower()
    return lower in (stem, f"{stem}s", f"{stem}es", f"{stem.removesuffix('y')}ies")


def people(schema: Schema, tables: Mapping[TableKey, TableShape], candidates: set[TableKey]) -> list[TableKey]:
    """Return the tables of which each row is a person: those to which others refer, or all if nobody does."""
    referred = {relation.parent for relation in schema.relations if relation.child != relation.parent}
    chosen = [key for key in sorted(candidates) if len(tables[key].row_key()) == 1]
    return [key for key in chosen if key in referred] or chosen


def ways(
    relations: list[Relation], tables: Mapping[TableKey, TableShape], persons: list[TableKey]
) -> dict[TableKey, Way]:
    """Return the shortest way from each table to a person, with what else leads there as shortly."""
    found = {person: Way((), tables[person].row_key()[0], person) for person in persons}
    reached = list(persons)
    for _ in range(_LONGEST + 1):
        leading: dict[TableKey, list[Relation]] = {}
        for relation in relations:
            if relation.parent in reached and relation.child not in found and relation.child in tables:
                leading.setdefault(relation.child, []).append(relation)
        reached = []
        for child in sorted(leading):
            way = _way(leading[child], found, persons)
            if way is not None:
                found[child] = way
                reached.append(child)
    return found


def _way(leading: list[Relation], known: Mapping[TableKey, Way], persons: list[TableKey]) -> Way | None:
    own = [
        one
        for one in leading
        if one.parent in persons and one.parent_columns == (known[one.parent].column,) and len(one.columns) == 1
    ]
    if own:
        first, *rest = sorted(own, key=lambda one: (_rank(one.columns[0]), own.index(one)))
        return Way((), first.columns[0], first.parent, tuple(one.columns[0] for one in rest))
    # Where two relations lead to one table, only somebody who knows can say which of them is the person's.
    parents = [one.parent for one in leading]
    single = [one for one in leading if parents.count(one.parent) == 1 and one.parent not in persons]
    if not single:
        return None
    first, *rest = sorted(single, key=lambda one: one.parent)
    onward = known[first.parent]
    return Way((first.parent, *onward.via), onward.column, onward.person, tuple(str(one.parent) for one in rest))


def _rank(column: str) -> int:
    return _PREFERRED.index(column) if column in _PREFERRED else len(_PREFERRED)
