"""Walking a rule's due rows in key order: a locking read of one batch of staged keys, and what else it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from retention.database.keyset import after, among, between
from retention.database.reading import Sql
from retention.execute.ranges import one_of_staged
from retention.execute.seal import Seal
from retention.plan.held import Covers
from retention.plan.rules import BoundRule
from retention.plan.statement import condition
from retention.plan.units import Unit


@dataclass
class Found:
    """One batch as read and locked: keys, event days per row, further columns per row.

    ``chosen`` is true of exactly these rows.
    """

    keys: list[tuple[Any, ...]]
    days: list[list[date | None]]
    extra: list[tuple[Any, ...]]
    chosen: Sql


@dataclass
class Walk:
    """The walk of one rule that changes columns, over those rows alone that ``sealed`` holds where a person approved.

    ``covers`` tells which rows a hold covers; when it changes, :meth:`renew` is called.

    ``staged`` holds the keys of the rule's due rows (:mod:`retention.execute.staging`), so that the whole condition is
    weighed over the table once and each batch only re-checks its own narrow range of keys, whatever index the engine
    would have chosen. What becomes due later isn't staged: it is left to the next plan.
    """

    unit: Unit
    rule: BoundRule
    as_of: date
    covers: Covers
    staged: Table
    sealed: Seal | None = None
    last: tuple[Any, ...] | None = None
    _days: dict[str, date] = field(default_factory=dict)

    @cached_property
    def whole(self) -> Sql:
        """Return the whole condition: a row that stays has no parts that could go before it."""
        return condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=False)

    def renew(self) -> None:
        """Make the condition anew: the holds in force have changed."""
        self.__dict__.pop("whole", None)

    def next(self, connection: Connection, rows: int, extra: Sequence[Sql] = ()) -> Found | None:
        """Read and lock the next batch of at most ``rows`` rows; None where none is left."""
        row, key, clocks = self.rule.row, self.rule.key, self.rule.clocks
        width = len(key)
        while True:
            keys = self._next_keys(connection, rows)
            if not keys:
                return None
            chosen = self._chosen(keys[0], keys[-1])
            query = (
                select(
                    *(row.c[name] for name in key),
                    *(clock.day(row) for clock in clocks),
                    *extra,
                )
                .where(chosen, self.whole)
                .order_by(*(row.c[name] for name in key))
            )
            if self.unit.binding.database.dialect.locks_rows:
                query = query.with_for_update(of=row)
            found = connection.execute(query).all()
            kept = {tuple(one[:width]) for one in found}
            self._unstage(connection, [key for key in keys if key not in kept])
            if not found:
                continue
            days = [[self._day(text) for text in one[width : width + len(clocks)]] for one in found]
            extras = [tuple(one[width + len(clocks) :]) for one in found]
            return Found([tuple(one[:width]) for one in found], days, extras, chosen)

    def _next_keys(self, connection: Connection, rows: int) -> list[tuple[Any, ...]]:
        """Return the next staged keys, without those that a seal keeps out."""
        staged, key = self.staged, self.rule.key
        query = select(*staged.c).order_by(*staged.c).limit(rows)
        if self.last is not None:
            query = query.where(after(staged, key, self.last))
        keys = [tuple(one) for one in connection.execute(query)]
        if not keys:
            return []
        self.last = keys[-1]
        if self.sealed is not None:
            self._unstage(connection, self.sealed.strangers(keys))
        return keys

    def _chosen(self, low: tuple[Any, ...], high: tuple[Any, ...]) -> Sql:
        """Return whether a row is one of the staged ones in this range of keys."""
        return one_of_staged(self.rule, self.staged, lambda table: between(table, self.rule.key, low, high))

    def _unstage(self, connection: Connection, out: Sequence[tuple[Any, ...]]) -> None:
        """Take out what isn't to go after all, so that the staged keys of the range are exactly the batch."""
        if out:
            connection.execute(delete(self.staged).where(among(self.staged, self.rule.key, out)))

    def _day(self, text: str | None) -> date | None:
        if text is None:
            return None
        day = self._days.get(text)
        if day is None:
            day = self._days[text] = date.fromisoformat(text)
        return day


def latest(days: Sequence[Sequence[date | None]]) -> list[date | None]:
    """Return each row's latest event day."""
    return [max((day for day in one if day is not None), default=None) for one in days]
