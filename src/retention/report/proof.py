"""What the report rests on, and how anybody checks it against the ledger."""

from __future__ import annotations

from retention.report.report import Report
from retention.report.table import Cell, Table, Text, lines

_DIGESTS = (("plan", "proof_plan"), ("matrix", "proof_matrix"), ("calendar", "proof_calendar"))


def proof(report: Report) -> Table:
    """Return the run's id, its digests, its databases, and the ledger's head."""
    words, run = report.words, report.run
    rows: list[tuple[Cell, ...]] = [(words("run"), Text(run["run"], code=True))]
    rows.extend(
        (words(label), Text(run.get(name) or report.plan[name], code=True))
        for name, label in _DIGESTS
        if run.get(name) or report.plan.get(name)
    )
    rows.extend(
        (
            words("proof_database"),
            lines(
                Text(f"{one['name']} · {one['identity']}", code=True),
                words("shard", shard=one["shard"]) if one.get("shard") else None,
            ),
        )
        for one in report.facts.get("databases", ())
    )
    if "who" in run and "from" in run:
        rows.append((words("proof_account"), Text(f"{run['who']} · {run['from']}", code=True)))
    if run.get("ledger_head"):
        rows.append((words("proof_head"), Text(run["ledger_head"], code=True)))
    return Table(words("proof_caption"), (words("proof_item"), words("proof_value")), rows, "proof")


def command(report: Report) -> str:
    """Return the command that checks the ledger against this report; empty where the head wasn't given."""
    head = report.run.get("ledger_head")
    return f"retention ledger verify --expect {head}" if head else ""
