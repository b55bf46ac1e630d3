"""What every transform is made from and answers."""

from __future__ import annotations

import abc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import pandas as pd


class KeySource(Protocol):
    """A key that keyed transforms draw from: of the key ring, or made for the run and never stored."""

    @property
    def id(self) -> str:
        """Return the key's id, which may be written down."""

    def derive(self, *context: str) -> bytes:
        """Return 32 bytes for this context, the same for the same key and context."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """The column a transform writes to; ``kind`` as in ``retention.database.columns``, ``length`` in characters."""

    kind: str
    length: int | None
    nullable: bool
    unique: bool


class Transform(abc.ABC):
    """One transform for one column. A null stays null, whatever the transform."""

    keyed: ClassVar[bool] = False
    injective: ClassVar[bool] = False
    recognises: str | None = None
    """The format of every value it gives, as a regular expression, where it has one."""

    def __init__(self, argument: Any, column: ColumnFacts) -> None:
        self.argument = argument
        self.column = column

    @abc.abstractmethod
    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the new values, row by row; ``subjects`` name whose rows they are."""

    def check(self) -> list[str]:
        """Return what is wrong with using it on this column, in words; empty where nothing is."""
        problems = self.problems()
        if self.column.unique and not self.injective:
            problems.append("the column is unique and this transform gives equal values to different ones; use token")
        return problems

    def problems(self) -> list[str]:
        """Return what this kind of transform alone finds wrong."""
        return []


def each_distinct(values: pd.Series, change: Callable[[Any], Any]) -> pd.Series:
    """Return the values with ``change`` applied once to each distinct one; a null stays null."""
    distinct = {value: change(value) for value in values.dropna().unique()}
    return pd.Series([distinct.get(value) for value in values], index=values.index, dtype=object)
