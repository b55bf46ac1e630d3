"""``quality``: the checks before the run, in the databases themselves; what they find is in the ledger."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperator, Context

from retention.airflow.operators.planned import planned
from retention.airflow.step import one_line, open_pipeline


class QualityOperator(BaseOperator):
    """Counts null, unreadable and future clocks, and orphans; stops a rule beyond what it tolerates, not the night."""

    ui_color = "#e8f0fe"

    def __init__(self, *, matrix: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.matrix = matrix

    def execute(self, context: Context) -> dict[str, int]:
        """Return how many checks were taken, and how many don't hold."""
        from retention.pipeline import Scene, load_plan, look_before

        known = planned(context)
        with one_line(self.log), open_pipeline(self.matrix, self.log) as whole:
            plan = load_plan(whole.ledger, known["digest"])
            pipeline = whole.named_by(plan)
            with pipeline.bindings() as bindings:
                before = look_before(pipeline, Scene.of(pipeline, bindings, plan.as_of), plan, known["run"])
        for rule, why in before.stopped.items():
            self.log.warning("rule %s is not carried out tonight: %s", rule, why)
        for one in before.refused:
            self.log.warning("rule %s is refused: %s", one["rule"], one["reason"])
        return {"checks": len(before.checks), "wrong": sum(not check.ok for check in before.checks)}
