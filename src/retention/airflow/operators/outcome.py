"""``outcome``: the one leaf of the night, red if anything failed, was refused, broke off or is overdue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from retention.airflow.operators.planned import find_planned
from retention.airflow.step import one_line, open_ledger

_FINE = (0, 3, 4)


class OutcomeOperator(BaseOperator):
    """Gives the DAG run the colour that the night deserves; tasks before it may have gone on past a failure."""

    ui_color = "#f4f4f4"

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the run's status and the exit code that the command would leave with.

        Raises:
            AirflowFailException: something failed, was refused, broke off or is overdue.
        """
        from retention.pipeline import exit_code_of
        from retention.pipeline.opening import find_run

        known = find_planned(context)
        if known is None:
            raise AirflowFailException("there is no plan: the night was refused before anything changed; see task plan")
        with one_line(self.log), open_ledger() as ledger:
            opened = find_run(ledger, known["run"])
        if opened is None:
            raise AirflowFailException("no run was opened, nothing was changed; see the first red task")
        if opened.closed is None:
            raise AirflowFailException(
                f"run {known['run']} broke off; what was done is in the ledger. Clear the first red task to go on "
                "with it, or let the next night settle it"
            )
        code = exit_code_of(opened.closed)
        wrong = _wrong(opened.closed)
        if wrong or code not in _FINE:
            raise AirflowFailException("; ".join(wrong) or f"run {known['run']}: {opened.closed['status']}")
        return {"run": known["run"], "status": opened.closed["status"], "exit_code": code}


def _wrong(document: Mapping[str, Any]) -> list[str]:
    """Return a line for everything that somebody has to look at."""
    from retention.quality.measure import name_of

    lines = ["it broke off, and another night settled it from the markers"] if document.get("broke_off") else []
    lines.extend(
        f"rule {rule['id']} {rule['status']}: {rule.get('reason', '')}"
        for rule in document["rules"]
        if rule["status"] in ("failed", "refused")
    )
    # A rule that was stopped early goes on tomorrow; rows of it that are late already are another matter.
    lines.extend(
        f"rule {rule['id']} was stopped with rows overdue"
        for rule in document["rules"]
        if rule["status"] == "stopped" and rule["overdue"] and rule["done"] < rule["planned"]
    )
    lines.extend(f"check {one['rule']} {name_of(one)}: {one['count']:,}" for one in document["checks"] if not one["ok"])
    lines.extend(
        f"{finding['where']}: {finding['code']} {finding['what']}"
        for finding in document["findings"]
        if finding["severity"] == "error"
    )
    return lines
