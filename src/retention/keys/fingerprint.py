"""128-bit keyed fingerprints of row keys: whose data a run touched, answerable without holding a value.

Integer and UUID keys go through one AES pass over a buffer of 16-byte blocks, a keyed permutation that never meets
itself; every other key through keyed BLAKE2b over an encoding in which two different keys never look alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from retention.keys.blocks import permuted
from retention.keys.derive import derive

SIZE = 16
Numbers = np.ndarray[Any, np.dtype[np.int64]]
Keys = Sequence[tuple[Any, ...]] | Numbers
"""The keys of rows: a tuple each, or single whole numbers as one array."""
Fingerprint = Callable[[Keys], bytes]
"""Gives the keys' fingerprints, 16 bytes each, joined in the keys' order."""


def numbers_of(gathered: str | bytes) -> Numbers:
    """Return whole numbers that came as one text, a comma between them, or as bytes, eight each, highest first."""
    if isinstance(gathered, bytes):
        return np.frombuffer(gathered, dtype=">i8").astype(np.int64)
    return np.fromstring(gathered, dtype=np.int64, sep=",")


def as_tuples(keys: Keys) -> Sequence[tuple[Any, ...]]:
    """Return the keys, a tuple each."""
    return [(number,) for number in keys.tolist()] if isinstance(keys, np.ndarray) else keys


_INTEGER = 1
_LIMIT = 2**63


@dataclass(frozen=True, slots=True, repr=False)
class Fingerprinter:
    """Makes fingerprints under one key; each table has its own, derived from it."""

    key: bytes

    def for_table(self, table: str) -> Fingerprint:
        """Return a function from the keys of rows to their fingerprints, 16 bytes each, joined in the rows' order."""
        return _TableFingerprints(derive(self.key, "table", table)).digest


@dataclass(frozen=True, slots=True, repr=False)
class _TableFingerprints:
    key: bytes

    def digest(self, rows: Keys) -> bytes:
        if isinstance(rows, np.ndarray):
            return self._numbers(rows)
        if not rows:
            return b""
        if all(len(row) == 1 and type(row[0]) is int and -_LIMIT <= row[0] < _LIMIT for row in rows):
            return self._numbers([row[0] for row in rows])
        if all(len(row) == 1 and isinstance(row[0], UUID) for row in rows):
            return permuted(derive(self.key, "uuid"), b"".join(row[0].bytes for row in rows))
        return b"".join(self._hash(row) for row in rows)

    def _numbers(self, numbers: Sequence[int] | Numbers) -> bytes:
        blocks = np.zeros((len(numbers), 2), dtype=">i8")
        blocks[:, 0] = _INTEGER
        blocks[:, 1] = numbers
        return permuted(derive(self.key, "integer"), blocks.tobytes())

    def _hash(self, row: tuple[Any, ...]) -> bytes:
        if len(row) == 1:
            value = _plain(row[0])
            if type(value) is int and -_LIMIT <= value < _LIMIT:
                return self.digest([(value,)])
            if isinstance(value, UUID):
                return self.digest([(value,)])
        encoded = b"".join(_encode(value) for value in row)
        return hashlib.blake2b(encoded, key=self.key, digest_size=SIZE).digest()


def _plain(value: Any) -> Any:
    """Return a number in one form, whichever way a driver gave it."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def _encode(value: Any) -> bytes:
    """Return bytes that no other value has: a letter for the kind, the length, the content."""
    value = _plain(value)
    if value is None:
        kind, content = b"n", b""
    elif isinstance(value, int):
        kind, content = b"i", str(value).encode()
    elif isinstance(value, str):
        kind, content = b"s", value.encode()
    elif isinstance(value, (bytes, bytearray, memoryview)):
        kind, content = b"b", bytes(value)
    elif isinstance(value, UUID):
        kind, content = b"u", value.bytes
    elif isinstance(value, datetime):
        kind, content = b"t", value.isoformat().encode()
    elif isinstance(value, date):
        kind, content = b"d", value.isoformat().encode()
    elif isinstance(value, Decimal):
        # Not normalize(): it rounds to the context's 28 digits.
        kind, content = b"m", f"{value:f}".rstrip("0").encode()
    else:
        kind, content = b"o", repr(value).encode()
    return kind + len(content).to_bytes(4, "big") + content
