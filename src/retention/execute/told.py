"""What a batch has to tell of its rows: how many, from which day to which, and their keys.

The engine sums it up; rows don't travel. Whole numbers travel as one text, where that can be had, other keys as arrays,
and only what an engine can't gather is read row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import CursorResult, FromClause, Select, case, func, null, select

from retention.database.dialect import Dialect
from retention.database.reading import Sql
from retention.errors import DatabaseFault
from retention.keys import Keys, numbers_of
from retention.plan.clocks import ClockColumn, later, pick
from retention.plan.rules import BoundRule

Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Told:
    """What was told of a batch's rows: the end days as texts, and the keys where somebody asks for them.

    ``beside`` are the values of what was asked beside, ``parts`` the rows that went along, by their table's name.
    Locks were held from ``locked`` on, of the monotonic clock; None: from when the rows were told of.
    """

    rows: int
    texts: frozenset[str]
    keys: Keys
    beside: Sequence[Any] = ()
    parts: dict[str, int] = field(default_factory=dict)
    locked: float | None = None

    @property
    def days(self) -> Sequence[date]:
        """Return the end days, as far as they are known: only of rows that can be read as such."""
        return [date.fromisoformat(text) for text in sorted(self.texts)]


@dataclass(frozen=True)
class Telling:
    """How one rule's rows are told of. ``sealed``: whether only rows may go that a person approved.

    ``beside``: what is asked once for all of them, where the engine sums them up.
    """

    rule: BoundRule
    sealed: bool
    beside: Sequence[Sql] = ()

    @property
    def keyed(self) -> bool:
        """Whether keys are asked for: for the ledger, or to be held against a seal."""
        return self.sealed or self.rule.rule.proof == "keys"

    def columns(self, row: FromClause) -> list[Sql]:
        """Return what has to be known of each row, to be summed up by :meth:`sums`."""
        grows = self._grows
        if grows is None:
            day = self._day(row)
        elif any(not keep.may_be_absent and grows in keep.clock.columns for keep in self.rule.keeps):
            day = row.c[grows.column]
        else:
            # What stands for null, such as an empty text, has no day.
            day = case((grows.readable(row), row.c[grows.column]))
        keys = self.rule.sorted_key if self.keyed else []
        return [one.label(f"told_{number}") for number, one in enumerate([day, *keys])]

    def sums(self, columns: Sequence[Sql]) -> Query:
        """Return a query of the sums of such columns."""
        days: list[Sql] = [func.min(columns[0]), func.max(columns[0])]
        if self._grows is not None:
            days = [self._grows.reading.day(one) for one in days]
        return select(func.count(), *days, *self.beside, *map(self._gather, columns[1:]))

    def looking(self, chosen: Sql) -> Query:
        """Return a query that tells of the chosen rows as they are seen."""
        columns = self.columns(self.rule.shape.sql)
        if self._row_by_row:
            return select(*columns).where(chosen)
        return self.sums([one.element for one in columns]).where(chosen)

    def locking(self, chosen: Sql) -> Query:
        """Return a query that locks the chosen rows and tells of them."""
        row, dialect = self.rule.shape.sql, self._dialect
        if dialect.sums_what_it_locks and not self._row_by_row:
            look = self.looking(chosen)
            return look.with_for_update() if dialect.locks_rows else look
        rows = select(*self.columns(row)).where(chosen)
        if dialect.locks_rows:
            rows = rows.with_for_update(of=row)
        return rows if self._row_by_row else self.sums(list(rows.subquery().c))

    def read(self, found: CursorResult[Any]) -> Told:
        """Return what a query told.

        Raises:
            DatabaseFault: the keys aren't those of all rows.
        """
        if self._row_by_row:
            rows = found.all()
            return Told(len(rows), _known(row[0] for row in rows), [tuple(row[1:]) for row in rows])
        number, oldest, newest, *further = tuple(found.one())
        beside, gathered = further[: len(self.beside)], further[len(self.beside) :]
        values: list[Any] = [numbers_of(one) if self._numbered else one for one in gathered] if number else []
        for some in values:
            if len(some) != number:
                raise DatabaseFault(
                    f"rule {self.rule.id}: the database told {len(some)} keys of {number} rows; the batch was rolled "
                    "back"
                )
        keys: Keys = values[0] if values and self._numbered else list(zip(*values, strict=True))
        return Told(int(number), _known((oldest, newest)), keys, beside)

    @property
    def _dialect(self) -> Dialect:
        return self.rule.binding.database.dialect

    def _day(self, row: FromClause) -> Sql:
        clocks = self.rule.clocks
        return pick(later, [clock.day(row) for clock in clocks]) if clocks else null()

    @cached_property
    def _grows(self) -> ClockColumn | None:
        """Return the rule's only clock where its days grow with its values: then two values tell of all."""
        clocks = self.rule.clocks
        alone = len(clocks) == 1 and not clocks[0].steps and clocks[0].reading.grows and not self._row_by_row
        return clocks[0] if alone else None

    @property
    def _numbered(self) -> bool:
        """Whether keys travel as one text."""
        return self.keyed and self.rule.numbered

    @cached_property
    def _row_by_row(self) -> bool:
        return self.keyed and not self._numbered and not self._dialect.gathers

    def _gather(self, value: Sql) -> Sql:
        return self._dialect.numbers(value) if self._numbered else self._dialect.gathered(value)


def require(told: Told, deleted: int, rule: BoundRule) -> None:
    """See that a statement took the very rows that were read.

    Raises:
        DatabaseFault: it took another number of rows.
    """
    if deleted != told.rows:
        raise DatabaseFault(
            f"rule {rule.id}: a statement would have deleted {deleted} rows where {told.rows} were read; the batch was "
            "rolled back",
            retryable=True,
        )


def _known(texts: Iterable[str | None]) -> frozenset[str]:
    return frozenset(text for text in texts if text is not None)
