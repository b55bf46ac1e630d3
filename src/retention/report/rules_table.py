"""Every rule in numbers: what the chart shows, exactly."""

from __future__ import annotations

from retention.report.report import Report
from retention.report.table import Cell, Table


def rules_in_numbers(report: Report) -> Table:
    """Return per rule its status, what was planned, and the rows by what became of them."""
    words = report.words
    outcomes = dict.fromkeys(name for rule in report.rules for name in rule.outcomes)
    seen = [name for name in outcomes if any(rule.outcomes[name] for rule in report.rules)]
    heads = ("col_rule", "col_action", "col_status", "col_planned", *(f"out_{name}" for name in seen))
    rows: list[tuple[Cell, ...]] = [
        (
            report.named(rule),
            words.term("action", rule.action),
            words.term("rule", rule.status),
            rule.number("planned"),
            *(rule.outcomes[name] for name in seen),
        )
        for rule in report.rules
    ]
    return Table(words("chart_table"), tuple(words(head) for head in heads), rows, "numbers")
