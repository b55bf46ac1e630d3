"""``authorise``: the run is opened, with what the ledger says about who let which rule go; only now anything may go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from retention.airflow.batches import Batch, batches_of
from retention.airflow.operators.planned import planned
from retention.airflow.step import one_line, open_pipeline


class AuthoriseOperator(BaseOperator):
    """Decides over every rule from the ledger by the plan's digest, opens the run, and hands out its units.

    ``answer`` is what ``approve`` gave. It is not believed: it is here so that no unit can come before the answer.
    """

    template_fields: Sequence[str] = ("answer",)
    ui_color = "#fff4d6"

    def __init__(self, *, matrix: str, answer: Any, limit_rows: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.matrix = matrix
        self.answer = answer
        self.limit_rows = limit_rows

    def execute(self, context: Context) -> list[Batch]:
        """Return the batches to map over; none for a dry run.

        Raises:
            AirflowFailException: the run has come to its end already.
        """
        from retention.pipeline import Wish, load_plan, open_run

        known = planned(context)
        dag_run = context["dag_run"]
        who = f"{getattr(dag_run, 'triggering_user_name', None) or 'schedule'} (Airflow, {dag_run.dag_id})"
        with one_line(self.log), open_pipeline(self.matrix, self.log) as whole:
            plan = load_plan(whole.ledger, known["digest"])
            wish = Wish(dry_run=known["dry_run"], budget=self.limit_rows, who=who)
            opened = open_run(whole.named_by(plan), plan, known["run"], wish)
        if opened.closed is not None:
            raise AirflowFailException(f"run {known['run']} is closed; clear the task plan to begin a new one")
        for one in opened.body["withheld"]:
            self.log.warning("rule %s is not carried out: %s", one["rule"], one["reason"])
        return [] if known["dry_run"] else batches_of(plan)


class ShareOperator(BaseOperator):
    """Gives the batches of one database, where a matrix has several: each database has its own pool."""

    template_fields: Sequence[str] = ("batches",)
    ui_color = "#f4f4f4"

    def __init__(self, *, batches: Any, database: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batches = batches
        self.database = database

    def execute(self, context: Context) -> list[Batch]:
        """Return the batches of the database."""
        del context
        return [batch for batch in self.batches if batch["database"] == self.database]
