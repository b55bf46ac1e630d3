"""``purge``: one batch of plan units, carried out in small transactions; what came of each rule is in the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from retention.airflow.batches import Batch
from retention.airflow.operators.planned import Planned, planned
from retention.airflow.step import one_line, open_pipeline

if TYPE_CHECKING:
    from retention.execute.context import Outcome


class PurgeOperator(BaseOperator):
    """Carries out plan units. A retry goes on in the same run, with a higher epoch, where the last try ended.

    ``batch`` is one item of what ``authorise`` gave. The task is red where a rule failed, was refused or was stopped
    half-way, and skipped where every rule with rows waits or was denied; the ledger has each rule's own outcome.
    """

    template_fields: Sequence[str] = ("batch",)
    ui_color = "#fde7e7"

    def __init__(self, *, matrix: str, batch: Any, limit_rows: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.matrix = matrix
        self.batch = batch
        self.limit_rows = limit_rows
        self._stop: str | None = None

    def on_kill(self) -> None:
        """End between two batches: what is committed is recorded, and a retry goes on from there."""
        self._stop = "the task was asked to stop"

    def execute(self, context: Context) -> dict[str, int]:
        """Return the rows carried out, by rule.

        Raises:
            AirflowException: a rule failed, was refused or was stopped; worth another try.
            AirflowFailException: a rule failed in a way that another try would not change.
            AirflowSkipException: every rule with rows waits or was denied.
        """
        known = planned(context)
        batch: Batch = self.batch
        outcomes: list[Outcome] = []
        with one_line(self.log):
            for unit in batch["units"]:
                outcomes.extend(self._carry_out(known, unit))
        for one in outcomes:
            self.log.info("%s: %s, %s of %s%s", one.plan.id, one.status, one.done, one.plan.planned, _because(one))
        self._conclude(outcomes)
        return {one.plan.id: one.done for one in outcomes if one.done}

    def _carry_out(self, known: Planned, unit: str) -> list[Outcome]:
        from retention.pipeline import Scene, carry_out_unit, load_plan

        with open_pipeline(self.matrix, self.log) as whole:
            plan = load_plan(whole.ledger, known["digest"])
            pipeline = whole.named_by(plan)
            first = plan.of_unit(unit)[0]
            with pipeline.bindings(only=(first.database, first.shard)) as bindings:
                scene = Scene.of(pipeline, bindings, plan.as_of)
                return carry_out_unit(
                    pipeline, scene, plan, known["run"], unit, stop=lambda: self._stop, budget=self.limit_rows
                )

    def _conclude(self, outcomes: Sequence[Outcome]) -> None:
        wrong = [one for one in outcomes if one.status in ("failed", "refused")]
        if wrong:
            line = "; ".join(f"rule {one.plan.id} {one.status}{_because(one)}" for one in wrong)
            raise AirflowFailException(line) if all(one.withheld for one in wrong) else AirflowException(line)
        if self._stop is not None and any(one.status == "stopped" for one in outcomes):
            raise AirflowException(self._stop)
        busy = [one for one in outcomes if one.plan.planned]
        if busy and all(one.status == "waiting" for one in busy):
            raise AirflowSkipException("; ".join(f"rule {one.plan.id}{_because(one)}" for one in busy))


def _because(outcome: Outcome) -> str:
    return f": {outcome.reason}" if outcome.reason else ""
