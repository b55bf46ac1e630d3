"""Many fingerprints in order, in a file instead of in memory: to be written on, and to be looked up among."""

from __future__ import annotations

import hashlib
import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np

from retention.keys.aside import open_aside, write_aside
from retention.keys.fingerprint import SIZE
from retention.keys.ordering import Halves, halves, joined

PIECE = 1 << 16
"""How many fingerprints are handed on at a time: 1 MiB."""

_WINDOW = 4 << 20
_Flags = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class KeptFingerprints:
    """``rows`` fingerprints in ascending order, and the SHA-256 of all of them joined."""

    rows: int
    digest: str
    file: IO[bytes] = field(repr=False)
    begin: int

    def pieces(self) -> Iterator[bytes]:
        """Yield them in their order, joined, :data:`PIECE` at a time."""
        for window in self._windows(PIECE * SIZE):
            yield joined(window)

    def among(self, sought: bytes) -> _Flags:
        """Return for each of the joined fingerprints whether it is one of them."""
        both = halves(sought)
        # Sought in their own order, one after the other lies close by.
        order = np.argsort(both[:, 0])
        high, low = both[order].T.copy()
        found = np.zeros(len(both), dtype=bool)
        for window in self._windows(_WINDOW):
            here = slice(np.searchsorted(high, window[0, 0]), np.searchsorted(high, window[-1, 0], side="right"))
            found[here] |= _among(window, high[here], low[here])
        flags = np.empty(len(both), dtype=bool)
        flags[order] = found
        return flags

    def _windows(self, size: int) -> Iterator[Halves]:
        """Yield them as stretches of the mapped file; a stretch counts as this process's memory while it is used."""
        end = self.begin + self.rows * SIZE
        for begin in range(self.begin, end, size):
            length = min(size, end - begin)
            mapped = mmap.mmap(self.file.fileno(), length, access=mmap.ACCESS_READ, offset=begin)
            yield np.frombuffer(mapped, dtype=np.uint64).reshape(-1, 2)


class FingerprintFile:
    """One file for any number of sets of fingerprints; it goes with the last of them."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None

    def keep(self, pieces: Iterable[bytes]) -> KeptFingerprints:
        """Keep fingerprints that come in ascending order, joined.

        Raises:
            Refused: there is no room for temporary files.
        """
        if self._file is None:
            self._file = open_aside()
        # A set begins where a mapping can.
        begin = -(-self._file.seek(0, os.SEEK_END) // mmap.ALLOCATIONGRANULARITY) * mmap.ALLOCATIONGRANULARITY
        self._file.seek(begin)
        rows, digest = 0, hashlib.sha256()
        for piece in pieces:
            digest.update(piece)
            rows += len(piece) // SIZE
            write_aside(self._file, halves(piece).tobytes())
        return KeptFingerprints(rows, digest.hexdigest(), self._file, begin)


def _among(known: Halves, high: Halves, low: Halves) -> _Flags:
    places = np.searchsorted(known[:, 0], high)
    found = np.zeros(len(high), dtype=bool)
    # Fingerprints are sorted by their first half; of one with the same first half there is hardly ever another.
    open_ = places < len(known)
    while open_.any():
        open_[open_] = known[places[open_], 0] == high[open_]
        found[open_] |= known[places[open_], 1] == low[open_]
        places[open_] += 1
        open_ &= ~found & (places < len(known))
    return found
