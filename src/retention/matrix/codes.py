"""The findings of a matrix by code: what they mean, how grave they are, what to do. The docs' list comes from here."""

from __future__ import annotations

from dataclasses import dataclass

from retention.errors import Finding, Scope, Severity


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding."""

    code: str
    name: str
    severity: Severity
    scope: Scope
    do: str


_ALL = (
    Code("RET001", "matrix-unreadable", "error", "run", "name an existing UTF-8 file with --config"),
    Code("RET002", "yaml-broken", "error", "run", "mend the YAML at this line"),
    Code("RET003", "unknown-key", "error", "run", "remove it or spell it as the language does"),
    Code("RET004", "missing-key", "error", "run", "add it"),
    Code("RET005", "wrong-value", "error", "run", "write a value of the right kind"),
    Code("RET006", "duplicate-key", "error", "run", "keep one of the two"),
    Code("RET007", "empty-value", "error", "run", "write the value out; to erase, write null"),
    Code("RET008", "version", "error", "run", "write version: 1"),
    Code("RET009", "timezone", "error", "run", "write timezone: Asia/Seoul"),
    Code("RET101", "unknown-name", "error", "run", "define it, or name one that is defined"),
    Code("RET102", "duplicate-id", "error", "run", "give each rule an id of its own"),
    Code("RET103", "rule-never-fires", "error", "run", "add a purpose, or a keep with a clock"),
    Code("RET104", "period", "error", "run", "write an ISO 8601 period such as P5Y, P3M or P5D"),
    Code("RET105", "zone", "error", "run", "name a zone of the IANA database, such as Asia/Seoul or UTC"),
    Code("RET106", "where", "error", "run", "use columns, constants, comparisons, AND, OR and NOT only"),
    Code("RET107", "pseudonymize-without-for", "error", "run", "add for: statistics, research or archiving"),
    Code("RET108", "columns", "error", "run", "give column actions their columns, and row actions none"),
    Code("RET109", "actions-differ", "error", "run", "give the row rules of one table the same action"),
    Code("RET110", "column-shared", "error", "run", "leave each column to one rule"),
    Code("RET111", "mark-shared", "error", "run", "give each rule a mark column of its own"),
    Code("RET112", "cyclic-parts", "error", "run", "take one of the tables out of the circle"),
    Code("RET113", "no-subject", "error", "run", "add subject: COLUMN, or none: WHY"),
    Code("RET114", "unknown-item", "warning", "table", "list the item under a purpose, or name another"),
    Code("RET115", "then-after", "error", "run", "use it with anonymize, pseudonymize or erase, and do: delete"),
    Code("RET116", "out-of-range", "error", "run", "write a share from 0 to 1, or a number of rows from 0"),
    Code("RET117", "out-of-scope", "error", "run", "take the table into scope, or remove the rule"),
    Code("RET118", "id-clash", "error", "run", "rename the rule"),
    Code("RET119", "shards", "error", "run", "give each connection an identity, in the same order"),
    Code("RET120", "part-with-rule", "error", "run", "remove the rule, or take the table out of with"),
    Code("RET121", "no-term", "warning", "rule", "declare one with then_after: {term: …, do: delete}"),
    Code("RET122", "table-name", "error", "run", "write database.table or database.schema.table"),
    Code("RET190", "not-supported-yet", "error", "rule", "take it out of this rule until it is supported"),
)
CODES = {code.code: code for code in _ALL}


def finding(code: str, where: object, what: str, *, do: str = "", subject: str = "") -> Finding:
    """Return a finding of that code; ``do`` replaces the code's own advice where more can be said."""
    known = CODES[code]
    return Finding(code, known.severity, known.scope, str(where), what, do or known.do, subject)
