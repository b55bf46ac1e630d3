"""개인정보파일 파기 관리대장: what was destroyed, with the form's columns in the form's order.

Destruction is recorded and the officer confirms it (개인정보 보호법 시행령 제32조 ⑤ iii, 표준지침 제10조).
Pseudonymized data is not destroyed and has no line in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention.report.done import article, event_days
from retention.report.outcome import RuleOutcome
from retention.report.report import Report
from retention.report.table import Cell, Line, Table, Text, lines

COLUMNS = ("number", "file", "material", "created", "destroyed", "reason", "handler", "head")
_DESTROYING = ("delete", "erase", "anonymize")


def destructions(report: Report) -> tuple[RuleOutcome, ...]:
    """Return the rules that destroyed anything in the law's sense: rows, or items of rows; none of a dry run."""
    if report.dry:
        return ()
    return tuple(rule for rule in report.rules if rule.counted and rule.action in _DESTROYING)


def register(report: Report) -> Table:
    """Return the register's lines of this run, numbered within it."""
    words = report.words
    rows = [(number, *_line(report, rule)) for number, rule in enumerate(destructions(report), start=1)]
    return Table(
        words("register_caption", run=report.run["run"]),
        tuple(words(f"reg_{column}") for column in COLUMNS),
        rows,
        "register",
    )


def reasons(report: Report, rule: RuleOutcome) -> tuple[str, ...]:
    """Return why a rule's rows were destroyed: each period that lapsed and each purpose that ended."""
    return tuple(
        report.words(_reason_of(basis), basis=_basis(report, basis))
        for basis in rule.bases
        if basis["id"] != "while_referenced_by"
    )


def extent(report: Report, rule: RuleOutcome) -> tuple[str, ...]:
    """Return what of a rule was destroyed: rows and their parts, or items of rows."""
    words = report.words
    items = ", ".join(name for name, how in rule.columns.items() if how != "keep")
    rows = words.rows(rule.counted)
    if rule.action == "erase":
        return (words("reg_erased", rows=rows, items=items),)
    if rule.action == "anonymize":
        return (words("reg_anonymized", rows=rows, items=items),)
    found = [f"{table}: {words('reg_rows', rows=words.rows(number))}" for table, number in rule.parts.items()]
    return (words("reg_rows", rows=rows), *found)


def _line(report: Report, rule: RuleOutcome) -> tuple[Cell, ...]:
    words = report.words
    organisation = report.facts.get("organisation", {})
    person: Mapping[str, str] = organisation.get("in_charge", {})
    return (
        rule.file or report.named(rule),
        lines(words("reg_electronic", table=rule.table), *extent(report, rule)),
        tuple(words("reg_events", days=day) for day in event_days(rule, words)),
        words.window(report.run, whole_days=True),
        reasons(report, rule),
        _to_sign(report, person.get("name")),
        _to_sign(report, person.get("department")),
    )


def _to_sign(report: Report, name: str | None) -> tuple[Line, ...]:
    return lines(name, Text(report.words("sign"), write_in=True))


def _reason_of(basis: Mapping[str, Any]) -> str:
    if basis["id"] == "pseudonymized_term":
        return "reg_reason_term"
    return "reg_reason_purpose" if basis.get("kind") == "max" else "reg_reason_period"


def _basis(report: Report, basis: Mapping[str, Any]) -> str:
    if "period" in basis:
        return f"{article(basis)}, {report.words.period(basis['period'])}"
    purpose = report.facts.get("purposes", {}).get(basis["id"], {}).get("name")
    return f"{purpose} ({article(basis)})" if purpose else article(basis)
