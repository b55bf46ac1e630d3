"""``report``: the run is closed and signed into the ledger, and its report is written for a person to sign."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from typing import Any

from airflow.sdk import BaseOperator, BaseOperatorLink, Context

from retention.airflow.addresses import run_page
from retention.airflow.operators.planned import planned_and_opened
from retention.airflow.step import one_line, open_pipeline


class ReportLink(BaseOperatorLink):
    """The button that leads from the task to the report inside Airflow's own interface."""

    name = "Report"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the page of the run that the task closed."""
        del ti_key
        return run_page(operator.run) if operator.run else ""


class ReportOperator(BaseOperator):
    """Closes the run from what the ledger holds of its tasks, and writes the reports."""

    operator_extra_links: Collection[BaseOperatorLink] = (ReportLink(),)
    ui_color = "#e6f4ea"

    def __init__(self, *, matrix: str, languages: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.matrix = matrix
        self.languages = languages
        self.run: str | None = None

    def execute(self, context: Context) -> dict[str, Any]:
        """Return the run's status and where its reports were written.

        Raises:
            AirflowException: a unit has not come to its end, or nobody has looked at the databases since.
            AirflowSkipException: no run was opened.
        """
        from retention.pipeline import close_run, load_plan
        from retention.pipeline.places import Places
        from retention.pipeline.reports import write_report

        folder = Places.of(os.environ).reports
        with one_line(self.log):
            known = planned_and_opened(context)
        self.run = known["run"]
        with one_line(self.log), open_pipeline(self.matrix, self.log) as whole:
            plan = load_plan(whole.ledger, known["digest"])
            document = close_run(whole.named_by(plan), plan, self.run)
            paths = [write_report(whole.ledger, self.run, folder, "html", lang) for lang in self.languages]
        for path in paths:
            self.log.info("report: %s", path)
        return {"run": self.run, "status": document["status"], "reports": [str(path) for path in paths]}
