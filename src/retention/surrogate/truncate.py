"""``{truncate: n}``: the first n characters stay."""

from __future__ import annotations

import pandas as pd

from retention.surrogate.base import Transform, each_distinct


class Truncate(Transform):
    """Cut a text off after the argument's number of characters."""

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the beginnings."""
        del subjects
        return each_distinct(values, lambda value: str(value)[: self.argument])

    def problems(self) -> list[str]:
        """Refuse other columns than texts, and other arguments than a count."""
        if not isinstance(self.argument, int) or isinstance(self.argument, bool) or self.argument < 0:
            return ["truncate takes a number of characters, from 0"]
        return [] if self.column.kind == "text" else [f"truncate writes text, the column is {self.column.kind}"]
