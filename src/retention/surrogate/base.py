"""What every transform is made from and answers."""

from __future__ import annotations

import abc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray


class KeySource(Protocol):
    """A key that keyed transforms draw from: of the key ring, or made for the run and never stored."""

    @property
    def id(self) -> str:
        """Return the key's id, which may be written down."""

    def derive(self, *context: str) -> bytes:
        """Return 32 bytes for this context, the same for the same key and context."""


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """The column a transform writes to; ``kind`` as in ``retention.database.columns``, ``length`` in characters.

    ``one_per_subject``: no two rows of its table have the same subject.
    """

    kind: str
    length: int | None
    nullable: bool
    unique: bool
    one_per_subject: bool = False

    def holds(self, characters: int) -> bool:
        """Whether a text of so many characters fits."""
        return self.length is None or characters <= self.length


class Transform(abc.ABC):
    """One transform for one column. A null stays null, whatever the transform."""

    keyed: bool = False
    """Whether it draws from a key."""
    injective: bool = False
    """Whether different rows of a unique column are sure to get different values."""
    by_subject: bool = False
    """Whether it looks at whose row it is."""
    recognises: str | None = None
    """The format of every value it gives, as a regular expression, where it has one."""

    def __init__(self, argument: Any, column: ColumnFacts, keys: KeySource | None = None) -> None:
        self.argument = argument
        self.column = column
        self.keys = keys

    @abc.abstractmethod
    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the new values, row by row.

        ``subjects`` name whose rows they are, as texts; where a row has none, a text that stands for that row alone.
        """

    def prepare(self) -> None:
        """Make ready what the first value would wait for: rows are locked while they wait."""
        nothing = pd.Series([], dtype=object)
        self.transform(nothing, nothing)

    def check(self) -> list[str]:
        """Return what is wrong with using it on this column, in words; empty where nothing is."""
        problems = self.problems()
        if self.column.unique and not self.injective:
            what = "the column is unique and this transform may give equal values to different rows"
            problems.append(f"{what}; use token or format_preserving")
        return problems

    def problems(self) -> list[str]:
        """Return what this kind of transform alone finds wrong."""
        return []

    def key(self, *context: str) -> bytes:
        """Return the key for a context."""
        assert self.keys is not None
        return self.keys.derive(*context)

    def nothing(self) -> str | None:
        """Return what stands where nothing of a value may remain: null, or the emptiest text the column takes."""
        if self.column.nullable:
            return None
        return "{}" if self.column.kind == "json" else ""


def each_distinct(values: pd.Series, change: Callable[[Any], Any]) -> pd.Series:
    """Return the values with ``change`` applied once to each distinct one; a null stays null."""
    codes, distinct = pd.factorize(values.to_numpy())
    # The place of a null is -1, and the last one is kept free for it.
    changed = objects([*(change(value) for value in distinct), None])
    return pd.Series(changed[codes], index=values.index, dtype=object)


def objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return values as an array of objects, whatever they are."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def plain(value: Any) -> str:
    """Return the one text of a value, whichever driver gave it."""
    if isinstance(value, str):
        return value
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return str(int(value))
    return str(value)


def encoded(text: str) -> bytes:
    """Return a text's bytes; half a character, which some databases store, is no reason to fail."""
    return text.encode("utf-8", "surrogatepass")
