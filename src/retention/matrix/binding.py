"""The matrix bound to one live database: every table name of the matrix with its shape, and the joined graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from retention.database.columns import ColumnKind, ColumnShape
from retention.database.connect import Database
from retention.database.names import TableKey
from retention.database.reflect import Schema, TableShape
from retention.database.relations import Relation, RelationGraph, ways
from retention.errors import Refused
from retention.matrix.defaultschema import without_default
from retention.matrix.model import DatabaseEntry, Hop, Matrix, Part, Place, Rule, TableEntry, TableName


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path, resolved: over ``relation``, ``up`` from child to parent or down from parent to child."""

    relation: Relation
    up: bool

    @property
    def reached(self) -> TableKey:
        """Return the table the step leads to."""
        return self.relation.parent if self.up else self.relation.child


@dataclass(frozen=True, slots=True)
class BoundPart:
    """A part with the relation that leads from it to its owner; ``to`` is where it is moved, if it is."""

    table: TableKey
    relation: Relation
    parts: tuple[BoundPart, ...]
    to: TableKey | None = None


@dataclass(frozen=True)
class Binding:
    """One shard of one database of the matrix, with its live schema."""

    matrix: Matrix
    entry: DatabaseEntry
    database: Database
    schema: Schema
    graph: RelationGraph
    named_twice: frozenset[TableName] = frozenset()
    """Tables that the matrix names with their default schema and without it."""

    @property
    def identity(self) -> str:
        """Return the identity that the matrix names for this shard."""
        return self.entry.identities[self.database.shard]

    @property
    def target_ms(self) -> float:
        """Return how long a batch should take, in milliseconds: as the matrix says, else as suits the engine."""
        return self.entry.execute.target_ms or self.database.dialect.target_ms

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Return the rules whose table lies in this database, as the matrix orders them."""
        return tuple(rule for rule in self.matrix.rules if rule.table.database == self.entry.name)

    def shape(self, name: TableName | TableKey) -> TableShape:
        """Return the live table.

        Raises:
            Refused: the database has no such table.
        """
        key = name if isinstance(name, TableKey) else table_key(name)
        try:
            return self.schema.tables[key]
        except KeyError:
            raise Refused(f"{self.entry.name}.{key}: the database has no such table; mend the matrix") from None

    def has(self, name: TableName) -> bool:
        """Whether the database has the table."""
        return table_key(name) in self.schema.tables

    def name_of(self, key: TableKey) -> TableName:
        """Return the table's name as the matrix spells it."""
        return TableName(self.entry.name, key.schema, key.name)

    def table_entry(self, key: TableKey) -> TableEntry | None:
        """Return what the matrix says of the table, if anything."""
        return self.matrix.tables.get(self.name_of(key))

    def column(self, key: TableKey, name: str, place: Place) -> ColumnShape:
        """Return a column of the live table.

        Raises:
            Refused: the table has no such column.
        """
        try:
            return self.shape(key).columns[name]
        except KeyError:
            raise Refused(
                f"{place}: {self.entry.name}.{key} has no column {name}; spell it as the database does"
            ) from None

    def row_key(self, key: TableKey) -> tuple[str, ...]:
        """Return the columns that name a row of the table; empty where nothing does."""
        entry = self.table_entry(key)
        return self.shape(key).row_key(entry.key if entry else ())

    def path(self, start: TableKey, hops: Sequence[Hop], place: Place, *, only_up: bool = False) -> tuple[Step, ...]:
        """Return the steps of a path; ``only_up``: parent by parent.

        Raises:
            Refused: a hop leads nowhere, or in more than one way.
        """
        steps: list[Step] = []
        here = start
        for hop in hops:
            step = self._step(here, hop, place, only_up=only_up)
            steps.append(step)
            here = step.reached
        return tuple(steps)

    def _step(self, here: TableKey, hop: Hop, place: Place, *, only_up: bool) -> Step:
        if only_up and not hop.up:
            name = hop.relation or hop.table
            raise Refused(f"{place}: ^{name} leads to children; `via` goes to parents, use latest_of")
        if hop.relation is not None:
            side = self.graph.from_(here) if hop.up else self.graph.to(here)
            found = [Step(relation, hop.up) for relation in ways(one for one in side if one.name == hop.relation)]
            wanted = f"relation {hop.relation}"
        else:
            assert hop.table is not None
            there = table_key(hop.table)
            found = [Step(relation, True) for relation in ways(self.graph.between(here, there)) if hop.up]
            if not only_up:
                found += [Step(relation, False) for relation in ways(self.graph.between(there, here))]
            wanted = str(hop.table)
        if len(found) == 1:
            return found[0]
        problem = "no relation leads" if not found else "several relations lead"
        raise Refused(
            f"{place}: {problem} from {self.entry.name}.{here} to {wanted}; declare one under `relations:` and name it"
        )

    def parts(self, rule: Rule) -> tuple[BoundPart, ...]:
        """Return the rule's parts with their relations.

        Raises:
            Refused: no relation leads from a part to its owner, or several do.
        """
        return self._parts(rule.parts, table_key(rule.table))

    def _parts(self, parts: Iterable[Part], owner: TableKey) -> tuple[BoundPart, ...]:
        return tuple(self._part(part, owner) for part in parts)

    def _part(self, part: Part, owner: TableKey) -> BoundPart:
        key = table_key(part.table)
        if not self.row_key(key):
            raise Refused(
                f"{part.place}: the part {part.table} has no primary or unique key, so no row of it can be named; "
                "declare one in the database, or `key:` in the matrix"
            )
        if part.columns:
            given = Relation(None, key, part.columns, owner, part.to_columns, declared=False)
            known = (one for one in self.graph.relations if one.same_as(given))
            relation = next(known, None) or _typed(self.schema, given)
        else:
            relations = ways(
                one for one in self.graph.between(key, owner) if part.relation is None or one.name == part.relation
            )
            if len(relations) != 1:
                problem = "no relation leads" if not relations else "several relations lead"
                raise Refused(
                    f"{part.place}: {problem} from the part {part.table} to {self.entry.name}.{owner}; "
                    "say {table, columns, to_columns}"
                )
            relation = relations[0]
        return BoundPart(key, relation, self._parts(part.parts, key), table_key(part.to) if part.to else None)


