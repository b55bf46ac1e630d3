"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from retention.errors import Finding
from retention.quality.measure import name_of

_WORDS = {
    "en": {
        "rule": "rule",
        "action": "action",
        "basis": "legal basis",
        "before": "events before",
        "due": "due",
        "overdue": "overdue",
        "held": "held",
        "referenced": "referenced",
        "unreadable": "unreadable",
        "waits": "waits for",
        "planned": "planned",
        "done": "done",
        "status": "status",
        "kept": "kept, and why",
        "survived": "changed since the plan or still needed",
        "drifted": "due since the plan",
        "plan": "plan",
        "as_of": "as of",
        "until": "until",
    },
    "ko": {
        "rule": "규칙",
        "action": "조치",
        "basis": "법적 근거",
        "before": "기준일(이전)",
        "due": "대상",
        "overdue": "지연",
        "held": "보류",
        "referenced": "참조됨",
        "unreadable": "판독 불가",
        "waits": "대기 사유",
        "planned": "계획",
        "done": "처리",
        "status": "상태",
        "kept": "남은 행과 사유",
        "survived": "계획 후 변경 또는 필요",
        "drifted": "계획 후 도래",
        "plan": "계획",
        "as_of": "기준일",
        "until": "까지",
    },
}


def plan_table(document: Mapping[str, Any], lang: str) -> Table:
    """Return a plan as a table."""
    words = _WORDS[lang]
    table = Table(title=f"{words['plan']} {document['digest']} · {words['as_of']} {document['as_of']}")
    table.add_column(words["rule"], no_wrap=True)
    table.add_column(words["action"], no_wrap=True)
    for name in ("due", "overdue", "held", "referenced", "unreadable"):
        table.add_column(words[name], justify="right", no_wrap=True)
    table.add_column(words["waits"])
    table.add_column(f"{words['basis']} · {words['before']}", ratio=1)
    for rule in document["rules"]:
        rows = rule["rows"]
        table.add_row(
            rule["id"],
            _action(rule),
            *(
                f"{number:,}"
                for number in (rows["due"], rule["overdue"], rows["held"], rows["referenced"], rows["unreadable"])
            ),
            ", ".join(rule["waits"]),
            "\n".join(_basis(basis) for basis in rule["bases"]),
        )
    return table


def _action(rule: Mapping[str, Any]) -> str:
    """Return what happens to a rule's rows, and where they are moved to, if they are."""
    return f"{rule['action']} → {rule['to']}" if "to" in rule else str(rule["action"])


def run_table(document: Mapping[str, Any], lang: str) -> Table:
    """Return a run as a table of what was found, done, and kept and why."""
    words = _WORDS[lang]
    table = Table(title=f"{document['run']} · {words['as_of']} {document['as_of']}")
    table.add_column(words["rule"], no_wrap=True)
    table.add_column(words["action"], no_wrap=True)
    table.add_column(words["planned"], justify="right", no_wrap=True)
    table.add_column(words["done"], justify="right", no_wrap=True)
    table.add_column(words["status"], no_wrap=True)
    table.add_column(words["kept"], ratio=1)
    for rule in document["rules"]:
        table.add_row(
            rule["id"],
            _action(rule),
            f"{rule['planned']:,}",
            f"{rule['done']:,}",
            rule["status"],
            "\n".join(_kept(rule, words)),
        )
    return table


def checks_table(checks: Sequence[Mapping[str, Any]]) -> Table:
    """Return quality checks as a table."""
    table = Table("", "phase", "rule", "check")
    table.add_column("count", justify="right")
    table.add_column("")
    for check in checks:
        mark = "ok" if check["ok"] else "WRONG"
        table.add_row(mark, check["phase"], check["rule"], name_of(check), f"{check['count']:,}", check.get("note", ""))
    return table


def finding_lines(findings: Sequence[Finding]) -> list[Text]:
    """Return each finding with its place first, as an editor jumps to it, and a last line that counts them.

    In parentheses stands what an error stops.
    """
    lines = []
    for one in findings:
        wrong = one.severity == "error"
        told = (f"error {one.code} ({one.scope})", "red") if wrong else (f"warning {one.code}", "yellow")
        lines.append(Text.assemble(f"{one.where}: ", told, f" {one.what}\n    → {one.do}"))
    errors = sum(1 for one in findings if one.severity == "error")
    lines.append(Text(f"{_counted(errors, 'error')}, {_counted(len(findings) - errors, 'warning')}"))
    return lines


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _basis(basis: Mapping[str, Any]) -> str:
    named = [basis.get("statute", ""), basis.get("article", ""), basis.get("period", "")]
    if basis["id"] == "while_referenced_by":
        named = [f"{basis['id']}: {', '.join(basis['rules'])}"]
    text = " ".join(part for part in named if part)
    return f"{text} · {basis['cutoff']}" if "cutoff" in basis else text


def _kept(rule: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    lines = [rule["reason"]] if rule.get("reason") else []
    numbers = ("held", "unreadable", "survived", "drifted")
    lines.extend(f"{rule[name]:,} {words[name]}" for name in numbers if rule.get(name))
    for one in rule.get("referenced_by", ()):
        until = f" {words['until']} {one['until']}" if "until" in one else ""
        lines.append(f"{one['rows']:,} {words['referenced']}: {one['table']}{until}")
    return lines
