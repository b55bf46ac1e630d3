"""The plan: what a night would do, counted exactly, with the digest that a person approves.

The document is ``retention.plan/1``. The same inputs give the same document, byte by byte: no times, no run ids in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from retention.keys import KeptFingerprints

SCHEMA = "retention.plan/1"


@dataclass(frozen=True)
class Sealed:
    """The 128-bit fingerprints of exactly those rows that a person has to approve: the SHA-256 of all in their order.

    ``open`` gives them, which are too many to be read where nobody needs them.

    Raises:
        Refused: (``open``) they aren't what was digested, or there is no room for temporary files.
    """

    digest: str
    open: Callable[[], KeptFingerprints] = field(repr=False, compare=False)


@dataclass(frozen=True)
class RulePlan:
    """One rule on one shard. ``planned`` is its ceiling: the due rows that are carried out under it.

    ``index`` names the indexes by which the engine finds rows whose clocks have lapsed, empty where it reads all rows.
    ``sealed`` tells exactly which rows they are where a person has to approve, else it is None.
    ``holds`` tells of the held rows how many each hold covers. ``to`` is the table that rows are moved to.
    ``findings`` are those of the plan that concern the rule; like them, no digest covers them.
    """

    id: str
    database: str
    shard: int
    table: str
    action: str
    unit: str
    order: int
    bases: Sequence[Mapping[str, Any]]
    planned: int
    due: int
    held: int
    referenced: int
    unreadable: int
    overdue: int
    rows_of_table: int | None
    parts: Sequence[Mapping[str, Any]]
    referenced_by: Sequence[Mapping[str, Any]]
    limit: Mapping[str, Any] | None
    approval: str
    waits: Sequence[str]
    statement: str
    rule_digest: str
    index: str = ""
    oldest_due: date | None = None
    full: Mapping[str, int] | None = None
    sealed: Sealed | None = None
    holds: Mapping[str, int] = field(default_factory=dict)
    to: str | None = None
    findings: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def refused(cls, rule: str, database: str, table: str, action: str) -> RulePlan:
        """Return the plan of a rule that a finding stopped before its rows could be counted."""
        return cls(rule, database, 0, table, action, "", 0, (), 0, 0, 0, 0, 0, 0, None, (), (), None, "", (), "", "")

    def core(self) -> dict[str, Any]:
        """Return what the digest covers of this rule."""
        core: dict[str, Any] = {
            "id": self.id,
            "database": self.database,
            "shard": self.shard,
            "table": self.table,
            "action": self.action,
            "unit": self.unit,
            "order": self.order,
            "cutoffs": [[basis["id"], basis.get("cutoff")] for basis in self.bases],
            "planned": self.planned,
        }
        if self.sealed is not None:
            core["fingerprints"] = self.sealed.digest
        return core

    def as_json(self) -> dict[str, Any]:
        """Return the rule as the published document has it."""
        rows = {"due": self.due, "held": self.held, "referenced": self.referenced, "unreadable": self.unreadable}
        document: dict[str, Any] = {
            "id": self.id,
            "database": self.database,
            "shard": self.shard,
            "table": self.table,
            "action": self.action,
            "unit": self.unit,
            "order": self.order,
            "bases": list(self.bases),
            "rows": {**rows, **(self.full or {})},
            "planned": self.planned,
            "parts": list(self.parts),
            "overdue": self.overdue,
            **({} if self.limit is None else {"limit": self.limit}),
            "approval": self.approval,
            "waits": list(self.waits),
            "sealed": self.sealed is not None,
            "referenced_by": list(self.referenced_by),
            "statement": self.statement,
            "findings": list(self.findings),
        }
        if self.to is not None:
            document["to"] = self.to
        if self.index:
            document["index"] = self.index
        if self.oldest_due is not None:
            document["oldest_due"] = self.oldest_due.isoformat()
        if self.holds:
            document["holds"] = kept_by(self.holds)
        return document


@dataclass(frozen=True)
class Plan:
    """A whole plan over all databases named. ``holds`` is a digest of those in force, empty where there was none."""

    as_of: date
    matrix: str
    calendar: str
    databases: Sequence[Mapping[str, Any]]
    rules: Sequence[RulePlan]
    tables: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    holds: str = ""
    narrowed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Return the SHA-256 over everything that decides what is carried out."""
        core = {
            "as_of": self.as_of.isoformat(),
            "matrix": self.matrix,
            "calendar": self.calendar,
            "holds": self.holds,
            "databases": list(self.databases),
            "rules": [rule.core() for rule in self.rules],
            "narrowed": self.narrowed,
        }
        return hashlib.sha256(canonical(core)).hexdigest()

    @property
    def units(self) -> tuple[str, ...]:
        """Return the units' ids in order."""
        return tuple(dict.fromkeys(rule.unit for rule in self.rules))

    @property
    def waiting(self) -> tuple[RulePlan, ...]:
        """Return the rules for which a person has to answer."""
        return tuple(rule for rule in self.rules if rule.waits)

    @property
    def asked(self) -> dict[str, int]:
        """Return by rule how many rows a person has to answer for, on all shards where it waits."""
        found: dict[str, int] = {}
        for rule in self.waiting:
            found[rule.id] = found.get(rule.id, 0) + rule.planned
        return found

    def named(self, rule: RulePlan) -> str:
        """Return a rule's id, with its shard where its database has several."""
        several = sum(one["name"] == rule.database for one in self.databases) > 1
        return f"{rule.id} (shard {rule.shard})" if several else rule.id

    def of_unit(self, unit: str) -> tuple[RulePlan, ...]:
        """Return the unit's rules in the order they are carried out."""
        return tuple(rule for rule in self.rules if rule.unit == unit)

    def as_json(self) -> dict[str, Any]:
        """Return the published document."""
        return {
            "schema": SCHEMA,
            "as_of": self.as_of.isoformat(),
            "matrix": self.matrix,
            "calendar": self.calendar,
            **({"holds": self.holds} if self.holds else {}),
            "digest": self.digest,
            "databases": list(self.databases),
            "rules": [rule.as_json() for rule in self.rules],
            "tables": list(self.tables),
            "findings": list(self.findings),
            **({"narrowed": dict(self.narrowed)} if self.narrowed else {}),
        }


def kept_by(holds: Mapping[str, int]) -> list[dict[str, Any]]:
    """Return how many rows each hold covers, as published documents have it."""
    return [{"hold": hold, "rows": rows} for hold, rows in sorted(holds.items())]


def canonical(document: Any) -> bytes:
    """Return the one byte form of a JSON document that digests are taken over."""
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
