"""``{token: DOMAIN}``: a value becomes a name that says nothing of it, the same within a domain."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import pandas as pd

from retention.surrogate.base import ColumnFacts, KeySource, Transform, encoded, objects, plain

_PREFIX = "t_"
_LONGEST = 26
_SHORTEST = 16
_BYTES: Final = 20
_LETTERS: Final = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)
_WEIGHTS: Final = np.array([16, 8, 4, 2, 1], dtype=np.uint8)


class Token(Transform):
    """Give ``t_`` and base-32 characters of a keyed BLAKE2b of the value.

    130 bits where the column has room for 28 characters, never fewer than 80: two values don't meet in one token, and
    nobody without the key can try values.
    """

    keyed = True
    injective = True
    recognises = r"t_[a-z2-7]{16,26}"

    def __init__(self, argument: Any, column: ColumnFacts, keys: KeySource | None = None) -> None:
        super().__init__(argument, column, keys)
        self.characters = min(_LONGEST, (column.length or 255) - len(_PREFIX))

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the tokens."""
        del subjects
        begun = hashlib.blake2b(key=self.key("token", str(self.argument)), digest_size=_BYTES)
        codes, distinct = pd.factorize(values.to_numpy())
        digests = bytearray()
        for value in distinct:
            hashed = begun.copy()
            hashed.update(encoded(plain(value)))
            digests += hashed.digest()
        tokens = objects([*self._written(bytes(digests)), None])
        return pd.Series(tokens[codes], index=values.index, dtype=object)

    def problems(self) -> list[str]:
        """Refuse a column that a token doesn't fit."""
        found = []
        if not isinstance(self.argument, str) or not self.argument:
            found.append("token takes the name of a domain")
        if self.column.kind != "text":
            found.append(f"a token is text, the column is {self.column.kind}")
        elif self.characters < _SHORTEST:
            shortest = _SHORTEST + len(_PREFIX)
            found.append(f"a token needs {shortest} characters, the column holds {self.column.length}")
        return found

    def _written(self, digests: bytes) -> list[str]:
        """Return each digest's beginning in base 32, in small letters (RFC 4648)."""
        bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8)).reshape(-1, 5)
        letters = _LETTERS[bits @ _WEIGHTS].tobytes().decode()
        width = _BYTES * 8 // 5
        return [_PREFIX + letters[at : at + self.characters] for at in range(0, len(letters), width)]
