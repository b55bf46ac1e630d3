"""Transforms as tests build them: a key of its own each, a column as wide as it may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from retention.keys import RunKey
from retention.surrogate import ColumnFacts, Transform, build

KEY = RunKey("one", b"1" * 32)
OTHER = RunKey("other", b"2" * 32)


class Spec:
    """A transform as the matrix has it, for paths."""

    def __init__(self, name: str, argument: Any = None) -> None:
        self.name = name
        self.argument = argument


def column(kind: str = "text", length: int | None = None, **facts: bool) -> ColumnFacts:
    return ColumnFacts(
        kind, length, facts.get("nullable", True), facts.get("unique", False), facts.get("one_per_subject", False)
    )


def transform(name: str, argument: Any = None, on: ColumnFacts | None = None, key: RunKey = KEY) -> Transform:
    built = build(name, argument, column() if on is None else on, key)
    assert built.check() == []
    return built


def changed(built: Transform, values: Sequence[Any], subjects: Sequence[str | None] | None = None) -> list[Any]:
    """Return the new values; without subjects each row is a person of its own."""
    whose = subjects if subjects is not None else [f"person {number}" for number in range(len(values))]
    return list(built.transform(pd.Series(values, dtype=object), pd.Series(whose, dtype=object)))


def problems(name: str, argument: Any, on: ColumnFacts) -> list[str]:
    return build(name, argument, on, None).check()


def initials(values: pd.Series, subjects: pd.Series) -> pd.Series:
    """A transform of somebody's own."""
    return values.str[:1]
