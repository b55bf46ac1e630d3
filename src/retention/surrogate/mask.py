"""``{mask: {first: 1, last: 4}}``: all but the first and last characters become asterisks."""

from __future__ import annotations

import pandas as pd

from retention.surrogate.base import ColumnFacts, KeySource, Transform, each_distinct


class Mask(Transform):
    """Keep ``first`` and ``last`` characters; a value no longer than both together is masked whole."""

    def __init__(self, argument: dict[str, int], column: ColumnFacts, keys: KeySource | None = None) -> None:
        super().__init__(argument, column, keys)
        given = argument if isinstance(argument, dict) else {}
        self.first, self.last = given.get("first", 0), given.get("last", 0)

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return masked texts of the same length."""
        del subjects
        return each_distinct(values, lambda value: self._mask(str(value)))

    def problems(self) -> list[str]:
        """Refuse other columns than texts, and other arguments than counts."""
        if not isinstance(self.argument, dict) or set(self.argument) - {"first", "last"}:
            return ["mask takes {first: n, last: n}"]
        if not all(isinstance(count, int) and count >= 0 for count in (self.first, self.last)):
            return ["mask takes counts of characters, from 0"]
        return [] if self.column.kind == "text" else [f"mask writes text, the column is {self.column.kind}"]

    def _mask(self, text: str) -> str:
        hidden = len(text) - self.first - self.last
        if hidden <= 0:
            return "*" * len(text)
        return text[: self.first] + "*" * hidden + text[len(text) - self.last :]
