"""Days kept of rows that are gone: what a clock that counts them finds in the pipeline's own table.

A ``latest_of`` counts rows that the pipeline destroyed earlier with the day it kept for the row that counts them. The
day is written in the transaction that destroys, so that the latest of all rows is the same before and after.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import FromClause, func, literal, select

from retention.database.dialect import Dialect
from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.own_tables import CLOCK, UNREADABLE, row_key_text
from retention.database.reading import Sql
from retention.matrix.binding import Step

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class KeptDays:
    """The days kept for one clock of one table's rows: ``name`` says which clock, by the path it takes."""

    dialect: Dialect
    table: TableKey
    key: tuple[str, ...]
    name: str

    def any(self, row: FromClause) -> Sql:
        """Return whether rows that counted for this one are gone."""
        return self._exists(row)

    def any_from(self, row: FromClause, day: date) -> Sql:
        """Return whether one of them counts from ``day`` or later, or could not be read."""
        return self._exists(row, lambda kept: kept >= day.isoformat())

    def any_unreadable(self, row: FromClause) -> Sql:
        """Return whether one of them could not be read when it went."""
        return self._exists(row, lambda kept: kept == UNREADABLE)

    def latest(self, row: FromClause) -> Sql:
        """Return the latest day kept, null where none is."""
        kept = CLOCK.alias()
        return select(func.max(kept.c.day)).where(*self._mine(kept, row)).correlate(row).scalar_subquery()

    def _exists(self, row: FromClause, test: Callable[[Sql], Sql] | None = None) -> Sql:
        kept = CLOCK.alias()
        conditions = self._mine(kept, row)
        if test is not None:
            conditions.append(test(kept.c.day))
        return exists(select(literal(1)).where(*conditions).correlate(row))

    def _mine(self, kept: FromClause, row: FromClause) -> list[Sql]:
        return [
            kept.c.table_name == str(self.table),
            kept.c.row_key == row_key_text(self.dialect, row, self.key),
            kept.c.rule == self.name,
        ]


def kept_days(
    dialect: Dialect, table: TableKey, key: Sequence[str], steps: Sequence[Step], column: str
) -> KeptDays | None:
    """Return what is kept for a clock over a path; None where nothing names the table's rows."""
    if not key:
        return None
    way = "/".join(
        f"{'' if step.up else '^'}{step.relation.child}({', '.join(step.relation.columns)})" for step in steps
    )
    name = f"latest_of {way} {column}"
    if len(name) > _LONGEST:
        name = f"latest_of {hashlib.blake2b(name.encode(), digest_size=32).hexdigest()}"
    return KeptDays(dialect, table, tuple(key), name)
