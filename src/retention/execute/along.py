"""Parts that go along with their record: the database's own cascade takes them, as nothing but the record holds them.

A record whose parts all do is as good as a row without any: one statement weighs it and takes it, and there is nothing
to be weighed of the parts. Where anything could hold one of them alone, they go by statements of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, FromClause, Table, bindparam, func, literal, select, true

from retention.database.reading import Sql
from retention.database.relations import joined
from retention.errors import DatabaseFault
from retention.execute.told import Query
from retention.plan.held import Covers
from retention.plan.record import Record
from retention.plan.rules import BoundRule
from retention.plan.units import Path, Unit, part_paths

_ENOUGH = "retention_enough"
_BEYOND = 4
"""How many times as many rows as a batch may have are counted: enough to tell how much smaller it has to be."""


def go_along(unit: Unit, rule: BoundRule, covers: Covers) -> bool:
    """Whether foreign keys that cascade lead to every part, and nothing beside the record could hold one of them."""
    record = Record(unit, rule, rule.row, covers)
    return all(
        path[-1].relation.declared
        and path[-1].relation.on_delete == "CASCADE"
        and path[-1].table not in unit.row_rules
        and not record.beside(path)
        for path in record.paths
    )


def cascades(connection: Connection, unit: Unit, rule: BoundRule) -> bool:
    """Whether the engine's cascade can be left to take the rule's parts, every one of them counted."""
    parts = Along(unit, rule).tables
    return not parts or unit.binding.database.dialect.cascades(connection, rule.shape.sql, parts)


@dataclass(frozen=True)
class Along:
    """How many parts go along with the rows of a batch, and how many would.

    An engine that counts what its cascades take is asked before and after. Elsewhere the parts are counted by a locking
    read, once their rows are locked: no part can come or leave until they have gone.
    """

    unit: Unit
    rule: BoundRule

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Return the ways to every kind of part; each has a table of its own."""
        return tuple(part_paths(self.rule.parts))

    @property
    def before(self) -> Sequence[Sql]:
        """Return what is to be asked before the rows go, or in the statement by which they go.

        A cascade begins when the statement has told all that it has to tell.
        """
        dialect = self.unit.binding.database.dialect
        return [dialect.deleted(table) for table in self.tables] if dialect.counts_deleted else ()

    def weighing(self, chosen: Sql) -> Sequence[Query]:
        """Return queries that count the chosen rows and their parts, and lock none of them; none without parts."""
        owners = select(self.rule.shape.sql).where(chosen).subquery()
        every = [[true()], *self._ways(owners)] if self.paths else []
        rows = (select(literal(1)).select_from(owners).where(*ways) for ways in every)
        return [select(func.count()).select_from(one.limit(bindparam(_ENOUGH)).subquery()) for one in rows]

    def weigh(
        self, connection: Connection, queries: Sequence[Query], values: Mapping[str, Any], most: int
    ) -> tuple[int, int]:
        """Return how many rows were chosen, and how many those are with their parts, as far as ``most`` calls for."""
        found = self.counted(connection, queries, {**values, _ENOUGH: _BEYOND * most})
        return sum(found[:1]), sum(found)

    def counting(self, chosen: Sql) -> Sequence[Query]:
        """Return queries that count the parts of the chosen rows and lock them, where the engine doesn't count."""
        return [] if self.unit.binding.database.dialect.counts_deleted else list(self._counts(chosen))

    def counted(self, connection: Connection, queries: Sequence[Query], values: Mapping[str, Any]) -> Sequence[int]:
        """Return what the queries count."""
        return [int(connection.execute(query, values).scalar_one()) for query in queries]

    def gone(self, connection: Connection, before: Sequence[Any]) -> Sequence[int]:
        """Return how many parts have gone since what was told ``before``.

        Raises:
            DatabaseFault: the engine no longer counts them.
        """
        after = connection.execute(self._after).one() if before else ()
        if None in (*before, *after):
            raise DatabaseFault(
                f"rule {self.rule.id}: the server's track_counts was switched off: nobody counts the parts that go; "
                "the batch was rolled back"
            )
        return [int(late) - int(early) for early, late in zip(before, after, strict=True)]

    def named(self, numbers: Sequence[int]) -> dict[str, int]:
        """Return the numbers with the tables' names."""
        names = (str(self.unit.binding.name_of(path[-1].table)) for path in self.paths)
        return dict(zip(names, numbers, strict=True))

    @property
    def tables(self) -> list[Table]:
        """Return the tables of the parts."""
        return [self.unit.binding.shape(path[-1].table).sql for path in self.paths]

    @cached_property
    def _after(self) -> Query:
        return select(*self.before)

    def _counts(self, chosen: Sql) -> Iterator[Query]:
        for ways in self._ways(self.rule.shape.sql):
            yield select(func.count()).where(chosen, *ways).with_for_update(read=True)

    def _ways(self, owners: FromClause) -> Iterator[Sequence[Sql]]:
        """Yield what tells the parts of such rows, table by table."""
        for path in self.paths:
            above, ways = owners, list[Sql]()
            for part in path:
                below = self.unit.binding.shape(part.table).sql
                ways.append(joined(part.relation, below, above))
                above = below
            yield ways
