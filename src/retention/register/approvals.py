"""Who approved what: a person's decision on a plan, an approval for one run, and the standing approval of a rule."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from retention.law import in_utc
from retention.ledger import Ledger

PLAN = "approval"
ACCEPTED = "accepted"
STANDING = "standing"
_WIDTH = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's answer to a plan: ``approved`` or ``rejected``; ``at`` an ISO instant in UTC."""

    plan: str
    decision: str
    by: str
    note: str
    at: str


@dataclass(frozen=True, slots=True)
class Approvals:
    """The approvals in a ledger."""

    ledger: Ledger

    def decide(self, plan: str, decision: str, by: str, note: str, rules: Mapping[str, int]) -> Decision:
        """Record a person's decision on a plan; ``rules`` maps each rule that waits to its planned rows."""
        body = {"plan": plan, "decision": decision, "by": by, "note": note, "rules": dict(rules)}
        entry = self.ledger.record(PLAN, body, key=plan)
        return Decision(plan, decision, by, note, in_utc(entry.at))

    def of_plan(self, plan: str) -> Decision | None:
        """Return the newest decision on a plan."""
        entry = self.ledger.find(PLAN, plan)
        if entry is None:
            return None
        body = entry.body
        return Decision(plan, body["decision"], body["by"], body["note"], in_utc(entry.at))

    def accept(self, run: str, rule: str, count: int, by: str) -> None:
        """Record that somebody accepts up to ``count`` rows of a rule for one run."""
        self.ledger.record(ACCEPTED, {"run": run, "rule": rule, "count": count, "by": by}, key=run)

    def stands(self, rule: str, rule_digest: str, identity: str) -> bool:
        """Whether this rule, unchanged, has been carried out with approval on that database before."""
        newest = self.ledger.find(STANDING, _key(rule, identity))
        return newest is not None and newest.body["digest"] == rule_digest

    def note_carried_out(self, run: str, rule: str, rule_digest: str, identity: str) -> None:
        """Record that a run carried the rule out on that database: it is asked about no more until it changes."""
        if not self.stands(rule, rule_digest, identity):
            body = {"run": run, "rule": rule, "digest": rule_digest, "identity": identity}
            self.ledger.record(STANDING, body, key=_key(rule, identity))


def _key(rule: str, identity: str) -> str:
    """Return the key of a rule on a database, within the ledger's width."""
    key = f"{rule}@{identity}"
    return key if len(key) <= _WIDTH else hashlib.sha256(key.encode()).hexdigest()
