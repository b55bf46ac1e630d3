"""``verify``: looks at the databases again, by another way than the tasks that changed them."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowFailException

from retention.airflow.operators.planned import planned_and_opened
from retention.airflow.step import one_line, open_pipeline


class VerifyOperator(BaseOperator):
    """Proves that nothing due is left but what had to stay, and that no row lost its parent."""

    ui_color = "#e6f4ea"

    def __init__(self, *, matrix: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.matrix = matrix

    def execute(self, context: Context) -> dict[str, int]:
        """Return how many checks were taken.

        Raises:
            AirflowFailException: a check doesn't hold.
            AirflowSkipException: no run was opened.
        """
        from retention.pipeline import Scene, load_plan, look_after
        from retention.quality.measure import name_of

        with one_line(self.log):
            known = planned_and_opened(context)
        with one_line(self.log), open_pipeline(self.matrix, self.log) as whole:
            plan = load_plan(whole.ledger, known["digest"])
            pipeline = whole.named_by(plan)
            with pipeline.bindings() as bindings:
                checks = look_after(pipeline, Scene.of(pipeline, bindings, plan.as_of), plan, known["run"])
        wrong = [check for check in checks if not check.ok]
        if wrong:
            raise AirflowFailException(
                "; ".join(f"{one.rule} {name_of(one.as_json())}: {one.count:,}" for one in wrong)
            )
        return {"checks": len(checks)}
