"""The findings about a live database by code. The docs' list comes from here."""

from __future__ import annotations

from retention.errors import Finding, Severity
from retention.matrix.codes import Code

_ALL = (
    Code("RET201", "table-missing", "error", "run", "spell it as the database does, or remove it from the matrix"),
    Code("RET202", "column-missing", "error", "run", "spell it as the database does, or remove it from the matrix"),
    Code("RET203", "no-key", "error", "table", "declare a primary or unique key, or `key:` in the matrix"),
    Code("RET204", "column-unclassified", "error", "table", "name its item under `items:`, or list it as not_personal"),
    Code("RET205", "reference-without-index", "warning", "table", "create the index; without it each row takes a scan"),
    Code("RET206", "clock-without-index", "warning", "rule", "create an index on the clock, if the table is large"),
    Code("RET207", "clock-unreadable", "error", "rule", "say how the column is to be read with `as:` and `zone:`"),
    Code("RET208", "column-misfit", "error", "rule", "choose a transform that fits the column"),
    Code("RET209", "mark-misfit", "error", "rule", "name a nullable timestamp column"),
    Code("RET210", "table-unlisted", "warning", "table", "list it under `tables:`, or as out_of_scope"),
    Code(
        "RET211", "clock-moves", "warning", "rule", "name a column that is written once; this clock may never run out"
    ),
    Code("RET212", "path-broken", "error", "rule", "declare the relation under `relations:` and name it"),
    Code("RET213", "no-key-ring", "error", "rule", "make a ring with `retention key new`"),
)
CODES = {code.code: code for code in _ALL}


def finding(
    code: str, where: object, what: str, subject: str, *, do: str = "", severity: Severity | None = None
) -> Finding:
    """Return a finding of that code about the rule or table ``subject``."""
    known = CODES[code]
    return Finding(code, severity or known.severity, known.scope, str(where), what, do or known.do, subject)
