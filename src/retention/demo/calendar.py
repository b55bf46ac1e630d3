"""Instants of the shop's eight years, as wall-clock time in Seoul, whole seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from retention.demo.pools import Objects, Pools

YEARS = 8
DAY = 86_400
Seconds = NDArray[np.int64]


@dataclass(frozen=True)
class Calendar:
    """The years before ``as_of``. Instants are seconds since 1970 of a wall clock in Seoul."""

    as_of: date

    @property
    def first(self) -> int:
        """Return the shop's first second."""
        return self._second(self.as_of.replace(day=1) - timedelta(days=YEARS * 366))

    @property
    def last(self) -> int:
        """Return the end of the day before ``as_of``."""
        return self._second(self.as_of) - 1

    def between(self, pools: Pools, first: Seconds, last: Seconds) -> Seconds:
        """Return an instant in each span; the earlier end where a span is empty."""
        width = np.maximum(last - first, 1)
        drawn: Seconds = (pools.random.random(len(first)) * width).astype(np.int64)
        return first + drawn

    def any_time(self, pools: Pools, count: int) -> Seconds:
        """Return instants over all the years."""
        return pools.random.integers(self.first, self.last, count)

    def recent(self, pools: Pools, count: int, days: int, share: float) -> Seconds:
        """Return instants of which ``share`` lie in the last ``days``: a log that is read more than it is purged."""
        lately = pools.random.integers(self.last - days * DAY, self.last, count)
        return np.where(pools.chance(count, share), lately, self.any_time(pools, count))

    def _second(self, day: date) -> int:
        return (day - date(1970, 1, 1)).days * DAY


def stamps(seconds: Seconds) -> Objects:
    """Return naive timestamps."""
    return seconds.astype("datetime64[s]").astype("datetime64[us]").astype(object)


def days(seconds: Seconds) -> Objects:
    """Return dates."""
    return seconds.astype("datetime64[s]").astype("datetime64[D]").astype(object)
