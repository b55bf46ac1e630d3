"""Whose row it is, in SQL: the subject's columns on the row itself, or on the row that a path or an owner leads to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import FromClause, literal, select

from retention.database.columns import ColumnShape
from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import joined
from retention.database.values import are_any
from retention.matrix.binding import Binding, Step
from retention.plan.units import Unit

Values = tuple[str, ...]


@dataclass(frozen=True)
class SubjectPath:
    """One way from a row to the columns that name its subject."""

    binding: Binding
    steps: tuple[Step, ...]
    columns: tuple[ColumnShape, ...]

    def names(self, row: FromClause, subjects: Sequence[Values]) -> Sql | None:
        """Return whether the row's subject is one of these; None where none has as many values as the columns."""
        fitting = [values for values in subjects if len(values) == len(self.columns)]
        if not fitting:
            return None
        here, joins = self.reached(row)
        same = self._same(here, fitting)
        return exists(select(literal(1)).where(*joins, same).correlate(row)) if self.steps else same

    def reached(self, row: FromClause) -> tuple[FromClause, list[Sql]]:
        """Return the row that holds the subject's columns, and how it hangs on ``row``."""
        joins: list[Sql] = []
        here = row
        for step in self.steps:
            there = self.binding.shape(step.reached).sql.alias()
            child, parent = (here, there) if step.up else (there, here)
            joins.append(joined(step.relation, child, parent))
            here = there
        return here, joins

    def _same(self, row: FromClause, subjects: Sequence[Values]) -> Sql:
        columns = [(row.c[column.name], column) for column in self.columns]
        return are_any(self.binding.database.dialect, columns, subjects)


def subject_paths(unit: Unit, table: TableKey) -> tuple[SubjectPath, ...]:
    """Return every way to the subject of a table's rows: a part takes its owners', unless it has its own.

    Raises:
        Refused: a path of the matrix leads nowhere, or a column is missing.
    """
    binding = unit.binding
    entry = binding.table_entry(table)
    if entry is not None and entry.subject is not None:
        steps = binding.path(table, entry.subject.via, entry.place)
        reached = steps[-1].reached if steps else table
        columns = tuple(binding.column(reached, name, entry.place) for name in entry.subject.columns)
        return (SubjectPath(binding, steps, columns),)
    return tuple(
        SubjectPath(binding, (Step(relation, True), *path.steps), path.columns)
        for owner, relation in unit.part_owners.get(table, ())
        for path in subject_paths(unit, owner)
    )
