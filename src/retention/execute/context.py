"""What carrying out a unit needs from outside, and what comes of a rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import URL

from retention.database.url import ConnectionSource, nowhere
from retention.execute.budget import share
from retention.keys import Fingerprint
from retention.matrix.model import Action
from retention.plan.plan import RulePlan, kept_by
from retention.register import Hold
from retention.surrogate import KeySource

Json = Any


class TaskChain(Protocol):
    """The ledger's chain of this task: an entry is durable when ``append`` returns."""

    def append(self, kind: str, body: Mapping[str, Json], blob: bytes | None = None) -> object:
        """Write one entry."""


class HoldSource(Protocol):
    """The holds in force, read anew each time."""

    def version(self) -> int:
        """Return a number that is another one after every change."""

    def of(self, database: str, identity: str) -> Sequence[Hold]:
        """Return those on a database."""


@dataclass(frozen=True)
class RunContext:
    """One run, as its units see it.

    ``now`` gives aware UTC instants. ``fingerprints`` maps a table's name to a function from keys to fingerprints.
    ``stop`` gives the reason why the run should end between two batches, or None. ``keys_for`` gives the key source of
    an action, or refuses where there is none. ``budget`` is the most rows a rule may take in this run, on all shards
    together; ``shards`` gives by rule how many are planned on each shard where it is carried out, and needn't where
    that is one. ``connections`` gives the URLs of replicas. ``ledger`` is where the ledger lies, None where nobody
    knows. ``trace`` shows where an error that nobody foresaw came from, to whoever asked for it: it may hold values.
    """

    run: str
    as_of: date
    now: Callable[[], datetime]
    fingerprints: Callable[[str], Fingerprint]
    keys_for: Callable[[Action], KeySource]
    holds: HoldSource
    stop: Callable[[], str | None] = lambda: None
    progress: Callable[[str], None] = lambda _line: None
    budget: int | None = None
    shards: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    batch_rows: int = 20_000
    dry_run: bool = False
    connections: ConnectionSource = nowhere
    ledger: URL | None = None
    trace: Callable[[Exception], None] = lambda _error: None

    def most(self, rule: RulePlan) -> int:
        """Return how many rows a rule may take on its shard: those planned, within its share of the budget."""
        if self.budget is None:
            return rule.planned
        return share(self.budget, self.shards.get(rule.id, {rule.shard: rule.planned}), rule.shard)


@dataclass
class Outcome:
    """What came of one rule in one run. ``status`` follows from the numbers, never from intent.

    ``held`` is how many lapsed rows holds covered when the rule was done with, ``holds`` tells how many each of them
    covered; None where it wasn't counted. ``withheld`` says that the rule was not to be begun at all. ``most``, of a
    dry run alone, is how many rows a run could take. ``partitions`` are those that were dropped when they were empty.
    """

    plan: RulePlan
    status: str = "nothing"
    done: int = 0
    survived: int = 0
    drifted: int = 0
    batches: int = 0
    seconds: float = 0.0
    longest_ms: float = 0.0
    oldest: date | None = None
    newest: date | None = None
    parts: dict[str, int] = field(default_factory=dict)
    reason: str = ""
    held: int | None = None
    holds: Mapping[str, int] | None = None
    withheld: bool = False
    most: int | None = None
    partitions: Sequence[str] = ()

    def saw(self, days: Sequence[date | None]) -> None:
        """Widen the range of event days that were carried out."""
        known = [day for day in days if day is not None]
        if known:
            self.oldest = min([*known, self.oldest] if self.oldest else known)
            self.newest = max([*known, self.newest] if self.newest else known)

    def recall(self, body: Mapping[str, Any]) -> None:
        """Take in the event days and the parts of a committed batch, as the ledger tells of it."""
        self.saw([date.fromisoformat(body[name]) for name in ("oldest", "newest") if body.get(name)])
        for table, rows in body.get("parts", {}).items():
            self.parts[table] = self.parts.get(table, 0) + rows

    def as_entry(self) -> dict[str, Any]:
        """Return what the ledger keeps of it when its unit ends; :meth:`of_entry` reads it back beside the plan."""
        return {
            "id": self.plan.id,
            "status": self.status,
            "done": self.done,
            "survived": self.survived,
            "drifted": self.drifted,
            "batches": self.batches,
            "seconds": round(self.seconds, 3),
            "longest_ms": round(self.longest_ms, 1),
            "oldest": self.oldest.isoformat() if self.oldest else None,
            "newest": self.newest.isoformat() if self.newest else None,
            "parts": dict(self.parts),
            "held": self.held,
            "holds": None if self.holds is None else dict(self.holds),
            "partitions": list(self.partitions),
            "reason": self.reason,
        }

    @classmethod
    def of_entry(cls, plan: RulePlan, entry: Mapping[str, Any]) -> Outcome:
        """Return the outcome that an entry tells of."""
        outcome = cls(plan, entry["status"], reason=entry["reason"])
        outcome.done, outcome.survived, outcome.drifted = entry["done"], entry["survived"], entry["drifted"]
        outcome.batches, outcome.seconds, outcome.longest_ms = entry["batches"], entry["seconds"], entry["longest_ms"]
        outcome.parts, outcome.holds = dict(entry["parts"]), entry["holds"]
        outcome.held = entry.get("held")
        outcome.partitions = entry.get("partitions", ())
        outcome.saw([date.fromisoformat(entry[name]) for name in ("oldest", "newest") if entry[name]])
        return outcome

    def as_json(self) -> dict[str, Any]:
        """Return the rule as the published run document has it."""
        document: dict[str, Any] = {
            "id": self.plan.id,
            "database": self.plan.database,
            "shard": self.plan.shard,
            "table": self.plan.table,
            "action": self.plan.action,
            "status": self.status,
            "planned": self.plan.planned,
            "due": self.plan.due,
            "done": self.done,
            "survived": self.survived,
            "drifted": self.drifted,
            # What a hold has come to cover since was planned, and stands under survived.
            "held": self.plan.held if self.held is None else min(self.held, self.plan.held),
            "referenced": self.plan.referenced,
            "unreadable": self.plan.unreadable,
            "overdue": self.plan.overdue,
            "batches": self.batches,
            "seconds": round(self.seconds, 3),
            "longest_statement_ms": round(self.longest_ms, 1),
            "bases": list(self.plan.bases),
            "parts": [{"table": table, "rows": rows} for table, rows in sorted(self.parts.items())],
            "referenced_by": list(self.plan.referenced_by),
        }
        if self.oldest is not None and self.newest is not None:
            document["oldest_clock"] = self.oldest.isoformat()
            document["newest_clock"] = self.newest.isoformat()
        kept = self.plan.holds if self.holds is None else self.holds
        if kept:
            document["holds"] = kept_by(kept)
        if self.most is not None:
            document["most"] = self.most
        if self.partitions:
            document["partitions_dropped"] = list(self.partitions)
        if self.plan.to is not None:
            document["to"] = self.plan.to
        if self.reason:
            document["reason"] = self.reason
        return document
