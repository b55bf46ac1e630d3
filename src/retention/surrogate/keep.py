"""``keep``: the value stays as it is, said on purpose."""

from __future__ import annotations

import pandas as pd

from retention.surrogate.base import Transform


class Keep(Transform):
    """Leave the value."""

    injective = True

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the values."""
        del subjects
        return values
