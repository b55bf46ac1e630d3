"""What the DAG looks like before it runs: its order, its gate, its form, and how quickly its file is read."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from support.reading_room import write_matrix

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def shop(airflow: Path) -> Any:
    """The repository's own DAG."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(ROOT / "dags"))
    assert bag.import_errors == {}
    return bag.dags["retention_nightly"]


def _two_databases(folder: Path) -> Any:
    from retention.airflow.dag import retention_dag

    path = write_matrix(
        folder / "matrix.yaml",
        ("identity: library-test, zone: Asia/Seoul}", "identity: a}\n  the.archive: {connection: b, identity: b}"),
    )
    return retention_dag(matrix=path, dag_id="two", pool="retention_{database}")


def test_the_graph_reads_as_the_night_goes(shop: Any) -> None:
    order = ["plan", "quality", "approve", "authorise", "purge", "verify", "report", "outcome"]
    assert [task.task_id for task in shop.topological_sort()] == order
    for task, following in itertools.pairwise(order):
        assert shop.get_task(task).downstream_task_ids == {following}
    assert [task.task_id for task in shop.leaves] == ["outcome"]


def test_no_purge_can_come_before_the_answer(shop: Any, tmp_path: Path) -> None:
    from retention.airflow.operators import PurgeOperator

    for dag in (shop, _two_databases(tmp_path)):
        purges = [task for task in dag.tasks if getattr(task, "operator_class", None) is PurgeOperator]
        assert purges
        for purge in purges:
            assert {"plan", "quality", "approve", "authorise"} <= purge.get_flat_relative_ids(upstream=True)
            assert purge.trigger_rule.value == "all_success"
            # It is the units themselves that come through the gate, not an edge that somebody may move.
            for reference in purge.expand_input.value.values():
                assert "approve" in reference.operator.get_flat_relative_ids(upstream=True)
        assert dag.get_task("authorise").trigger_rule.value == "none_failed"


def test_every_database_has_its_own_pool(shop: Any, tmp_path: Path) -> None:
    two = _two_databases(tmp_path)
    assert two.get_task("purge.library").pool == "retention_library"
    assert two.get_task("purge.the_archive").pool == "retention_the.archive"
    assert shop.get_task("purge").pool == "default_pool", "no pool is named that may not be there"
    assert two.get_task("purge.library").max_active_tis_per_dagrun == 2


def test_it_runs_once_a_night_in_seoul_and_not_at_once_when_switched_on(shop: Any) -> None:
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    assert (shop.catchup, shop.max_active_runs) == (False, 1)
    timetable = coerce_to_core_timetable(shop.timetable)
    following = timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=TimeRestriction(None, None, catchup=False)
    )
    assert following.run_after.in_timezone("Asia/Seoul").time().isoformat() == "02:00:00"
    last = timetable.next_dagrun_info(
        last_automated_data_interval=following.data_interval, restriction=TimeRestriction(None, None, catchup=False)
    )
    assert (last.run_after - following.run_after).total_seconds() == 24 * 3600


def test_a_data_engineer_finds_owner_tags_docs_and_a_form(shop: Any) -> None:
    assert {"retention", "개인정보"} <= set(shop.tags)
    assert all(task.owner == "data-platform" and task.doc_md for task in shop.tasks)
    assert "config/retention.yaml" in shop.doc_md
    params = {name: shop.params.get_param(name) for name in shop.params}
    assert list(params) == ["as_of", "rules", "dry_run"]
    assert params["as_of"].schema["format"] == "date"
    assert "logins" in params["rules"].schema["examples"]
    assert params["dry_run"].schema["type"] == "boolean"
    note = shop.get_task("approve").serialized_params
    assert list(note) == ["note"], "a person who answers isn't asked for the DAG's own form"


@pytest.mark.parametrize(
    ("asked", "run_after", "day"),
    [
        (None, datetime(2026, 11, 24, 17, 0, tzinfo=UTC), date(2026, 11, 25)),
        (None, datetime(2026, 11, 24, 14, 59, tzinfo=UTC), date(2026, 11, 24)),
        ("2026-10-01", datetime(2026, 11, 24, 17, 0, tzinfo=UTC), date(2026, 10, 1)),
    ],
)
def test_as_of_is_the_forms_day_else_the_day_in_seoul_on_which_the_run_is_due(
    airflow: Path, asked: str | None, run_after: datetime, day: date
) -> None:
    from retention.airflow.operators.plan import as_of_day

    assert as_of_day({"params": {"as_of": asked}, "dag_run": SimpleNamespace(run_after=run_after)}) == day


def test_a_matrix_that_cannot_be_read_leaves_the_dag_where_it_is(airflow: Path, tmp_path: Path) -> None:
    from retention.airflow.dag import retention_dag

    broken = tmp_path / "matrix.yaml"
    for text in (None, "a: [", "just words", "databases: {}\nrules: 3"):
        if text is not None:
            broken.write_text(text, encoding="utf-8")
        dag = retention_dag(matrix=broken, dag_id="broken")
        assert "approve" in dag.get_task("purge").get_flat_relative_ids(upstream=True)


def test_the_dag_file_is_read_within_a_second_after_airflow_itself() -> None:
    code = (
        "import runpy, time, airflow.sdk, airflow.dag_processing.dagbag\n"
        "import airflow.providers.standard.operators.hitl, airflow.plugins_manager\n"
        "start = time.process_time()\n"
        f"runpy.run_path({str(ROOT / 'dags' / 'retention_nightly.py')!r})\n"
        "import retention.airflow.plugin, sys\n"
        "print(time.process_time() - start)\n"
        "print(sorted({'pandas', 'sqlglot', 'great_expectations', 'retention.pipeline'} & set(sys.modules)))\n"
    )
    seen = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert float(seen[-2]) < 1, seen
    assert seen[-1] == "[]", "what a task needs is imported in the task"
