"""``approve``: a person answers for exactly this plan, where somebody has to be asked; the answer is in the ledger."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Context, Param
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowSkipException

from retention.airflow.operators.planned import planned
from retention.airflow.step import one_line, open_ledger

if TYPE_CHECKING:
    from retention.plan.plan import Plan

APPROVE, REJECT = "Approve", "Reject"
NOBODY = "nobody"
_NOTE = "Why; it goes into the ledger."


class ApproveOperator(HITLOperator):
    """Asks for approval of the plan; is skipped, and says why, where nobody has to be asked.

    A rejection, and a question nobody answered in time, let the night go on: the rules that wait are withheld, the
    others are carried out, and tomorrow's plan asks again.
    """

    ui_color = "#fff4d6"

    def __init__(self, *, lang: str, params: ParamsDict | None = None, **kwargs: Any) -> None:
        # What Airflow hands down has the DAG's own form in it; only a task's own fields are asked of a person.
        whole = ParamsDict() if params is None else copy(params)
        whole.update({"note": Param("", type="string", title="Note", description=_NOTE, source="task")})
        super().__init__(
            subject="A retention plan waits for approval",
            options=[APPROVE, REJECT],
            defaults=REJECT,
            params=whole,
            **kwargs,
        )
        self.lang = lang

    def execute(self, context: Context) -> Any:
        """Put the question, or pass.

        Raises:
            AirflowSkipException: nobody has to be asked.
        """
        from retention.airflow.summary import headline, summary
        from retention.pipeline import load_plan
        from retention.register import Approvals

        known = planned(context)
        with one_line(self.log), open_ledger() as ledger:
            plan = load_plan(ledger, known["digest"])
            answer = Approvals(ledger).of_plan(plan.digest)
            passes = _passes(plan, dry_run=known["dry_run"])
            if passes is None and answer is not None and answer.decision == "approved":
                passes = f"plan {plan.digest[:12]} was approved by {answer.by} at {answer.at}"
            if passes is not None:
                raise AirflowSkipException(passes)
            self.subject, self.body = headline(plan, self.lang), summary(plan, self.lang)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Take the answer and record it, with who gave it."""
        from retention.pipeline import load_plan
        from retention.register import Approvals

        known = planned(context)
        with one_line(self.log):
            answer = super().execute_complete(context, event)
            decision = "approved" if answer["chosen_options"] == [APPROVE] else "rejected"
            user = answer["responded_by_user"]
            by = (user["name"] or user["id"]) if user else NOBODY
            note = str((answer["params_input"] or {}).get("note") or "").strip()
            said = note or ("no note" if user else f"nobody answered within {self.response_timeout}")
            where = f"{context['dag_run'].dag_id} / {context['dag_run'].run_id}"
            with open_ledger() as ledger:
                plan = load_plan(ledger, known["digest"])
                Approvals(ledger).decide(plan.digest, decision, by, f"{said} (in Airflow, {where})", plan.asked)
        self.log.info("plan %s: %s by %s", known["digest"], decision, by)
        return {"digest": known["digest"], "decision": decision, "by": by, "at": answer["responded_at"].isoformat()}


def _passes(plan: Plan, *, dry_run: bool) -> str | None:
    """Return why nobody has to be asked, or None."""
    if dry_run:
        return "a dry run changes nothing; nobody is asked"
    if not plan.waiting:
        return "no rule exceeds its limit, is new or changed, or wants to be asked; nobody has to be asked"
    return None
