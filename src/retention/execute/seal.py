"""What a person approved: the fingerprints of exactly those rows, and nothing else may go."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from retention.keys import Fingerprint, Keys, as_tuples

_HALF = ">u8"
_Flags = np.ndarray[Any, np.dtype[np.bool_]]
_Halves = np.ndarray[Any, np.dtype[np.uint64]]


@dataclass(frozen=True)
class Seal:
    """The sorted 128-bit fingerprints of the rows that a person approved, and what makes one of a key."""

    fingerprints: bytes
    fingerprint: Fingerprint

    def strangers(self, keys: Keys) -> list[tuple[Any, ...]]:
        """Return those of the keys that nobody approved."""
        allowed = self.among(keys)
        return [] if allowed.all() else list(itertools.compress(as_tuples(keys), ~allowed))

    def among(self, keys: Keys) -> _Flags:
        """Return for each key whether it is one of them."""
        high, low = _halves(self.fingerprint(keys))
        known_high, known_low = self._known
        # Sought in their own order, one after the other lies close by.
        order = np.argsort(high)
        places = np.empty(len(high), dtype=np.intp)
        places[order] = np.searchsorted(known_high, high[order])
        found = np.zeros(len(high), dtype=bool)
        # Fingerprints are sorted by their first half; of one with the same first half there is hardly ever another.
        open_ = places < len(known_high)
        while open_.any():
            open_[open_] = known_high[places[open_]] == high[open_]
            found[open_] |= known_low[places[open_]] == low[open_]
            places[open_] += 1
            open_ &= ~found & (places < len(known_high))
        return found

    @cached_property
    def _known(self) -> tuple[_Halves, _Halves]:
        return _halves(self.fingerprints)


def _halves(joined: bytes) -> tuple[_Halves, _Halves]:
    both = np.frombuffer(joined, dtype=_HALF).reshape(-1, 2).astype(np.uint64)
    return np.ascontiguousarray(both[:, 0]), np.ascontiguousarray(both[:, 1])