def table_key(name: TableName) -> TableKey:
    """Return the name inside its database."""
    return TableKey(name.schema, name.table)


def bind(matrix: Matrix, entry: DatabaseEntry, database: Database, schema: Schema) -> Binding:
    """Join the live schema's relations with those of the matrix."""
    matrix, twice = without_default(matrix, entry.name, schema.default)
    added = [
        Relation(
            name=relation.name,
            child=table_key(table.name),
            columns=relation.columns,
            parent=table_key(relation.to),
            parent_columns=relation.to_columns,
            declared=False,
            holds=relation.holds,
            detach=relation.detach,
        )
        for table in matrix.tables.values()
        if table.name.database == entry.name
        for relation in table.relations
    ]
    graph = RelationGraph.of(schema.relations, added)
    typed = RelationGraph(tuple(_typed(schema, relation) for relation in graph.relations))
    return Binding(matrix, entry, database, schema, typed, twice)


def _typed(schema: Schema, relation: Relation) -> Relation:
    """Return the relation with what its live columns say: which may be null, and which are of unlike types."""
    child, parent = schema.tables.get(relation.child), schema.tables.get(relation.parent)
    if child is None or parent is None:
        return relation
    pairs = zip(relation.columns, relation.parent_columns, strict=False)
    known = [(own, other) for own, other in pairs if own in child.columns and other in parent.columns]
    return replace(
        relation,
        nullable=tuple(own for own, _other in known if child.columns[own].nullable),
        as_text=tuple(
            own
            for own, other in known
            if not relation.declared and _family(child.columns[own]) is not _family(parent.columns[other])
        ),
    )


def _family(column: ColumnShape) -> ColumnKind:
    """Return a kind that stands for all that compare with each other without a loss."""
    return ColumnKind.INTEGER if column.kind is ColumnKind.DECIMAL else column.kind
