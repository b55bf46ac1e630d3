"""Numbers drawn by a key for a name: what fake values and shifted dates are picked by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.surrogate.base import encoded, plain

Draws = NDArray[np.uint64]
"""Two numbers of 64 bits for each name."""


def draw(key: bytes, names: Iterable[str]) -> Draws:
    """Return two numbers for each name, the same for the same key and name: 128 bits of keyed BLAKE2b."""
    begun = hashlib.blake2b(key=key, digest_size=16)
    digests = bytearray()
    for name in names:
        hashed = begun.copy()
        hashed.update(encoded(name))
        digests += hashed.digest()
    return np.frombuffer(bytes(digests), dtype="<u8").reshape(-1, 2)


def draw_for(key: bytes, values: pd.Series, subjects: pd.Series) -> tuple[NDArray[np.int64], Draws]:
    """Return for each row which of the draws is its subject's, and the draws, one for each distinct subject.

    Where nobody is named, the value itself is what is drawn for, apart from every subject.
    """
    named = [
        f"s{subject}" if isinstance(subject, str) else f"v{plain(value)}"
        for value, subject in zip(values, subjects, strict=True)
    ]
    codes, names = pd.factorize(np.array(named, dtype=object))
    return codes, draw(key, names)
