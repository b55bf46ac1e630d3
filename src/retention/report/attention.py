"""What a person has to look at, most pressing first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from retention.report.outcome import RuleOutcome
from retention.report.report import Report
from retention.report.table import Text, recorded

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Attention:
    """One matter: ``act`` asks for something to be done, ``know`` only to be known.

    ``detail`` says more: in the reader's words, or as the run recorded it.
    """

    level: Literal["act", "know"]
    text: str
    detail: Text | None = None


def attention(report: Report) -> tuple[Attention, ...]:
    """Return everything that needs attention; what asks for action comes first."""
    found = [*_of_run(report), *(one for rule in report.rules for one in _of_rule(report, rule)), *_of_tables(report)]
    return tuple(sorted(found, key=lambda one: one.level != "act"))


def _of_run(report: Report) -> Iterator[Attention]:
    words, run = report.words, report.run
    if run.get("broke_off"):
        yield Attention("act", words("att_broke_off"))
    for problem in run.get("problems", ()):
        yield Attention("act", words("att_problem"), recorded(problem))
    checks = run.get("checks", ())
    wrong = [one for one in checks if not one["ok"]]
    if wrong:
        names = [" · ".join(part for part in (one["rule"], report.check(one)) if part) for one in wrong]
        told = ", ".join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
        yield Attention("act", words("att_checks", n=f"{len(wrong):,}", all=f"{len(checks):,}", names=told))
    errors = sum(one["severity"] == "error" for one in run.get("findings", ()))
    if errors:
        yield Attention("act", words("att_findings", n=f"{errors:,}"))
    for database in report.facts.get("databases", ()):
        if "unknown_runs" in database:
            number = f"{database['unknown_runs']:,}"
            yield Attention("know", words("att_unknown_runs", database=report.shard_of(database), n=number))
    if not report.dry and report.destroyed + report.changed and not run.get("confirmations"):
        yield Attention("know", words("att_unconfirmed", run=run["run"]))


def _of_rule(report: Report, rule: RuleOutcome) -> Iterator[Attention]:
    words, name = report.words, report.named(rule)
    left = words.rows(rule.not_carried_out)
    if rule.status in ("failed", "refused"):
        yield Attention("act", words(f"att_{rule.status}", rule=name), recorded(rule.reason))
    elif rule.status == "stopped":
        yield Attention("act", words("att_stopped", rule=name, rows=left), recorded(rule.reason))
    elif rule.status == "waiting":
        why = "; ".join(words.term("waits", term) for term in rule.waits)
        yield Attention("act", words("att_waiting", rule=name, rows=left), Text(why) if why else recorded(rule.reason))
    late = min(rule.number("overdue"), rule.not_carried_out)
    if late:
        yield Attention("act", words("att_overdue", rule=name, rows=words.rows(late)))
    for kind, number in (
        ("survived", rule.survived),
        ("drifted", 0 if rule.dry else rule.number("drifted")),
        ("unreadable", rule.number("unreadable")),
    ):
        if number:
            yield Attention("know", words(f"att_{kind}", rule=name, rows=words.rows(number)))


def _of_tables(report: Report) -> Iterator[Attention]:
    for table in report.plan.get("tables", ()):
        if table.get("uncovered"):
            rows = report.words.rows(table["uncovered"])
            yield Attention("know", report.words("att_uncovered", table=table["name"], rows=rows))
