"""``{constant: v}``: every value becomes the same one."""

from __future__ import annotations

import json

import pandas as pd

from retention.surrogate.base import Transform


class Constant(Transform):
    """Replace every value, a null excepted, by the argument."""

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the constant wherever there was a value."""
        del subjects
        # A column of JSON is read and written as text.
        given = json.dumps(self.argument, ensure_ascii=False) if self.column.kind == "json" else self.argument
        return pd.Series([None if missing else given for missing in values.isna()], index=values.index, dtype=object)

    def problems(self) -> list[str]:
        """Refuse a constant that doesn't fit the column."""
        if self.argument is None:
            return ["a constant needs a value; use null to erase"]
        if self.column.kind == "text" and self.column.length and len(str(self.argument)) > self.column.length:
            return [f"the constant has {len(str(self.argument))} characters, the column holds {self.column.length}"]
        if self.column.kind == "integer" and not isinstance(self.argument, int):
            return ["the column holds whole numbers, the constant is none"]
        return []
