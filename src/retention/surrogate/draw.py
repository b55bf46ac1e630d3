"""Numbers drawn by a key for a name: what fake values and shifted dates are picked by."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from retention.surrogate.base import encoded, plain

Draws = NDArray[np.uint64]
"""Two numbers of 64 bits for each row."""


def draw_for(key: bytes, values: NDArray[np.object_], subjects: NDArray[np.object_]) -> Draws:
    """Return two numbers for each row, the same for the same key and subject: 128 bits of keyed BLAKE2b.

    Where nobody is named, the value itself is what is drawn for, apart from every subject.
    """
    begun = hashlib.blake2b(key=key, digest_size=16)
    of_subject, of_value = begun.copy(), begun.copy()
    of_subject.update(b"s")
    of_value.update(b"v")
    digests = bytearray()
    # Hashing a name once more takes no longer than finding out that it was hashed before.
    for value, subject in zip(values.tolist(), subjects.tolist(), strict=True):
        if isinstance(subject, str):
            hashed = of_subject.copy()
            hashed.update(encoded(subject))
        else:
            hashed = of_value.copy()
            hashed.update(encoded(plain(value)))
        digests += hashed.digest()
    return np.frombuffer(bytes(digests), dtype="<u8").reshape(-1, 2)
