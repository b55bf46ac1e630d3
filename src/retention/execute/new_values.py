"""The new values of a batch's columns: what the locking read has to fetch for them, and what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from retention.database.columns import ColumnKind
from retention.database.reading import Sql
from retention.errors import Refused, RetentionError
from retention.execute.subjects import Subjects
from retention.plan.rules import BoundRule
from retention.plan.units import Unit
from retention.surrogate import Transform


@dataclass(frozen=True)
class NewValues:
    """The columns of one rule and their transforms. A column of JSON is read and written as text."""

    unit: Unit
    rule: BoundRule
    transforms: Mapping[str, Transform]

    @cached_property
    def subjects(self) -> Subjects | None:
        """Return whose the rows are, where a transform looks at it.

        Raises:
            Refused: the path to the subject leads nowhere, or in more than one way.
        """
        wanted = any(transform.by_subject for transform in self.transforms.values())
        return Subjects.of(self.unit, self.rule) if wanted else None

    @property
    def fetched(self) -> list[Sql]:
        """Return what the locking read has to fetch of each row: the columns, then what names its subject."""
        columns = [self.read(name) for name in self.transforms]
        return [*columns, *(self.subjects.columns if self.subjects is not None else ())]

    def read(self, name: str) -> Sql:
        """Return a column as its transform gets it."""
        column = self.rule.row.c[name]
        return self.rule.binding.database.dialect.json_text(column) if self._is_json(name) else column

    def written(self, name: str, value: Sql) -> Sql:
        """Return a transform's value as the column takes it."""
        column = self.rule.row.c[name]
        return self.rule.binding.database.dialect.json_of(value, column) if self._is_json(name) else value

    def of(self, keys: Sequence[tuple[Any, ...]], fetched: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Return the new values of rows, column by column, as what is fetched comes.

        Raises:
            Refused: a transform can't do it; nothing of a value is told.
        """
        width = len(self.transforms)
        subjects = pd.Series([None] * len(keys), dtype=object)
        if self.subjects is not None:
            named = list(zip(*fetched[width:], strict=True)) or [()] * len(keys)
            subjects = pd.Series(self.subjects.names(keys, named), dtype=object)
        return [
            self._column(name, pd.Series(fetched[number], dtype=object), subjects)
            for number, name in enumerate(self.transforms)
        ]

    def _column(self, name: str, values: pd.Series, subjects: pd.Series) -> list[Any]:
        try:
            made = np.array(self.transforms[name].transform(values, subjects), dtype=object)
        except RetentionError:
            raise
        except Exception as error:
            kind = type(error).__name__
            raise Refused(f"rule {self.rule.id}: the transform of {name} failed with {kind}; choose another") from None
        made[pd.isna(made)] = None
        return list(made)

    def _is_json(self, name: str) -> bool:
        return self.rule.shape.columns[name].kind is ColumnKind.JSON
