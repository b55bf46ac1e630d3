"""The plan as a person is asked about it: Markdown, counts and articles only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention.plan.plan import Plan, RulePlan

_WORDS = {
    "en": {
        "subject": "Retention plan of {as_of}: {rules} rules wait, {rows} rows",
        "intro": "Approved is exactly this plan: the rows counted here, as far as they still qualify, and no others. "
        "Rejected, or without an answer in time, the rules below wait and tomorrow's plan asks again.",
        "rule": "Rule",
        "table": "Table",
        "action": "Action",
        "basis": "Legal basis, and events before",
        "rows": "Rows",
        "stays": "Stays",
        "why": "Asked because",
        "plain": "Carried out without asking",
        "nothing": "nothing",
        "held": "{n} under a hold",
        "referenced": "{n} still referenced",
        "unreadable": "{n} unreadable",
        "late": "{n} overdue",
        "limit": "over its limit",
        "always": "the matrix wants it",
        "new_or_changed": "new or changed",
        "digest": "Plan",
        "parts": "with {n} rows of {table}",
    },
    "ko": {
        "subject": "{as_of} 파기 계획: 승인 대기 규칙 {rules}개, {rows}행",
        "intro": "승인 대상은 아래 계획 그대로입니다. 여기에 집계된 행 중 실행 시점에도 요건을 "
        "충족하는 행만 처리합니다. 거부하거나 기한 내 응답이 없으면 아래 규칙은 대기하며, "
        "다음 날 계획에서 다시 묻습니다.",
        "rule": "규칙",
        "table": "테이블",
        "action": "조치",
        "basis": "법적 근거 · 기준일(이전)",
        "rows": "행",
        "stays": "남는 행",
        "why": "승인 사유",
        "plain": "승인 없이 처리",
        "nothing": "없음",
        "held": "보류 {n}",
        "referenced": "참조됨 {n}",
        "unreadable": "판독 불가 {n}",
        "late": "지연 {n}",
        "limit": "한도 초과",
        "always": "매트릭스 지정",
        "new_or_changed": "신규 또는 변경",
        "digest": "계획",
        "parts": "{table} {n}행 포함",
    },
}


def headline(plan: Plan, lang: str) -> str:
    """Return the question's subject."""
    rows = sum(plan.asked.values())
    return _WORDS[lang]["subject"].format(as_of=plan.as_of, rules=len(plan.asked), rows=f"{rows:,}")


def summary(plan: Plan, lang: str) -> str:
    """Return the plan as Markdown: per rule the article, the cutoff, the rows, what stays; and the digest."""
    words = _WORDS[lang]
    columns = ("rule", "table", "action", "basis", "rows", "stays", "why")
    lines = [words["intro"], "", f"| {' | '.join(words[name] for name in columns)} |", "|---|---|---|---|---:|---|---|"]
    lines.extend(_row(plan.named(rule), rule, words) for rule in plan.waiting)
    plain = [rule for rule in plan.rules if rule.planned and not rule.waits]
    if plain:
        told = ", ".join(f"{_cell(plan.named(rule))} ({rule.planned:,})" for rule in plain)
        lines.extend(["", f"**{words['plain']}:** {told}"])
    lines.extend(["", f"**{words['digest']}:** `{plan.digest}`"])
    return "\n".join(lines)


def _row(name: str, rule: RulePlan, words: Mapping[str, str]) -> str:
    more = [words["late"].format(n=f"{rule.overdue:,}")] if rule.overdue else []
    more.extend(
        words["parts"].format(n=f"{part['rows']:,}", table=part["table"]) for part in rule.parts if part["rows"]
    )
    rows = f"{rule.planned:,} ({'; '.join(more)})" if more else f"{rule.planned:,}"
    numbers = {"held": rule.held, "referenced": rule.referenced, "unreadable": rule.unreadable}
    stays = [words[name].format(n=f"{number:,}") for name, number in numbers.items() if number]
    cells = (
        name,
        rule.table,
        rule.action if rule.to is None else f"{rule.action} → {rule.to}",
        "; ".join(_basis(basis) for basis in rule.bases),
        rows,
        ", ".join(stays) or words["nothing"],
        ", ".join(words[reason] for reason in rule.waits),
    )
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _basis(basis: Mapping[str, Any]) -> str:
    named = [basis.get("statute", ""), basis.get("article", ""), basis.get("period", "")]
    if basis["id"] == "while_referenced_by":
        named = [f"{basis['id']}: {', '.join(basis['rules'])}"]
    text = " ".join(part for part in named if part)
    return f"{text} < {basis['cutoff']}" if "cutoff" in basis else text


def _cell(text: str) -> str:
    """Return a text that can't break out of its cell."""
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
