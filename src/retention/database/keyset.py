"""Walking a table by its key: ranges that an index serves on every engine, however many columns the key has."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from sqlalchemy import FromClause, and_, or_, true, tuple_

from retention.database.reading import Sql


def after(row: FromClause, key: Sequence[str], values: Sequence[Any], *, inclusive: bool = False) -> Sql:
    """Return whether the row's key comes after ``values`` in the key's order."""
    return _beyond(row, key, values, inclusive, ascending=True)


def before(row: FromClause, key: Sequence[str], values: Sequence[Any], *, inclusive: bool = False) -> Sql:
    """Return whether the row's key comes before ``values`` in the key's order."""
    return _beyond(row, key, values, inclusive, ascending=False)


def between(row: FromClause, key: Sequence[str], low: Sequence[Any], high: Sequence[Any]) -> Sql:
    """Return whether the row's key lies from ``low`` to ``high``, both included."""
    return and_(after(row, key, low, inclusive=True), before(row, key, high, inclusive=True))


def among(row: FromClause, key: Sequence[str], keys: Sequence[Sequence[Any]]) -> Sql:
    """Return whether the row's key is one of ``keys``."""
    return columns_of(row, key).in_([values[0] if len(key) == 1 else tuple(values) for values in keys])


def columns_of(row: FromClause, names: Sequence[str]) -> Sql:
    """Return the columns as one value to compare: the column itself where there is only one."""
    return as_one([row.c[name] for name in names])


def as_one(values: Sequence[Sql]) -> Sql:
    """Return the values as one to compare: the value itself where there is only one."""
    return values[0] if len(values) == 1 else tuple_(*values)


def _beyond(row: FromClause, key: Sequence[str], values: Sequence[Any], inclusive: bool, *, ascending: bool) -> Sql:
    head, value = row.c[key[0]], values[0]
    if len(key) == 1:
        compare = (
            (operator.ge if inclusive else operator.gt) if ascending else (operator.le if inclusive else operator.lt)
        )
        alone: Sql = compare(head, value)
        return alone
    deeper = _beyond(row, key[1:], values[1:], inclusive, ascending=ascending)
    past = head > value if ascending else head < value
    # The first comparison alone is what an index can seek to; engines don't see it inside the alternative.
    bound = head >= value if ascending else head <= value
    return and_(true(), bound, or_(past, and_(head == value, deeper)))
