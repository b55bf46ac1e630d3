"""``{format_preserving: DOMAIN}``: letters become letters and digits digits, one to one within a domain."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd

from retention.surrogate.base import Transform, objects, plain
from retention.surrogate.ff1 import Blocks
from retention.surrogate.permutation import Permutation
from retention.surrogate.permuted_integers import SMALL, PermutedIntegers
from retention.surrogate.permuted_texts import PermutedTexts

_SHORTEST: Final = 6


class FormatPreserving(Transform):
    """Permute the values of one shape among themselves: FF1 of NIST SP 800-38G under AES-256 (``permutation``).

    A text keeps its length, its separators, and the class and case of each character (``alphabets``); the same digits
    and letters give the same ones whatever stands between them. A whole number keeps its sign, its number of digits
    and its type's range. Telephone, resident and card numbers come out as nobody's (``nobodys``).

    Equal values stay equal: who knows how often a value occurs may guess it, and a short value is one of the few that
    its shape allows. One to one also under a collation that ignores case. Under one that ignores accents, letters
    beyond ASCII and Hangul may meet: a unique column then refuses the batch, and nothing is changed.
    """

    keyed = True
    injective = True

    def prepare(self) -> None:
        """Put the small domains in order that short values of this column's type are likely to need."""
        if self.column.kind == "integer":
            self._integers.permuted(SMALL)
        else:
            self._texts.permuted(["0" * digits for digits in range(1, _SHORTEST)])

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the permuted values."""
        del subjects
        there = values.notna().to_numpy()
        codes, distinct = pd.factorize(values[there].to_numpy())
        numbers = np.array([type(value) is int for value in distinct], dtype=bool)
        images = np.full(len(distinct), None, dtype=object)
        images[numbers] = objects(self._integers.permuted(distinct[numbers].tolist()))
        images[~numbers] = objects(self._texts.permuted([plain(value) for value in distinct[~numbers]]))
        permuted = np.full(len(values), None, dtype=object)
        permuted[there] = images[codes]
        return pd.Series(permuted, index=values.index, dtype=object)

    def problems(self) -> list[str]:
        """Refuse a column of other types, and one whose values are too short to be hidden."""
        found = []
        if not isinstance(self.argument, str) or not self.argument:
            found.append("format_preserving takes the name of a domain")
        if self.column.kind not in ("text", "integer"):
            found.append(f"format_preserving takes texts and whole numbers, the column is {self.column.kind}")
        if self.column.length is not None and self.column.length < _SHORTEST:
            what = f"values of {self.column.length} characters are too few to hide one among them"
            found.append(f"{what}; use token, null or a constant")
        return found

    @cached_property
    def _permutation(self) -> Permutation:
        return Permutation(lambda part: self.key("format_preserving", str(self.argument), part))

    @cached_property
    def _turns(self) -> Blocks:
        return Blocks(self.key("format_preserving", str(self.argument), "turn"))

    @cached_property
    def _texts(self) -> PermutedTexts:
        return PermutedTexts(self._permutation, self._turns)

    @cached_property
    def _integers(self) -> PermutedIntegers:
        return PermutedIntegers(self._permutation, self._turns)
