"""What a person approved: the fingerprints of exactly those rows, and nothing else may go."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from retention.keys import Fingerprint, KeptFingerprints, Keys, as_tuples


@dataclass(frozen=True)
class Seal:
    """The fingerprints of the rows that a person approved, and what makes one of a key."""

    approved: KeptFingerprints
    fingerprint: Fingerprint

    def strangers(self, keys: Keys) -> list[tuple[Any, ...]]:
        """Return those of the keys that nobody approved."""
        allowed = self.among(keys)
        return [] if allowed.all() else list(itertools.compress(as_tuples(keys), ~allowed))

    def among(self, keys: Keys) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return for each key whether it is one of them."""
        return self.approved.among(self.fingerprint(keys))
