"""A measure: one row of counts about one table, and what each count has to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select


@dataclass(frozen=True, slots=True)
class Expected:
    """What one column of a measure has to be: at most ``most``, or anything where that is None.

    ``rule`` and ``check`` name it in reports, where ``note`` says what a reader has to know beside the number.
    """

    rule: str
    check: str
    most: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Counted:
    """What was expected and the number that was seen."""

    expected: Expected
    count: int


@dataclass(frozen=True)
class Measure:
    """One aggregate query over one table: it gives one row of counts, never a row of the table."""

    table: str
    query: Select[*tuple[Any, ...]]
    expected: Mapping[str, Expected] = field(default_factory=dict)


def name_of(check: Mapping[str, Any]) -> str:
    """Return the name of a document's check as a line of text has it: with its shard, unless that is the first."""
    return f"{check['check']} (shard {check['shard']})" if check.get("shard") else str(check["check"])


@dataclass(frozen=True, slots=True)
class Check:
    """The outcome of one expectation on a database's shard. ``count`` is the number that was seen."""

    phase: str
    rule: str
    check: str
    ok: bool
    count: int
    note: str = ""
    database: str = ""
    shard: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the check as the published run document has it."""
        document: dict[str, Any] = {
            "phase": self.phase,
            "rule": self.rule,
            "check": self.check,
            "ok": self.ok,
            "count": self.count,
            "database": self.database,
            "shard": self.shard,
        }
        if self.note:
            document["note"] = self.note
        return document
