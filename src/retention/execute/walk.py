"""Walking a rule's due rows in key order: a locking read of one batch of staged keys, and what else it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, select

from retention.database.keyset import after, among, between, columns_of
from retention.database.reading import Sql
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
    """The walk of one rule. ``sealed`` holds the fingerprints that may go, where a person approved exactly those.

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
        """Return the whole condition, parts still there."""
        return condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=False)

    @cached_property
    def parted(self) -> Sql:
        """Return the whole condition once the row's parts have gone before it in the same transaction."""
        return condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=True)

    def renew(self) -> None:
        """Make the conditions anew: the holds in force have changed."""
        for name in ("whole", "parted"):
            self.__dict__.pop(name, None)

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
            self._unstage(connection, keys, [tuple(one[:width]) for one in found])
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
            allowed = self.sealed.among(keys)
            self._unstage(connection, keys, [one for one, may in zip(keys, allowed, strict=True) if may])
        return keys

    def _chosen(self, low: tuple[Any, ...], high: tuple[Any, ...]) -> Sql:
        """Return whether a row is one of the staged ones in this range of keys."""
        row, staged, key = self.rule.row, self.staged, self.rule.key
        here = select(*staged.c).where(between(staged, key, low, high))
        # Membership in a list of keys is what every planner prefers to a range of the clock's index.
        return and_(between(row, key, low, high), columns_of(row, key).in_(here))

    def _unstage(
        self, connection: Connection, keys: Sequence[tuple[Any, ...]], staying: Sequence[tuple[Any, ...]]
    ) -> None:
        """Take out what isn't to go after all, so that the staged keys of the range are exactly the batch."""
        kept = set(staying)
        out = [one for one in keys if one not in kept]
        if out:
            connection.execute(delete(self.staged).where(among(self.staged, self.rule.key, out)))

    def _day(self, text: str | None) -> date | None:
        if text is None:
            return None
        day = self._days.get(text)
        if day is None:
            day = self._days[text] = date.fromisoformat(text)
        return day


@dataclass
class Walked:
    """An action over a walk: where it stands, and whether any staged key is left."""

    walk: Walk

    @property
    def position(self) -> Any:
        """Return the key after which the next batch begins."""
        return self.walk.last

    @position.setter
    def position(self, key: Any) -> None:
        self.walk.last = key

    @property
    def ended(self) -> bool:
        """Whether no key is left: a walk gives a batch as long as there are any."""
        return True

    def renew(self) -> None:
        """Make the conditions anew: the holds in force have changed."""
        self.walk.renew()


def latest(days: Sequence[Sequence[date | None]]) -> list[date | None]:
    """Return each row's latest event day."""
    return [max((day for day in one if day is not None), default=None) for one in days]
