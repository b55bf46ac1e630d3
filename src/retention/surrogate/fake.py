"""``{fake: KIND}``: a made-up value that looks real, the same for a subject wherever its kind is faked."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from retention.surrogate.base import ColumnFacts, KeySource, Transform, objects
from retention.surrogate.draw import Drawing
from retention.surrogate.fake_kinds import KINDS


class Fake(Transform):
    """Replace a value by a fake one that its subject's draw picks.

    The old value has no part in it but its spelling: a number keeps its dashes, a date its type. So two columns of one
    kind hold the same fake value for the same person, in any table. On a unique column only ``login_id`` and
    ``email`` are accepted, which carry 80 bits, and only where no person has two rows in the table. A row without a
    subject is a person of its own.
    """

    keyed = True
    by_subject = True

    def __init__(self, argument: Any, column: ColumnFacts, keys: KeySource | None = None) -> None:
        super().__init__(argument, column, keys)
        self.kind = KINDS.get(argument) if isinstance(argument, str) else None
        if self.kind is not None:
            self.recognises = self.kind.recognises
            self.injective = self.kind.one_to_one and column.one_per_subject

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the fake values."""
        assert self.kind is not None
        there = values.notna().to_numpy()
        old = values.to_numpy(dtype=object)[there]
        made = self.kind.make(self._drawing.draw(values, subjects, there))
        if self.kind.fit is not None:
            room = self.column.length or sys.maxsize
            fit, pairs = self.kind.fit, zip(old.tolist(), made.tolist(), strict=True)
            made = objects([fit(before, fake, room) for before, fake in pairs])
        faked = np.full(len(values), None, dtype=object)
        faked[there] = made
        return pd.Series(faked, index=values.index, dtype=object)

    @cached_property
    def _drawing(self) -> Drawing:
        return Drawing(self.key, "fake", self.argument)

    def problems(self) -> list[str]:
        """Refuse a kind that isn't known, and a column that it doesn't fit."""
        if self.kind is None:
            return [f"fake takes one of {', '.join(KINDS)}, not {self.argument!r}"]
        found = []
        if self.column.kind not in self.kind.kinds:
            found.append(f"fake {self.argument} gives {self.kind.kinds[0]}s, the column is {self.column.kind}")
        if not self.column.holds(self.kind.needs):
            found.append(
                f"fake {self.argument} needs {self.kind.needs} characters, the column holds {self.column.length}"
            )
        if self.column.unique and self.kind.one_to_one and not self.injective:
            found.append("a person may have several rows here, and fake gives them all the same value")
        return found
