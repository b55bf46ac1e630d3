"""Walking a rule's due rows in key order: one batch of staged keys is read, locked or not, and what else it needs."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Table, select

from retention.database.reading import Sql
from retention.execute.ranges import Range, Ranges, Staged
from retention.execute.seal import Seal
from retention.execute.told import Query
from retention.plan.held import Covers
from retention.plan.rules import BoundRule
from retention.plan.statement import condition
from retention.plan.units import Unit

Texts = tuple[str | None, ...]
"""The days that a row's clocks say, as the engine writes them."""
Days = tuple[date | None, ...]


@dataclass
class Found:
    """One batch as read: the rows' keys, what their clocks say, further columns, and versions where they have any.

    Its rows lie in the range of keys ``here``.
    """

    key_columns: Sequence[Sequence[Any]]
    texts: Sequence[Texts]
    extra: Sequence[Sequence[Any]]
    versions: Sequence[Sequence[Any]]
    here: Range

    @cached_property
    def keys(self) -> list[tuple[Any, ...]]:
        """Return the rows' keys, a tuple each."""
        return list(zip(*self.key_columns, strict=True))


@dataclass
class Walk:
    """The walk of one rule that changes columns, over those rows alone that ``sealed`` holds where a person approved.

    ``covers`` tells which rows a hold covers; when it changes, :meth:`renew` is called. ``extra`` are the columns that
    are read of each row beside its key and days, ``version`` what tells whether it is still the row that was read.

    ``staged`` holds the keys of the rule's due rows (:mod:`retention.execute.staging`), so that the whole condition is
    weighed over the table once and each batch only re-checks its own narrow range of keys, whatever index the engine
    would have chosen. What becomes due later isn't staged: it is left to the next plan. The walk takes one of ``steps``
    after the other, all keys in their order unless said.
    """

    unit: Unit
    rule: BoundRule
    as_of: date
    covers: Covers
    staged: Table
    sealed: Seal | None = None
    steps: Ranges | None = None
    extra: Sequence[Sql] = ()
    version: Sequence[Sql] = ()
    last: Any = None
    ended: bool = False
    _written: dict[tuple[bool, bool, bool], Query] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Sql:
        """Return the whole condition: a row that stays has no parts that could go before it."""
        return condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=False)

    @cached_property
    def ranges(self) -> Staged:
        """Return the staged keys as ranges."""
        return Staged(self.rule, self.staged)

    def renew(self) -> None:
        """Make the condition anew: the holds in force have changed."""
        self.__dict__.pop("whole", None)
        self._written.clear()

    def next(self, connection: Connection, keys: int, *, locks: bool) -> Found | None:
        """Read, and lock, the rows of the next ``keys`` keys; None where none of them may go, or no key is left."""
        width = len(self.rule.key)
        beyond = width + len(self.rule.clocks)
        end = beyond + len(self.extra)
        steps = self.steps or self.ranges
        here = steps.next(connection, self.last, keys)
        self.ended = here is None
        if here is None:
            return None
        self.last = here.end
        found: Sequence[Any] = connection.execute(self._reading(here, locks=locks), here.values).all()
        if self.sealed is not None and found:
            allowed = self.sealed.among([tuple(one[:width]) for one in found])
            found = list(itertools.compress(found, allowed))
        if not found:
            return None
        columns = list(zip(*found, strict=True))
        texts = list(zip(*columns[width:beyond], strict=True)) or [()] * len(found)
        return Found(columns[:width], texts, columns[beyond:end], columns[end:], here)

    def _reading(self, here: Range, *, locks: bool) -> Query:
        written = (here.low, here.high, locks)
        if written not in self._written:
            row, key = self.rule.row, self.rule.sorted_key
            query = (
                select(*key, *(clock.day(row) for clock in self.rule.clocks), *self.extra, *self.version)
                .where(self.ranges.condition(here.low, here.high), self.whole)
                .order_by(*key)
            )
            locks = locks and self.unit.binding.database.dialect.locks_rows
            self._written[written] = query.with_for_update(of=row) if locks else query
        return self._written[written]


def days_of(texts: Sequence[str | None]) -> Days:
    """Return the days of one row's clocks."""
    return tuple(None if text is None else date.fromisoformat(text) for text in texts)


def latest(rows: Iterable[Sequence[str | None]]) -> list[date | None]:
    """Return each row's latest event day, of what its clocks say."""
    return [max((day for day in days_of(one) if day is not None), default=None) for one in rows]
