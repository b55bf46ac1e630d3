"""Taking a condition apart: a part of it is true of every row that the whole is true of, and of others.

A statement that changes a table by a join may hold but a part: MariaDB lets none look at its own table again in a
subquery. What is left out is weighed in the same transaction, on rows that are locked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Alias, BindParameter, ColumnClause, SelectBase, Table, and_, true
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import AsBoolean, BooleanClauseList, True_

from retention.database.reading import Sql
from retention.database.worded import Worded


def beside(condition: Sql, table: Table) -> Sql:
    """Return the condition without what looks at other rows of ``table``."""
    return and_(true(), *(one for one in _conjuncts(condition) if not looks_at(one, table)))


def said(condition: Sql) -> tuple[Sql, ...]:
    """Return what a condition says of a row by itself, piece by piece."""
    return tuple(one for one in _conjuncts(condition) if not looks_elsewhere(one))


def further(condition: Sql, known: Sequence[Sql]) -> Sql:
    """Return what a condition says beyond what was :func:`said`, for rows that this is true of."""
    left = [one for one in _conjuncts(condition) if not any(_same(one, other) for other in known)]
    return and_(*left) if left else true()


def unchecked(condition: Sql) -> Sql:
    """Return the condition without the checks of how a column's value is written."""
    return and_(true(), *(one for one in _conjuncts(condition) if not _checks_words(one)))


def unbound(condition: Sql) -> set[str]:
    """Return the names of the parameters that a condition has no values for."""
    found = (one for one in visitors.iterate(condition) if isinstance(one, BindParameter))
    return {one.key for one in found if one.required}


def _conjuncts(condition: Sql) -> Iterator[Sql]:
    if isinstance(condition, BooleanClauseList) and condition.operator is operators.and_:
        for one in condition.clauses:
            yield from _conjuncts(one)
    elif not isinstance(_unwrapped(condition), True_):
        yield condition


def looks_at(condition: Sql, table: Table) -> bool:
    """Return whether a condition looks at other rows of ``table``."""
    return any(isinstance(one, Alias) and one.element is table for one in visitors.iterate(condition))


def looks_elsewhere(condition: Sql) -> bool:
    """Return whether a condition looks at any other row than the one it is weighed on."""
    return any(isinstance(one, Alias | SelectBase) for one in visitors.iterate(condition))


def _same(one: Sql, other: Sql) -> bool:
    """Whether two conditions say the same of the same row: two aliases of one table look alike to ``compare``."""
    return type(one) is type(other) and one.compare(other) and _rows(one) == _rows(other)


def _rows(condition: Sql) -> set[int]:
    return {id(one.table) for one in visitors.iterate(condition) if isinstance(one, ColumnClause)}


def _checks_words(condition: Sql) -> bool:
    return isinstance(_unwrapped(condition), Worded)


def _unwrapped(condition: Sql) -> Sql:
    """Return a condition as it was before it was written for an engine without truth values."""
    return condition.element if isinstance(condition, AsBoolean) else condition
