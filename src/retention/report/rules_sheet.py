"""The workbook's sheet of rules: everything that is known of each, one line per rule and shard."""

from __future__ import annotations

from retention.report.done import basis_lines, event_days, parts
from retention.report.report import Report
from retention.report.table import Cell, Table, Text, recorded


def rules_sheet(report: Report) -> Table:
    """Return one line per rule and shard with every number of it."""
    words = report.words
    outcomes = dict.fromkeys(name for rule in report.rules for name in rule.outcomes)
    heads = (
        *("col_rule", "col_file", "col_table", "col_action", "col_status", "col_planned"),
        *(f"out_{name}" for name in outcomes),
        *("col_overdue", "col_parts", "col_events", "col_basis"),
    )
    last = (report.tense("col_columns"), words("col_batches"), words("col_seconds"), words("col_note"))
    rows: list[tuple[Cell, ...]] = [
        (
            report.named(rule),
            rule.file,
            Text(rule.table),
            words.term("action", rule.action) + (f" → {rule.to}" if rule.to else ""),
            words.term("rule", rule.status),
            rule.number("planned"),
            *rule.outcomes.values(),
            rule.number("overdue"),
            parts(rule, words),
            event_days(rule, words),
            tuple(line for basis in rule.bases for line in basis_lines(basis, words)),
            tuple(f"{name} → {words.transform(how)}" for name, how in rule.columns.items()),
            rule.number("batches"),
            float(rule.document.get("seconds", 0)),
            recorded(rule.reason),
        )
        for rule in report.rules
    ]
    return Table(words("chart_table"), (*(words(head) for head in heads), *last), rows)
