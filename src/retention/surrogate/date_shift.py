"""``{date_shift: DOMAIN}``: a date moves by as many days as its subject's draw says, so that intervals survive."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from retention.surrogate.base import Transform
from retention.surrogate.days import KINDS, day_of, stands_for_none, with_day
from retention.surrogate.draw import Drawing

MOST: Final = 180
"""The most days a date moves; it never moves by none."""
_FLOOR: Final = date(1990, 1, 1)
_ZERO: Final = "0000-00-00"
# Outside of these a column's type may have no such day: MariaDB's TIMESTAMP ends in January 2038.
_LIMITS: Final = {"instant": (date(1970, 1, 2), date(2038, 1, 18))}
_WIDEST: Final = (date(1, 1, 1), date(8999, 12, 31))


class DateShift(Transform):
    """Move every date of a subject by the same 1 to 180 days, forwards or backwards, within a domain.

    A time of day stays. A day that would fall below 1990, where clocks can't be read any more, or out of what the
    column's type can hold moves the other way instead, as far. What stands for no day (an empty text, a zero date,
    9999-12-31) stays; of a text that is no day nothing remains. The dates of a row without a subject move together,
    as no other row's do.
    """

    keyed = True
    by_subject = True

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the moved dates, each in the type it came in."""
        there = values.notna().to_numpy()
        old = values.to_numpy(dtype=object)[there]
        draws = self._drawing.draw(values, subjects, there)
        drawn = (draws[:, 0] % np.uint64(2 * MOST)).astype(np.int64) - MOST
        steps = [timedelta(days=days) for days in np.where(drawn < 0, drawn, drawn + 1).tolist()]
        moved = np.full(len(values), None, dtype=object)
        moved[there] = [self._moved(value, step) for value, step in zip(old.tolist(), steps, strict=True)]
        return pd.Series(moved, index=values.index, dtype=object)

    def problems(self) -> list[str]:
        """Refuse columns that hold no dates, and a domain without a name."""
        found = []
        if not isinstance(self.argument, str) or not self.argument:
            found.append("date_shift takes the name of a domain")
        if self.column.kind not in KINDS:
            found.append(f"date_shift moves dates, the column is {self.column.kind}")
        return found

    @cached_property
    def _drawing(self) -> Drawing:
        return Drawing(self.key, "date_shift", str(self.argument))

    def _moved(self, value: Any, step: timedelta) -> Any:
        day = day_of(value)
        if stands_for_none(value, day):
            return value
        if day is None:
            return self.nothing() if self.column.nullable or self.column.kind == "text" else _ZERO
        low, high = _LIMITS.get(self.column.kind, _WIDEST)
        if day >= _FLOOR:
            low = max(low, _FLOOR)
        fits = low.toordinal() <= day.toordinal() + step.days <= high.toordinal()
        # A day outside of the limits comes nearer to them.
        if not low <= day <= high:
            fits = (step.days > 0) == (day < low)
        return with_day(value, day + step if fits else day - step)
