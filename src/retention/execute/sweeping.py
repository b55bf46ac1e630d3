"""The statements of a sweep, written once for all its ranges: only the values of their parameters differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import (
    Connection,
    CursorResult,
    Delete,
    FromClause,
    Select,
    and_,
    delete,
    func,
    not_,
    null,
    select,
)

from retention.database.keyset import among
from retention.database.reading import Sql
from retention.errors import DatabaseFault
from retention.execute.ranges import Range, Ranges
from retention.keys import Keys
from retention.plan.clocks import ClockColumn, later, pick
from retention.plan.held import Covers
from retention.plan.rules import BoundRule
from retention.plan.statement import condition
from retention.plan.units import Unit

Statements = tuple[Select[*tuple[Any, ...]], Delete | None]
"""What tells of the rows, and what deletes them; None where the first does both."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a statement told of the rows it deleted; ``keys`` only where somebody asks for them."""

    rows: int
    days: Sequence[date]
    keys: Keys


@dataclass
class Sweeping:
    """The statements of one rule. ``covers`` tells which rows a hold covers, ``keyed`` whether keys are asked for."""

    unit: Unit
    rule: BoundRule
    as_of: date
    covers: Covers
    ranges: Ranges
    keyed: bool
    _written: dict[tuple[bool, bool], Statements] = field(default_factory=dict)

    def forget(self) -> None:
        """Write them anew the next time."""
        self._written.clear()

    def carry_out(self, connection: Connection, here: Range, but: Sequence[tuple[Any, ...]]) -> Told:
        """Delete the rows of a range, all but those with the keys ``but``.

        Raises:
            DatabaseFault: the statement took other rows than the locking read found.
        """
        ends = (here.low, here.high)
        if but:
            statements = self._write(*ends, but)
        else:
            if ends not in self._written:
                self._written[ends] = self._write(*ends, ())
            statements = self._written[ends]
        telling, deleting = statements
        told = self._read(connection.execute(telling, here.values))
        if deleting is not None and told.rows:
            deleted = connection.execute(deleting, here.values).rowcount
            if deleted != told.rows:
                raise DatabaseFault(
                    f"rule {self.rule.id}: a statement would have deleted {deleted} rows where {told.rows} were read; "
                    "the batch was rolled back",
                    retryable=True,
                )
        return told

    def _write(self, low: bool, high: bool, but: Sequence[tuple[Any, ...]]) -> Statements:
        dialect, row = self.rule.binding.database.dialect, self.rule.shape.sql
        whole = condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=True, staged=False)
        chosen = and_(self.ranges.condition(low, high), whole)
        if but:
            chosen = and_(chosen, not_(among(row, self.rule.key, but)))
        deleting = delete(row).where(chosen)
        if self._at_once:
            gone = deleting.returning(*(one.label(f"c{n}") for n, one in enumerate(self._values(row)))).cte("gone")
            return select(*self._sums(list(gone.c))).select_from(gone), None
        if self._row_by_row or not dialect.sums_what_it_locks:
            values = self._values(row)
            look = select(*(one.label(f"c{n}") for n, one in enumerate(values))).where(chosen)
            if dialect.locks_rows:
                look = look.with_for_update(of=row)
            return (look if self._row_by_row else select(*self._sums(list(look.subquery().c)))), deleting
        look = select(*self._sums(self._values(row))).where(chosen)
        return (look.with_for_update() if dialect.locks_rows else look), deleting

    def _values(self, row: FromClause) -> list[Sql]:
        """Return a row's day, or the clock that grows with it, and its key where it is asked for."""
        day = row.c[self._grows.column] if self._grows else self._day(row)
        return [day, *(row.c[name] for name in self.rule.key if self.keyed)]

    def _sums(self, values: Sequence[Sql]) -> list[Sql]:
        """Return number, first and last day, and keys of rows with these values."""
        days: list[Sql] = [func.min(values[0]), func.max(values[0])]
        if self._grows is not None:
            days = [self._grows.reading.day(one) for one in days]
        return [func.count(), *days, *map(self._gather, values[1:])]

    def _read(self, found: CursorResult[Any]) -> Told:
        if self._row_by_row:
            rows = found.all()
            texts = {row[0] for row in rows if row[0] is not None}
            return Told(len(rows), _days(texts), [tuple(row[1:]) for row in rows])
        row: tuple[Any, ...] = tuple(found.one())
        number, oldest, newest, gathered = row[0], row[1], row[2], row[3:]
        texts = {text for text in (oldest, newest) if text is not None}
        keys: Keys = ()
        if number and self._numbered:
            keys = np.fromstring(gathered[0], dtype=np.int64, sep=",")
        elif number and self.keyed:
            keys = list(zip(*gathered, strict=True))
        if self.keyed and len(keys) != number:
            raise DatabaseFault(
                f"rule {self.rule.id}: the database told {len(keys)} keys of {number} rows; the batch was rolled back"
            )
        return Told(int(number), _days(texts), keys)

    def _day(self, row: FromClause) -> Sql:
        clocks = self.rule.clocks
        return pick(later, [clock.day(row) for clock in clocks]) if clocks else null()

    @cached_property
    def _at_once(self) -> bool:
        """Whether one statement does it all: what nobody refers to needs no lock before it is weighed again."""
        return self.rule.binding.database.dialect.tells_of_deleted and not self.unit.referring(self.rule.table)

    @cached_property
    def _grows(self) -> ClockColumn | None:
        """Return the rule's only clock where its days grow with its values: then two values tell of all."""
        clocks = self.rule.clocks
        alone = len(clocks) == 1 and clocks[0].reading.grows and not self._row_by_row
        return clocks[0] if alone else None

    @cached_property
    def _numbered(self) -> bool:
        """Whether keys are single whole numbers, which travel as one text."""
        shape = self.rule.shape
        return (
            self.keyed
            and len(self.rule.key) == 1
            and self.rule.binding.database.dialect.counts(
                shape.sql.c[self.rule.key[0]],
                shape.columns[self.rule.key[0]].kind,
                alone=shape.primary_key == self.rule.key,
            )
        )

    @cached_property
    def _row_by_row(self) -> bool:
        """Whether keys of this kind can only be told row by row."""
        return self.keyed and not self._numbered and not self.rule.binding.database.dialect.gathers

    def _gather(self, value: Sql) -> Sql:
        return self.rule.binding.database.dialect.numbers(value) if self._numbered else func.array_agg(value)


def _days(texts: Iterable[str]) -> tuple[date, ...]:
    return tuple(date.fromisoformat(text) for text in texts)
