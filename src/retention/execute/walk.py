"""Walking a rule's due rows in key order: a locking read of one batch's keys and of what else the batch needs."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, case, select

from retention.database.keyset import after, among, between
from retention.database.reading import Sql
from retention.plan.plan import FINGERPRINT
from retention.plan.rules import BoundRule
from retention.plan.statement import condition
from retention.plan.units import Unit


@dataclass
class Found:
    """One batch as read and locked: keys, event days per row, further columns per row, and how to name these rows."""

    keys: list[tuple[Any, ...]]
    days: list[list[date | None]]
    extra: list[tuple[Any, ...]]
    chosen: Sql


@dataclass
class Walk:
    """The walk of one rule. ``sealed`` holds the fingerprints that may go, where a person approved exactly those."""

    unit: Unit
    rule: BoundRule
    as_of: date
    locks_rows: bool
    sealed: Seal | None = None
    last: tuple[Any, ...] | None = None
    refused: int = 0
    _buckets: dict[tuple[int, str], date] = field(default_factory=dict)

    @property
    def whole(self) -> Sql:
        """Return the whole condition, parts still there."""
        return condition(self.unit, self.rule, self.as_of, parts_gone=False)

    def restart(self) -> None:
        """Begin again with the first key."""
        self.last = None

    def next(self, connection: Connection, rows: int, extra: Sequence[Sql] = ()) -> Found | None:
        """Read and lock the next batch of at most ``rows`` rows; None where none is left."""
        row, key = self.rule.row, self.rule.key
        clocks = self.rule.clocks
        while True:
            query = select(
                *(row.c[name] for name in key),
                *(case((clock.readable(row), clock.bucket(row))) for clock in clocks),
                *extra,
            ).where(self.whole)
            if self.last is not None:
                query = query.where(after(row, key, self.last))
            query = query.order_by(*(row.c[name] for name in key)).limit(rows)
            if self.locks_rows:
                query = query.with_for_update(of=row)
            found = connection.execute(query).all()
            if not found:
                return None
            width = len(key)
            keys = [tuple(one[:width]) for one in found]
            self.last = keys[-1]
            chosen = between(row, key, keys[0], keys[-1])
            allowed = self._allowed(keys)
            if allowed is not None:
                found = [one for one, may in zip(found, allowed, strict=True) if may]
                self.refused += len(keys) - len(found)
                keys = [tuple(one[:width]) for one in found]
                if not keys:
                    continue
                chosen = among(row, key, keys)
            days = [
                [self._day(number, text) for number, text in enumerate(one[width : width + len(clocks)])]
                for one in found
            ]
            return Found(keys, days, [tuple(one[width + len(clocks) :]) for one in found], chosen)

    def _allowed(self, keys: Sequence[tuple[Any, ...]]) -> list[bool] | None:
        """Return which keys are among the sealed ones; None where all are, or nothing is sealed."""
        if self.sealed is None:
            return None
        allowed = self.sealed.among(keys)
        return None if all(allowed) else allowed

    def _day(self, clock: int, bucket: object) -> date | None:
        if bucket is None:
            return None
        text = bucket if isinstance(bucket, str) else str(bucket)
        day = self._buckets.get((clock, text))
        if day is None:
            day = self.rule.clocks[clock].reading.day_of(text)
            self._buckets[clock, text] = day
        return day


@dataclass(frozen=True)
class Seal:
    """The sorted fingerprints of the rows that a person approved."""

    fingerprints: bytes
    fingerprint: Any

    def among(self, keys: Sequence[tuple[Any, ...]]) -> list[bool]:
        """Return for each key whether it is one of them."""
        joined = self.fingerprint(keys)
        return [self._has(joined[at : at + FINGERPRINT]) for at in range(0, len(joined), FINGERPRINT)]

    def _has(self, one: bytes) -> bool:
        place = bisect.bisect_left(range(len(self.fingerprints) // FINGERPRINT), one, key=self._at)
        return self._at(place) == one

    def _at(self, place: int) -> bytes:
        return self.fingerprints[place * FINGERPRINT : (place + 1) * FINGERPRINT]


def latest(days: Sequence[Sequence[date | None]]) -> list[date | None]:
    """Return each row's latest event day."""
    return [max((day for day in one if day is not None), default=None) for one in days]
