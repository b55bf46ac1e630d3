"""Who approved, what the checks found, and the findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from retention.report.report import Report
from retention.report.table import Cell, Table, Text, recorded

_PHASES = ("before", "after", "verify")


def approvals(report: Report) -> Table:
    """Return who let which rule go, with note and count."""
    words = report.words
    heads = ("rule", "kind", "by", "at", "count", "note")
    rows = [
        (
            one["rule"],
            words.term("appr", one["kind"]),
            one.get("by"),
            words.instant(one["at"]) if one.get("at") else None,
            one.get("count"),
            words.reasons(one.get("note") or ""),
        )
        for one in report.run.get("approvals", ())
    ]
    return Table(words("approvals_caption"), tuple(words(f"col_{head}") for head in heads), rows, "approvals")


def check_sums(report: Report) -> tuple[str, ...]:
    """Return how many checks hold, phase by phase."""
    words, found = report.words, report.run.get("checks", ())
    if not found:
        return ()
    frame = pd.DataFrame.from_records([{"phase": one["phase"], "ok": bool(one["ok"])} for one in found])
    sums = frame.groupby("phase")["ok"].agg(["sum", "count"])
    known = [phase for phase in _PHASES if phase in sums.index]
    return tuple(
        words("checks_sum", phase=words(f"phase_{phase}"), ok=format(int(good), ","), all=format(int(every), ","))
        for phase, good, every in zip(known, sums.loc[known, "sum"], sums.loc[known, "count"], strict=True)
    )


def wrong_checks(report: Report) -> Table:
    """Return the checks that don't hold."""
    return _checks(
        report, report.words("checks_wrong_caption"), (one for one in _all(report) if not one["ok"]), "wrong"
    )


def counted_checks(report: Report) -> Table:
    """Return what was found before the run and stops nothing."""
    found = (one for one in _all(report) if one["ok"] and one["phase"] == "before" and one["count"])
    return _checks(report, report.words("checks_counted_caption"), found, "counted")


def good_checks(report: Report) -> tuple[Table, ...]:
    """Return the checks that hold, a table per phase."""
    words = report.words
    tables = (
        _checks(
            report,
            words("checks_ok_caption", phase=words(f"phase_{phase}")),
            (one for one in _all(report) if one["ok"] and one["phase"] == phase),
            "good",
        )
        for phase in _PHASES
    )
    return tuple(table for table in tables if table)


def all_checks(report: Report) -> Table:
    """Return every check, those that don't hold first."""
    words = report.words
    result = {True: words("result_ok"), False: words("result_wrong")}
    rows = [(result[bool(one["ok"])], *_check(one, report)) for one in sorted(_all(report), key=lambda one: one["ok"])]
    heads = ("result", "phase", "rule", "check", "count", "note")
    return Table(words("checks_title"), tuple(words(f"col_{head}") for head in heads), rows)


def findings(report: Report) -> Table:
    """Return the findings, errors first."""
    words = report.words
    heads = ("code", "severity", "scope", "where", "what", "do")
    rows: list[tuple[Cell, ...]] = [
        (
            one["code"],
            words.term("severity", one["severity"]),
            words.term("scope", one["scope"]) if one["severity"] == "error" else None,
            Text(one["where"], code=True),
            Text(one["what"], lang="en"),
            Text(one["do"], lang="en"),
        )
        for one in sorted(report.run.get("findings", ()), key=lambda one: one["severity"] != "error")
    ]
    return Table(words("findings_caption"), tuple(words(f"col_{head}") for head in heads), rows, "findings")


def _all(report: Report) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = report.run.get("checks", ())
    return found


def _checks(report: Report, caption: str, found: Iterable[Mapping[str, Any]], name: str) -> Table:
    heads = ("phase", "rule", "check", "count", "note")
    rows = [_check(one, report) for one in found]
    return Table(caption, tuple(report.words(f"col_{head}") for head in heads), rows, name)


def _check(one: Mapping[str, Any], report: Report) -> tuple[Cell, ...]:
    return (
        report.words.term("phase", one["phase"]),
        one["rule"] or None,
        report.check(one),
        one["count"],
        recorded(one.get("note", "")),
    )
