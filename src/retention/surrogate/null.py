"""``null``: the value is erased."""

from __future__ import annotations

import pandas as pd

from retention.surrogate.base import Transform


class Null(Transform):
    """Erase the value. Nothing remains, so a unique column may hold it any number of times."""

    injective = True

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return nulls."""
        del subjects
        return pd.Series([None] * len(values), index=values.index, dtype=object)

    def problems(self) -> list[str]:
        """Refuse a column that can't be null."""
        return [] if self.column.nullable else ["it is NOT NULL; use a constant or a token"]
