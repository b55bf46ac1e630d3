"""Plans in the ledger, by digest: the document as it was published, and the fingerprints of sealed rules beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from functools import cache, partial
from typing import Any

from retention.errors import Refused
from retention.keys import FingerprintFile, KeptFingerprints
from retention.ledger import Entry, Ledger
from retention.plan.plan import Plan, RulePlan, Sealed

_KIND = "plan"
_SHORTEST = 8


def record_plan(ledger: Ledger, plan: Plan) -> None:
    """Write a plan down, once however often it is made."""
    if ledger.find(_KIND, plan.digest) is not None:
        return
    sealed = {f"{rule.id}/{rule.shard}": rule.sealed for rule in plan.rules if rule.sealed is not None}
    body = {
        "plan": plan.as_json(),
        "rule_digests": {rule.id: rule.rule_digest for rule in plan.rules},
        "rows_of_table": {f"{rule.id}/{rule.shard}": rule.rows_of_table for rule in plan.rules},
        "narrowed": dict(plan.narrowed),
        "sealed": {name: rows.digest for name, rows in sealed.items()},
    }

    def parts() -> Iterator[tuple[str, bytes]]:
        for name, rows in sealed.items():
            for piece in rows.open().pieces():
                yield name, piece

    ledger.record(_KIND, body, key=plan.digest, parts=parts)


def load_plan(ledger: Ledger, digest: str) -> Plan:
    """Return a recorded plan; the beginning of its digest is enough where no other begins so.

    Raises:
        Refused: no plan, or several, have that digest, or it was changed.
    """
    entry = _find(ledger, digest)
    document = entry.body["plan"]
    sealed = _sealed(ledger, entry)
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
    if plan.digest != entry.key:
        raise _changed(digest)
    return plan


def plan_document(ledger: Ledger, digest: str) -> Mapping[str, Any]:
    """Return a recorded plan's published document.

    Raises:
        Refused: as :func:`load_plan`.
    """
    document: Mapping[str, Any] = _find(ledger, digest).body["plan"]
    return document


def _find(ledger: Ledger, digest: str) -> Entry:
    entry = ledger.find(_KIND, digest)
    if entry is not None:
        return entry
    known = {entry.key for entry in ledger.entries(kind=_KIND) if entry.key} if len(digest) >= _SHORTEST else set()
    found = sorted(key for key in known if key.startswith(digest))
    entry = ledger.find(_KIND, found[0]) if len(found) == 1 else None
    if entry is None:
        problem = "several plans begin so" if found else "the ledger holds no such plan"
        raise Refused(f"plan {digest}: {problem}; make one with `retention plan` and copy its digest")
    return entry


def _sealed(ledger: Ledger, entry: Entry) -> dict[str, Sealed]:
    """Return the rows of the plan's sealed rules, by rule and shard; they are read once they are asked for."""
    file = FingerprintFile()

    def sealed(digest: str, pieces: Callable[[], Iterable[bytes]]) -> Sealed:
        def read() -> KeptFingerprints:
            kept = file.keep(pieces())
            if kept.digest != digest:
                raise _changed(str(entry.key))
            return kept

        return Sealed(digest, cache(read))

    # Ledgers that were begun earlier also have plans with all of them attached in one document.
    blob = entry.blob()
    whole = {name: base64.b64decode(text) for name, text in json.loads(blob).items()} if blob else {}
    found = {name: sealed(hashlib.sha256(rows).hexdigest(), partial(list, (rows,))) for name, rows in whole.items()}
    for name, digest in entry.body.get("sealed", {}).items():
        found[name] = sealed(digest, partial(ledger.parts, entry, name))
    return found


def _changed(digest: str) -> Refused:
    return Refused(f"plan {digest}: what the ledger holds is not what was digested; run `retention ledger verify`")


def _rule(one: Mapping[str, Any], body: Mapping[str, Any], sealed: Mapping[str, Sealed]) -> RulePlan:
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
        limit=one.get("limit"),
        approval=one["approval"],
        waits=one["waits"],
        statement=one["statement"],
        index=one.get("index", ""),
        rule_digest=body["rule_digests"][one["id"]],
        oldest_due=date.fromisoformat(one["oldest_due"]) if "oldest_due" in one else None,
        full=extra or None,
        holds={kept["hold"]: kept["rows"] for kept in one.get("holds", ())},
        sealed=sealed.get(name),
        to=one.get("to"),
        findings=tuple(one["findings"]),
    )
