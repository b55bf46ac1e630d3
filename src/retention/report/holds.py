"""The holds in force, and how many rows each kept: who, why, since and until when; never whom it covers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from retention.report.outcome import RuleOutcome
from retention.report.report import Report
from retention.report.table import Cell, Line, Table, Text
from retention.report.wording import Words


def holds(report: Report) -> Table:
    """Return one line per hold that the run met."""
    words = report.words
    heads = ("hold", "covers", "by", "reason", "since", "until", "kept")
    rows: list[tuple[Cell, ...]] = [
        (
            Text(hold["id"], code=True),
            _covers(hold, words),
            hold["by"],
            hold["reason"],
            words.instant(hold["since"]),
            hold.get("until") or words("hold_open"),
            _kept(report, hold["id"]),
        )
        for hold in report.run.get("holds", ())
    ]
    return Table(words("holds_caption"), tuple(words(f"col_{head}") for head in heads), rows, "holds")


def holders(report: Report, rule: RuleOutcome) -> tuple[Line, ...]:
    """Return the holds that keep rows of a rule."""
    words = report.words
    return tuple(
        words("hold_keeps", hold=one["hold"], rows=words.rows(one["rows"])) for one in rule.document.get("holds", ())
    )


def held_until(report: Report, rule: RuleOutcome) -> str | None:
    """Return the last day of all holds that keep rows of a rule; none where one of them has no end."""
    ends = {hold["id"]: hold.get("until") for hold in report.run.get("holds", ())}
    days = [ends.get(one["hold"]) for one in rule.document.get("holds", ())]
    known = [day for day in days if day]
    return max(known) if known and len(known) == len(days) else None


def _covers(hold: Mapping[str, Any], words: Words) -> str:
    return words(f"hold_{hold['kind']}", database=hold["database"], rule=hold.get("rule"), table=hold.get("table"))


def _kept(report: Report, hold: str) -> tuple[Line, ...]:
    words = report.words
    found = [
        f"{report.named(rule)}: {words.rows(one['rows'])}"
        for rule in report.rules
        for one in rule.document.get("holds", ())
        if one["hold"] == hold
    ]
    return tuple(found) or (words("hold_kept_none"),)
