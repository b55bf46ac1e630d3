"""Numbers drawn by a key for a name: what fake values and shifted dates are picked by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from retention.surrogate.base import encoded, objects, plain

Draws = NDArray[np.uint64]
"""Two numbers of 64 bits for each name."""


def draw(key: bytes, names: Iterable[str]) -> Draws:
    """Return two numbers for each name, the same for the same key and name: 128 bits of keyed BLAKE2b."""
    begun, digests = hashlib.blake2b(key=key, digest_size=16).copy, []
    for name in names:
        hashed = begun()
        hashed.update(encoded(name))
        digests.append(hashed.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)


def draw_for(key: bytes, values: NDArray[np.object_], subjects: NDArray[np.object_]) -> tuple[NDArray[np.int64], Draws]:
    """Return for each row which of the draws is its subject's, and the draws, one for each distinct subject.

    Where nobody is named, the value itself is what is drawn for, apart from every subject.
    """
    named = [
        f"s{subject}" if isinstance(subject, str) else f"v{plain(value)}"
        for value, subject in zip(values.tolist(), subjects.tolist(), strict=True)
    ]
    codes, names = pd.factorize(objects(named))
    return codes, draw(key, names)
