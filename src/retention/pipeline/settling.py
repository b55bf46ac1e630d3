"""Settling runs that broke off, before anything new begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from retention.database.lease import fence, refuse_while_at_work
from retention.errors import Refused
from retention.execute.settle import committed, settle
from retention.ledger import Ledger
from retention.ledger.ledger import RunHead
from retention.ledger.tables import RUN_TASK
from retention.matrix.binding import Binding


def settle_broken_off(ledger: Ledger, bindings: Sequence[Binding]) -> list[str]:
    """Close every run that was left open: its batches by their markers, under its own id. Return the runs' ids.

    Raises:
        Refused: a run is at work on one of the databases, or the server still is for it, or one that broke off was
            begun on a database that isn't open here.
    """
    for binding in bindings:
        refuse_while_at_work(binding.database, binding.identity)
    settled: list[str] = []
    for run in ledger.open_runs():
        named = {(one["name"], one["shard"]) for one in run.opened["databases"]}
        here = {(binding.entry.name, binding.database.shard) for binding in bindings}
        if not named & here:
            continue
        if named - here:
            missing = ", ".join(sorted(name for name, _shard in named - here))
            raise Refused(
                f"run {run.run} broke off on {missing} too; name that database as well, so that it is settled"
            )
        _close(ledger, run, bindings)
        settled.append(run.run)
    return settled


def _close(ledger: Ledger, run: RunHead, bindings: Sequence[Binding]) -> None:
    markers: dict[tuple[str, int], int] = {}
    for binding in bindings:
        fence(binding.database, run.run)
        with binding.database.planning() as connection:
            markers.update(committed(connection, run.run))
    bodies = [entry.body for entry in ledger.entries(run=run.run, kind="batch")]
    batches, problems = settle(bodies, markers)
    ledger.chain(run.run, RUN_TASK).append("settled", {"batches": batches, "problems": problems})
    rules: dict[str, int] = {}
    last = {(body["unit"], body["seq"]): body for body in bodies}
    for (unit, number), body in last.items():
        if (unit, number) in markers:
            rules[body["rule"]] = rules.get(body["rule"], 0) + body["rows"]
    document: dict[str, Any] = {
        "schema": "retention.run/1",
        "run": run.run,
        "plan": run.opened["plan"],
        "as_of": run.opened["as_of"],
        "status": "failed",
        "broke_off": True,
        "opened": run.opened_at,
        "rules": [
            {**rule, "status": "partial" if rule["id"] in rules else "stopped", "done": rules.get(rule["id"], 0)}
            for rule in run.opened["rules"]
        ],
        "checks": [],
        "approvals": run.opened.get("approvals", []),
        "holds": run.opened.get("holds", []),
        "facts": run.opened["facts"],
        "problems": problems,
    }
    ledger.close_run(run.run, document)
