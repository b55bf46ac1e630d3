"""The legal bases applied and how their periods were counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention.report.done import article
from retention.report.report import Report
from retention.report.table import Cell, Table, lines
from retention.report.wording import Words

_MARKS = ("V", "S", "M", "O")


def law(report: Report) -> Table:
    """Return each basis once per cutoff, with the rules under it."""
    words = report.words
    used: dict[tuple[str, str, str], tuple[Mapping[str, Any], dict[str, None]]] = {}
    for rule in report.rules:
        for basis in rule.bases:
            key = (basis["id"], basis.get("kind", ""), basis.get("cutoff", "") or ",".join(basis.get("rules", ())))
            used.setdefault(key, (basis, {}))[1][rule.id] = None
    rows = [_row(report, basis, tuple(rules)) for basis, rules in sorted(used.values(), key=_maxima_last)]
    heads = ("statute", "record", "period", "cutoff", "computation", "read", "mark", "rules")
    return Table(
        words("law_caption", as_of=report.run["as_of"]), tuple(words(f"col_{head}") for head in heads), rows, "law"
    )


def marks(report: Report) -> tuple[str, ...]:
    """Return what each source mark of the run's bases means."""
    bases = report.facts.get("bases", {})
    used = {
        bases[basis["id"]].get("source_mark") for rule in report.rules for basis in rule.bases if basis["id"] in bases
    }
    return tuple(report.words(f"mark_{mark}") for mark in _MARKS if mark in used)


def _maxima_last(one: tuple[Mapping[str, Any], dict[str, None]]) -> bool:
    return bool(one[0].get("kind") == "max")


def _row(report: Report, basis: Mapping[str, Any], rules: tuple[str, ...]) -> tuple[Cell, ...]:
    words = report.words
    if basis["id"] == "while_referenced_by":
        named = words("while_referenced_basis", rules=", ".join(basis.get("rules", ())))
        return (words("kind_min"), named, None, None, None, None, None, rules)
    known = report.facts.get("bases", {}).get(basis["id"], {}) if basis.get("kind") != "max" else {}
    purpose = report.facts.get("purposes", {}).get(basis["id"], {}) if basis.get("kind") == "max" else {}
    period = words.period(basis["period"]) if "period" in basis else words("until_purpose_end")
    return (
        lines(article(basis), words.term("kind", basis["kind"]) if "kind" in basis else None),
        basis.get("record") or known.get("record") or purpose.get("name") or words.term("basis", basis["id"]),
        period,
        basis.get("cutoff"),
        _computation({**known, **basis}, words),
        known.get("read"),
        known.get("source_mark"),
        rules,
    )


def _computation(basis: Mapping[str, Any], words: Words) -> tuple[str, ...]:
    found = []
    if "computation" in basis:
        found.append(words.term("comp", basis["computation"]))
    if "roll_holidays" in basis:
        found.append(words("roll_yes" if basis["roll_holidays"] else "roll_no"))
    return tuple(found)
