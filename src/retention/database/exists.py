"""EXISTS as it is written everywhere: without a pair of parentheses around it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Exists, Select


class _Bare(Exists):
    """SQLAlchemy puts EXISTS into parentheses, which no engine needs.

    SQLite before 3.46 reads a statement with a stack of a hundred places: conditions of rules that keep each other's
    rows have so many within each other that a pair around each of them is too much.
    """

    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Return it as it is."""
        del against
        return self


def exists(query: Select[*tuple[Any, ...]]) -> Exists:
    """Return whether a query has a row."""
    return _Bare(query)
