"""What goes from task to task: the plan's digest and the run's id. All else is read from the ledger."""

from __future__ import annotations

from typing import TypedDict

from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

TASK = "plan"


class Planned(TypedDict):
    """The XCom of ``plan``, with a few counts for people who look at it."""

    digest: str
    run: str
    as_of: str
    dry_run: bool
    due: int
    rules: dict[str, int]
    waiting: list[str]


def find_planned(context: Context) -> Planned | None:
    """Return what ``plan`` gave in this DAG run; None where it came to no plan."""
    found: Planned | None = context["ti"].xcom_pull(task_ids=TASK)
    return found or None


def planned(context: Context) -> Planned:
    """Return what ``plan`` gave in this DAG run.

    Raises:
        AirflowFailException: it came to no plan.
    """
    found = find_planned(context)
    if found is None:
        raise AirflowFailException(f"task {TASK} came to no plan; clear it to begin again")
    return found


def planned_and_opened(context: Context) -> Planned:
    """Return what ``plan`` gave, in a task that runs whatever became of the tasks before it.

    Raises:
        AirflowSkipException: no run was opened, so that there is nothing to look at or to close.
    """
    from retention.airflow.step import open_ledger
    from retention.pipeline.opening import find_run

    found = find_planned(context)
    if found is not None:
        with open_ledger() as ledger:
            if find_run(ledger, found["run"]) is not None:
                return found
    raise AirflowSkipException("no run was opened; nothing was changed")
