"""The DAG factory: a night over any matrix."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from airflow.sdk import DAG, CronTriggerTimetable, Param, TaskGroup

from retention.airflow import docs
from retention.airflow.operators import (
    ApproveOperator,
    AuthoriseOperator,
    OutcomeOperator,
    PlanOperator,
    PurgeOperator,
    QualityOperator,
    ReportOperator,
    ShareOperator,
    VerifyOperator,
)
from retention.airflow.operators.planned import TASK as PLAN
from retention.airflow.outline import Outline

SEOUL = "Asia/Seoul"
_WHATEVER = "all_done"
# A DAG that is switched on begins with its next night, not at once with the last one.
_NO_SURPRISE = timedelta(minutes=5)


def retention_dag(
    *,
    matrix: str | Path,
    dag_id: str = "retention_nightly",
    schedule: Any = "0 2 * * *",
    start_date: datetime | None = None,
    lang: Literal["ko", "en"] = "en",
    owner: str = "data-platform",
    tags: Sequence[str] = ("retention", "privacy", "개인정보"),
    pool: str | None = None,
    workers: int = 2,
    limit_rows: int | None = None,
    answer_within: timedelta = timedelta(hours=6),
    retries: int = 2,
    retry_delay: timedelta = timedelta(minutes=5),
    **dag_arguments: Any,
) -> DAG:
    """Return the DAG of a night over one matrix.

    Args:
        matrix: the matrix's file, absolute; read by every task, so that it has to be on every worker.
        dag_id: the DAG's id.
        schedule: a cron text, in Seoul's time, or any timetable; None for a DAG that is triggered only.
        start_date: before it the DAG isn't scheduled. Left out, a DAG that is switched on waits for its next hour
            instead of making up for the last one at once; there is no catch-up either way.
        lang: the language in which a person is asked, ``ko`` or ``en``. Reports are written in both.
        owner: shown in Airflow's list of DAGs.
        tags: to find the DAG by.
        pool: the pool that bounds a database's tasks, with ``{database}`` for its name; it has to exist. None: the
            default pool.
        workers: how many tasks of one database may be at work at once, whatever the pool allows.
        limit_rows: at most so many rows per rule and run.
        answer_within: how long a person is waited for; then the plan counts as rejected, and tomorrow's asks again.
        retries: how often a task is tried again; a purge goes on in the same run.
        retry_delay: how long before that.
        dag_arguments: anything else that Airflow's ``DAG`` takes, such as ``on_failure_callback``.
    """
    path = str(Path(matrix).absolute())
    outline = Outline.read(Path(path))
    timetable = schedule
    if isinstance(schedule, str):
        timetable = CronTriggerTimetable(schedule, timezone=SEOUL, run_immediately=_NO_SURPRISE)
    arguments: dict[str, Any] = {
        "description": "Plans, checks, asks, destroys, verifies and reports what the retention matrix says is over",
        "catchup": False,
        "max_active_runs": 1,
        # A night that hangs must not keep the next one from beginning.
        "dagrun_timeout": timedelta(hours=23),
        "doc_md": docs.DAG.format(matrix=path),
        **dag_arguments,
    }
    defaults = {"owner": owner, "retries": retries, "retry_delay": retry_delay, **arguments.pop("default_args", {})}
    with DAG(
        dag_id,
        schedule=timetable,
        start_date=start_date,
        tags=list(tags),
        params=_form(outline),
        default_args=defaults,
        **arguments,
    ) as dag:
        plan = PlanOperator(task_id=PLAN, matrix=path, doc_md=docs.PLAN)
        quality = QualityOperator(task_id="quality", matrix=path, doc_md=docs.QUALITY)
        approve = ApproveOperator(task_id="approve", lang=lang, response_timeout=answer_within, doc_md=docs.APPROVE)
        # Where nobody is to be asked `approve` is skipped, and what stands in the ledger authorises. The answer itself
        # is handed on, and the units come from `authorise`: no purge can come before it, whatever its trigger rule.
        authorise = AuthoriseOperator(
            task_id="authorise",
            matrix=path,
            answer=approve.output,
            limit_rows=limit_rows,
            trigger_rule="none_failed",
            doc_md=docs.AUTHORISE,
        )
        purge = {
            "matrix": path,
            "limit_rows": limit_rows,
            "max_active_tis_per_dagrun": workers,
            "map_index_template": "{{ task.batch['label'] }}",
            "doc_md": docs.PURGE,
        }
        verify = VerifyOperator(task_id="verify", matrix=path, trigger_rule=_WHATEVER, doc_md=docs.VERIFY)
        report = ReportOperator(
            task_id="report", matrix=path, languages=("ko", "en"), trigger_rule=_WHATEVER, doc_md=docs.REPORT
        )
        outcome = OutcomeOperator(task_id="outcome", trigger_rule=_WHATEVER, retries=0, doc_md=docs.OUTCOME)
        plan >> quality >> approve >> authorise
        _purges(outline, authorise, purge, pool) >> verify >> report >> outcome
    return dag


def _purges(outline: Outline, authorise: AuthoriseOperator, arguments: dict[str, Any], pool: str | None) -> list[Any]:
    """Return the mapped tasks: one for a matrix of one database, else a group with one for each, in its own pool."""
    if len(outline.databases) <= 1:
        database = outline.databases[0] if outline.databases else ""
        mapped = PurgeOperator.partial(task_id="purge", **arguments, **_pool(pool, database))
        return [mapped.expand(batch=authorise.output)]
    found: list[Any] = []
    with TaskGroup("purge", tooltip="Each database in its own pool"):
        for database in outline.databases:
            name = re.sub(r"[^\w-]", "_", database)
            mine = ShareOperator(task_id=f"{name}_units", batches=authorise.output, database=database)
            mapped = PurgeOperator.partial(task_id=name, **arguments, **_pool(pool, database))
            found.append(mapped.expand(batch=mine.output))
    return found


def _pool(pool: str | None, database: str) -> dict[str, str]:
    return {} if pool is None else {"pool": pool.format(database=database)}


def _form(outline: Outline) -> dict[str, Param]:
    return {
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date",
            title="As-of day",
            description="Decide for this day; left out, the day in Seoul on which the run is due. Not after today.",
        ),
        "rules": Param(
            [],
            type="array",
            items={"type": "string"},
            examples=list(outline.rules),
            title="Rules",
            description="Only these; none chosen means all of the matrix.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Plan, check and report; change nothing and ask nobody.",
        ),
    }
