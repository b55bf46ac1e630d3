"""``plan``: what the night would do, counted and recorded; its digest is all that the other tasks need."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context

from retention.airflow.operators.planned import Planned
from retention.airflow.step import one_line, open_pipeline

if TYPE_CHECKING:
    from retention.plan.plan import Plan

_MOST_RULES = 40


class PlanOperator(BaseOperator):
    """Settles what broke off, checks the matrix against the databases, plans, and records the plan."""

    ui_color = "#e8f0fe"

    def __init__(self, *, matrix: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.matrix = matrix

    def execute(self, context: Context) -> Planned:
        """Return the digest and a small summary."""
        from retention.pipeline import new_run_id, prepare

        params = context["params"]
        as_of = as_of_day(context)
        with one_line(self.log), open_pipeline(self.matrix, self.log, frozenset(params.get("rules") or ())) as pipeline:
            plan = prepare(pipeline, as_of)
            run = new_run_id(pipeline.now())
        self.log.info("plan %s as of %s, to be carried out as run %s", plan.digest, plan.as_of, run)
        return _summary(plan, run, dry_run=bool(params.get("dry_run")))


def as_of_day(context: Context) -> date:
    """Return the form's day, else the day in Seoul after which the run was due; retries and cleared runs keep it."""
    from retention.law import seoul_day

    asked = context["params"].get("as_of")
    if asked:
        return date.fromisoformat(str(asked)[:10])
    return seoul_day(context["dag_run"].run_after)


def _summary(plan: Plan, run: str, *, dry_run: bool) -> Planned:
    due: dict[str, int] = {}
    for rule in plan.rules:
        if rule.planned:
            due[rule.id] = due.get(rule.id, 0) + rule.planned
    return Planned(
        digest=plan.digest,
        run=run,
        as_of=plan.as_of.isoformat(),
        dry_run=dry_run,
        due=sum(due.values()),
        rules=dict(list(due.items())[:_MOST_RULES]),
        waiting=list(dict.fromkeys(rule.id for rule in plan.waiting))[:_MOST_RULES],
    )
