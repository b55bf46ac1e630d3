"""Plans in the ledger, by digest: the document as it was published, and the fingerprints of sealed rules beside it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from retention.errors import Refused
from retention.ledger import Ledger
from retention.plan.plan import Plan, RulePlan

_KIND = "plan"
_SHORTEST = 8


def record_plan(ledger: Ledger, plan: Plan) -> None:
    """Write a plan down, once however often it is made."""
    if ledger.find(_KIND, plan.digest) is not None:
        return
    sealed = {
        f"{rule.id}/{rule.shard}": base64.b64encode(rule.sealed).decode()
        for rule in plan.rules
        if rule.sealed is not None
    }
    body = {
        "plan": plan.as_json(),
        "rule_digests": {rule.id: rule.rule_digest for rule in plan.rules},
        "rows_of_table": {f"{rule.id}/{rule.shard}": rule.rows_of_table for rule in plan.rules},
        "narrowed": dict(plan.narrowed),
    }
    ledger.record(_KIND, body, json.dumps(sealed).encode() if sealed else None, key=plan.digest)


def load_plan(ledger: Ledger, digest: str) -> Plan:
    """Return a recorded plan; the beginning of its digest is enough where no other begins so.

    Raises:
        Refused: no plan, or several, have that digest.
    """
    whole = _whole_digest(ledger, digest)
    entry = ledger.find(_KIND, whole)
    assert entry is not None
    document = entry.body["plan"]
    blob = entry.blob()
    sealed: Mapping[str, str] = json.loads(blob) if blob else {}
    rules = tuple(_rule(one, entry.body, sealed) for one in document["rules"])
    plan = Plan(
        as_of=date.fromisoformat(document["as_of"]),
        matrix=document["matrix"],
        calendar=document["calendar"],
        databases=tuple(document["databases"]),
        rules=rules,
        tables=tuple(document["tables"]),
        findings=tuple(document["findings"]),
        holds=document.get("holds", ""),
        narrowed=entry.body["narrowed"],
    )
    if plan.digest != whole:
        raise Refused(f"plan {digest}: what the ledger holds is not what was digested; run `retention ledger verify`")
    return plan


def plan_document(ledger: Ledger, digest: str) -> Mapping[str, Any]:
    """Return a recorded plan's published document.

    Raises:
        Refused: as :func:`load_plan`.
    """
    entry = ledger.find(_KIND, _whole_digest(ledger, digest))
    assert entry is not None
    document: Mapping[str, Any] = entry.body["plan"]
    return document


def _whole_digest(ledger: Ledger, digest: str) -> str:
    if ledger.find(_KIND, digest) is not None:
        return digest
    known = {entry.key for entry in ledger.entries(kind=_KIND) if entry.key} if len(digest) >= _SHORTEST else set()
    found = sorted(key for key in known if key.startswith(digest))
    if len(found) != 1:
        problem = "several plans begin so" if found else "the ledger holds no such plan"
        raise Refused(f"plan {digest}: {problem}; make one with `retention plan` and copy its digest")
    return found[0]


def _rule(one: Mapping[str, Any], body: Mapping[str, Any], sealed: Mapping[str, str]) -> RulePlan:
    rows = one["rows"]
    name = f"{one['id']}/{one['shard']}"
    extra = {key: rows[key] for key in ("in_use", "done", "separate", "selected") if key in rows}
    return RulePlan(
        id=one["id"],
        database=one["database"],
        shard=one["shard"],
        table=one["table"],
        action=one["action"],
        unit=one["unit"],
        order=one["order"],
        bases=one["bases"],
        planned=one["planned"],
        due=rows["due"],
        held=rows["held"],
        referenced=rows["referenced"],
        unreadable=rows["unreadable"],
        overdue=one["overdue"],
        rows_of_table=body["rows_of_table"].get(name),
        parts=one["parts"],
        referenced_by=one["referenced_by"],
        limit=one["limit"],
        approval=one["approval"],
        waits=one["waits"],
        statement=one["statement"],
        index=one.get("index", ""),
        rule_digest=body["rule_digests"][one["id"]],
        oldest_due=date.fromisoformat(one["oldest_due"]) if "oldest_due" in one else None,
        full=extra or None,
        holds={kept["hold"]: kept["rows"] for kept in one.get("holds", ())},
        sealed=base64.b64decode(sealed[name]) if name in sealed else None,
        to=one.get("to"),
    )
