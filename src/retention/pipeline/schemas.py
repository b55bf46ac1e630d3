"""The JSON Schemas of what the program publishes. Tests hold its output against them."""

from __future__ import annotations

from typing import Any

from retention.errors import Refused
from retention.matrix.schema import json_schema

_DAY = {"type": "string", "format": "date"}
_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_FINDING = _object(
    {
        "code": {"type": "string", "pattern": "^RET[0-9]{3}$"},
        "severity": {"enum": ["error", "warning"]},
        "scope": {"enum": ["run", "table", "rule"]},
        "where": _TEXT,
        "what": _TEXT,
        "do": _TEXT,
    }
)
_BASIS = _object(
    {"id": _TEXT},
    {
        "kind": {"enum": ["min", "max"]},
        "statute": _TEXT,
        "article": _TEXT,
        "record": _TEXT,
        "period": _TEXT,
        "cutoff": _DAY,
        "rules": _TEXTS,
    },
)
_INSTANT = {"type": "string", "format": "date-time"}
_HOLD = _object(
    {
        "id": _TEXT,
        "kind": {"enum": ["subject", "rule", "where"]},
        "database": _TEXT,
        "by": _TEXT,
        "reason": _TEXT,
        "since": _INSTANT,
    },
    {
        "rule": _TEXT,
        "table": _TEXT,
        "until": _DAY,
        "released": _INSTANT,
        "released_by": _TEXT,
        "released_reason": _TEXT,
        "live": {"type": "boolean"},
        "covers": _list(_object({"table": _TEXT, "rows": _COUNT})),
    },
)
_KEPT_BY = _list(_object({"hold": _TEXT, "rows": _COUNT}))
_PARTS = _list(_object({"table": _TEXT, "rows": _COUNT}))
_REFERENCED_BY = _list(_object({"table": _TEXT, "rows": _COUNT}, {"until": _DAY}))
_ACTION = {"enum": ["delete", "separate", "anonymize", "pseudonymize", "erase"]}

_PLAN_RULE = _object(
    {
        "id": _TEXT,
        "database": _TEXT,
        "table": _TEXT,
        "action": _ACTION,
        "unit": _TEXT,
        "order": _COUNT,
        "bases": _list(_BASIS),
        "rows": _object(
            {"due": _COUNT, "held": _COUNT, "referenced": _COUNT, "unreadable": _COUNT},
            {"in_use": _COUNT, "done": _COUNT, "separate": _COUNT, "selected": _COUNT},
        ),
        "parts": _PARTS,
        "overdue": _COUNT,
        "limit": {"type": ["object", "null"]},
        "approval": {"enum": ["never", "by_limit", "always"]},
        "referenced_by": _REFERENCED_BY,
        "statement": _TEXT,
        "findings": _list(_FINDING),
    },
    {
        "shard": _COUNT,
        "planned": _COUNT,
        "oldest_due": _DAY,
        "waits": _list({"enum": ["limit", "always", "new_or_changed"]}),
        "sealed": {"type": "boolean"},
        "index": _TEXT,
        "holds": _KEPT_BY,
    },
)
_PLAN = _object(
    {
        "schema": {"const": "retention.plan/1"},
        "as_of": _DAY,
        "matrix": _TEXT,
        "digest": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "databases": _list(_object({"name": _TEXT, "shard": _COUNT, "identity": _TEXT})),
        "rules": _list(_PLAN_RULE),
        "tables": _list(_object({"name": _TEXT}, {"uncovered": _COUNT, "shard": _COUNT})),
        "findings": _list(_FINDING),
    },
    {"calendar": _TEXT, "holds": _TEXT, "narrowed": {"type": "object"}},
)
_RUN_RULE = _object(
    {
        "id": _TEXT,
        "status": {"enum": ["done", "nothing", "partial", "waiting", "refused", "failed", "stopped"]},
        "planned": _COUNT,
        "done": _COUNT,
        "survived": _COUNT,
        "drifted": _COUNT,
        "held": _COUNT,
        "referenced": _COUNT,
        "batches": _COUNT,
        "seconds": {"type": "number", "minimum": 0},
        "longest_statement_ms": {"type": "number", "minimum": 0},
    },
    {
        "oldest_clock": _DAY,
        "newest_clock": _DAY,
        "reason": _TEXT,
        "parts": _PARTS,
        "referenced_by": _REFERENCED_BY,
        "holds": _KEPT_BY,
    },
)
_CHECK = _object(
    {
        "phase": {"enum": ["before", "after", "verify"]},
        "rule": _TEXT,
        "check": _TEXT,
        "ok": {"type": "boolean"},
        "count": _COUNT,
    },
    {"note": _TEXT},
)
_RUN = _object(
    {
        "schema": {"const": "retention.run/1"},
        "run": _TEXT,
        "plan": _TEXT,
        "as_of": _DAY,
        "status": {"enum": ["succeeded", "partial", "failed", "stopped", "waiting", "refused"]},
        "rules": _list(_RUN_RULE),
        "checks": _list(_CHECK),
        "report": {"type": ["string", "null"]},
    },
    {
        "opened": _TEXT,
        "closed": _TEXT,
        "dry_run": {"type": "boolean"},
        "findings": _list(_FINDING),
        "holds": _list(_HOLD),
    },
)
_FINDINGS = _object({"findings": _list(_FINDING)})
_VERIFY = _object(
    {
        "schema": {"const": "retention.verify/1"},
        "as_of": _DAY,
        "ok": {"type": "boolean"},
        "checks": _list(_CHECK),
        "problems": _TEXTS,
    }
)

_HOLDS = _object({"schema": {"const": "retention.holds/1"}, "holds": _list(_HOLD)})

SCHEMAS: dict[str, dict[str, Any] | None] = {
    "matrix": None,
    "plan": _PLAN,
    "run": _RUN,
    "check": _FINDINGS,
    "coverage": _FINDINGS,
    "verify": _VERIFY,
    "hold": _HOLD,
    "holds": _HOLDS,
}


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a document.

    Raises:
        Refused: there is no document of that name.
    """
    if name not in SCHEMAS:
        raise Refused(f"schema {name}: there is none; name one of {', '.join(sorted(SCHEMAS))}")
    found = SCHEMAS[name]
    return json_schema() if found is None else {"$schema": _DRAFT, "title": f"retention {name}", **found}
