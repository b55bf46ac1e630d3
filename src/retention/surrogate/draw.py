"""Numbers drawn by a key for a name: what fake values and shifted dates are picked by."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.keys import permuted
from retention.surrogate.base import encoded, plain

Draws = NDArray[np.uint64]
"""Two numbers of 64 bits for each row."""
_SIZE = 16


class _Last(threading.local):
    """The digests of the subjects that were hashed last: a row's columns are drawn for one after the other."""

    key: bytes = b""
    subjects: pd.Series | None = None
    digests: NDArray[np.uint64]
    unnamed: NDArray[np.intp]


_LAST = _Last()


class Drawing:
    """Draws for subjects within a ``context`` under a key: 128 bits of keyed BLAKE2b, then AES under the context's key.

    The one hides the name and is the same for all columns of a row; the other is quick, and keeps contexts apart: what
    two of them drew for one subject has nothing in common.
    """

    def __init__(self, derive: Callable[..., bytes], *context: str) -> None:
        self._derive = derive
        self._context = context

    def draw(self, values: pd.Series, subjects: pd.Series, there: NDArray[np.bool_]) -> Draws:
        """Return two numbers for each row that is ``there``, the same for the same key, context and subject.

        Where nobody is named, the value itself is what is drawn for, apart from every subject.
        """
        if _LAST.subjects is not subjects or _LAST.key != self._name_key:
            self._hash(subjects)
        digests = _LAST.digests
        if _LAST.unnamed.size:
            digests = digests.copy()
            for row in _LAST.unnamed[there[_LAST.unnamed]].tolist():
                digests[row] = self._of_value(values.iloc[row])
        drawn = permuted(self._own_key, digests[there].tobytes())
        return np.frombuffer(drawn, dtype="<u8").reshape(-1, 2)

    def _hash(self, subjects: pd.Series) -> None:
        begun = hashlib.blake2b(b"s", key=self._name_key, digest_size=_SIZE)
        digests, unnamed = bytearray(), []
        for row, subject in enumerate(subjects.tolist()):
            if not isinstance(subject, str):
                unnamed.append(row)
                digests += bytes(_SIZE)
                continue
            # Hashing a name once more takes no longer than finding out that it was hashed before.
            hashed = begun.copy()
            hashed.update(encoded(subject))
            digests += hashed.digest()
        _LAST.digests = np.frombuffer(bytes(digests), dtype="<u8").reshape(-1, 2)
        _LAST.unnamed = np.array(unnamed, dtype=np.intp)
        _LAST.key, _LAST.subjects = self._name_key, subjects

    def _of_value(self, value: object) -> NDArray[np.uint64]:
        hashed = hashlib.blake2b(b"v" + encoded(plain(value)), key=self._name_key, digest_size=_SIZE)
        return np.frombuffer(hashed.digest(), dtype="<u8")

    @cached_property
    def _name_key(self) -> bytes:
        return self._derive("subject")

    @cached_property
    def _own_key(self) -> bytes:
        return self._derive(*self._context)
