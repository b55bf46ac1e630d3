"""The JSON Schemas of what the program publishes. Tests hold its output against them."""

from __future__ import annotations

from typing import Any

from retention.errors import Refused
from retention.matrix.schema import json_schema
from retention.plan.states import STATES

_DAY = {"type": "string", "format": "date"}
_COUNT = {"type": "integer", "minimum": 0}
_SHARE = {"type": "number", "minimum": 0}
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
_INSTANT = {"type": "string", "format": "date-time", "pattern": "Z$"}
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
        "approval": {"enum": ["never", "by_limit", "always"]},
        "referenced_by": _REFERENCED_BY,
        "statement": _TEXT,
        "findings": _list(_FINDING),
    },
    {
        "shard": _COUNT,
        "planned": _COUNT,
        "limit": _object({"exceeded": {"type": "boolean"}}, {"rows": _COUNT, "share": _SHARE, "share_due": _SHARE}),
        "oldest_due": _DAY,
        "waits": _list({"enum": ["limit", "always", "new_or_changed"]}),
        "sealed": {"type": "boolean"},
        "index": _TEXT,
        "holds": _KEPT_BY,
        "to": _TEXT,
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
        "most": _COUNT,
        "partitions_dropped": _list(_TEXT),
        "referenced_by": _REFERENCED_BY,
        "holds": _KEPT_BY,
        "to": _TEXT,
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
    {"note": _TEXT, "database": _TEXT, "shard": _COUNT},
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
    },
    {
        "report": _TEXT,
        "opened": _INSTANT,
        "closed": _INSTANT,
        "dry_run": {"type": "boolean"},
        "findings": _list(_FINDING),
        "approvals": _list(
            _object(
                {"rule": _TEXT, "kind": {"enum": ["accept", "approve"]}, "by": _TEXT, "at": _INSTANT, "count": _COUNT},
                {"note": _TEXT},
            )
        ),
        "holds": _list(_HOLD),
        "broke_off": {"const": True},
        "error": _TEXT,
        "problems": _TEXTS,
        "ledger_head": _TEXT,
        "confirmations": _list(_object({"by": _TEXT, "note": _TEXT, "at": _INSTANT})),
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
        "findings": _list(_FINDING),
    }
)

_HOLDS = _object({"schema": {"const": "retention.holds/1"}, "holds": _list(_HOLD)})

_STATE = {"enum": list(STATES)}
_STOPPED = _list(_object({"id": _TEXT, "finding": _TEXT}))
_EXPLAINED_BASIS = _object(
    {"id": _TEXT, "kind": {"enum": ["min", "max"]}, "steps": _TEXTS},
    {
        "name": _TEXT,
        "statute": _TEXT,
        "article": _TEXT,
        "record": _TEXT,
        "read": _DAY,
        "source_mark": {"enum": ["V", "S", "M", "O"]},
        "period": _TEXT,
        "computation": {"enum": ["civil", "administrative"]},
        "roll_holidays": {"type": "boolean"},
        "rules": _TEXTS,
        "applies": {"type": "boolean"},
        "event": _DAY,
        "counts_from": _DAY,
        "last_day": _DAY,
        "lapsed": {"type": "boolean"},
        "provisional": {"const": True},
        "other_reading": _DAY,
    },
)
_EXPLAINED_PURPOSE = _object(
    {"id": _TEXT, "statute": _TEXT, "article": _TEXT, "alive": {"type": "boolean"}, "steps": _TEXTS},
    {"name": _TEXT, "read": _DAY, "ends": _DAY},
)
_EXPLAIN_RULE = _object(
    {
        "id": _TEXT,
        "state": _STATE,
        "action": _ACTION,
        "bases": _list(_EXPLAINED_BASIS),
        "purposes": _list(_EXPLAINED_PURPOSE),
        "holds": _list(_object({"id": _TEXT, "by": _TEXT, "reason": _TEXT}, {"until": _DAY})),
        "referenced_by": _REFERENCED_BY,
    },
    {"goes_on": _DAY, "overdue": {"const": True}, "done_on": _DAY, "carried_under": _TEXT, "shard": _COUNT},
)
_EXPLAIN = _object(
    {
        "schema": {"const": "retention.explain/1"},
        "database": _TEXT,
        "table": _TEXT,
        "key": _TEXTS,
        "as_of": _DAY,
        "rules": _list(_EXPLAIN_RULE),
        "part_of": _list(
            _object(
                {"rule": _TEXT, "table": _TEXT, "states": {"type": "object", "additionalProperties": _COUNT}},
                {"goes_on": _DAY, "shard": _COUNT},
            )
        ),
        "stopped": _STOPPED,
        "uncovered": {"type": "boolean"},
    },
    {"out_of_scope": _TEXT},
)
_MONTH = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}
_OF_RULE = {"id": _TEXT, "database": _TEXT, "shard": _COUNT, "table": _TEXT}
_FORECAST = _object(
    {
        "schema": {"const": "retention.forecast/1"},
        "as_of": _DAY,
        "matrix": _TEXT,
        "months": _list(_object({"month": _MONTH, "first": _DAY, "last": _DAY})),
        "rules": _list(
            _object(
                {
                    **_OF_RULE,
                    "action": _ACTION,
                    "due": _COUNT,
                    "months": _list(_object({"month": _MONTH, "rows": _COUNT})),
                    "stays": {"type": "object", "propertyNames": _STATE, "additionalProperties": _COUNT},
                }
            )
        ),
        "stopped": _STOPPED,
    }
)
_DIFFERENCE = {
    "due": _object({"old": _COUNT, "new": _COUNT}),
    "newly_due": _COUNT,
    "no_longer_due": _COUNT,
}
_A_MATRIX = _object({"file": _TEXT, "matrix": _TEXT})
_DIFF = _object(
    {
        "schema": {"const": "retention.diff/1"},
        "as_of": _DAY,
        "old": _A_MATRIX,
        "new": _A_MATRIX,
        "rules": _list(
            _object(
                {
                    **_OF_RULE,
                    "change": {"enum": ["added", "removed", "changed", "same"]},
                    "changed": _TEXTS,
                    "action": _object({}, {"old": _ACTION, "new": _ACTION}),
                    **_DIFFERENCE,
                    "changed_action": _COUNT,
                }
            )
        ),
        "tables": _list(_object({"name": _TEXT, "shard": _COUNT, **_DIFFERENCE})),
        "stopped": _list(_object({"id": _TEXT, "matrix": {"enum": ["old", "new"]}, "finding": _TEXT})),
    }
)

SCHEMAS: dict[str, dict[str, Any] | None] = {
    "matrix": None,
    "plan": _PLAN,
    "run": _RUN,
    "check": _FINDINGS,
    "coverage": _FINDINGS,
    "verify": _VERIFY,
    "explain": _EXPLAIN,
    "forecast": _FORECAST,
    "diff": _DIFF,
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
