"""``{token: DOMAIN}``: a value becomes a name that says nothing of it, the same within a domain."""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime
from typing import Any

import pandas as pd

from retention.surrogate.base import ColumnFacts, KeySource, Transform, each_distinct

_PREFIX = "t_"
_LONGEST = 26
_SHORTEST = 16


class Token(Transform):
    """Give ``t_`` and base-32 characters of a keyed BLAKE2b of the value.

    130 bits where the column has room for 28 characters, never fewer than 80: two values don't meet in one token, and
    nobody without the key can try values.
    """

    keyed = True
    injective = True
    recognises = r"t_[a-z2-7]{16,26}"

    def __init__(self, argument: Any, column: ColumnFacts, keys: KeySource | None) -> None:
        super().__init__(argument, column)
        self.keys = keys
        self.characters = min(_LONGEST, (column.length or 255) - len(_PREFIX))

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the tokens."""
        del subjects
        assert self.keys is not None
        key = self.keys.derive("token", str(self.argument))
        return each_distinct(values, lambda value: self._token(key, value))

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

    def _token(self, key: bytes, value: Any) -> str:
        digest = hashlib.blake2b(_plain(value).encode(), key=key, digest_size=20).digest()
        return _PREFIX + base64.b32encode(digest).decode().lower()[: self.characters]


def _plain(value: Any) -> str:
    """Return the one text of a value, whichever driver gave it."""
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
