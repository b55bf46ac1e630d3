"""Single tasks where a whole night would show too little: no answer, a stop, a task that is cleared too late."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from retention.pipeline import Wish, run_night
from retention.register import Approvals
from support.night import Night
from support.reading_room import AFTER, BEFORE, DAY, counted

pytestmark = pytest.mark.slow


@pytest.fixture
def night(airflow: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A night whose plan is made, in the environment that tasks see."""
    url = f"sqlite:///{tmp_path}/library.sqlite"
    monkeypatch.setenv("AIRFLOW_CONN_LIBRARY_DB", url)
    monkeypatch.setenv("RETENTION_LEDGER_URL", f"sqlite:///{tmp_path}/ledger.sqlite")
    monkeypatch.setenv("RETENTION_KEYRING", str(tmp_path / "keyring"))
    made = Night(url, tmp_path)
    made.prepare()
    made.before()
    return made


def _context(night: Night) -> dict[str, Any]:
    planned = {"digest": night.digest, "run": night.run, "dry_run": False}
    run = SimpleNamespace(dag_id="library", run_id="manual", triggering_user_name="operator")
    return {"ti": SimpleNamespace(xcom_pull=lambda task_ids: planned), "dag_run": run}


def _authorise(night: Night) -> Any:
    from retention.airflow.operators import AuthoriseOperator

    return AuthoriseOperator(task_id="authorise", matrix=str(night.matrix), answer=None).execute(_context(night))


def test_nobody_answering_is_a_rejection(night: Night) -> None:
    from retention.airflow.operators import ApproveOperator

    task = ApproveOperator(task_id="approve", lang="en")
    assert task.defaults == ["Reject"]
    event = {
        "chosen_options": ["Reject"],
        "params_input": {"note": ""},
        "responded_at": datetime.now(UTC),
        "responded_by_user": None,
        "timedout": True,
    }
    answer = task.execute_complete(_context(night), event)
    assert (answer["decision"], answer["by"]) == ("rejected", "nobody")
    decision = Approvals(night.pipeline().ledger).of_plan(night.digest)
    assert decision is not None
    assert "nobody answered within" in decision.note
    carried = run_night(night.pipeline(), Wish(as_of=DAY))
    assert {rule["id"]: rule["status"] for rule in carried.document["rules"]}["loans"] == "waiting"


def test_a_task_that_is_asked_to_stop_ends_between_batches_and_a_retry_goes_on(night: Night) -> None:
    from airflow.sdk.exceptions import AirflowException

    from retention.airflow.operators import PurgeOperator

    visits = next(one for one in _authorise(night) if one["units"] == ["library:visits"])
    stopped = PurgeOperator(task_id="purge", matrix=str(night.matrix), batch=visits)
    stopped.on_kill()
    with pytest.raises(AirflowException, match="asked to stop"):
        stopped.execute(_context(night))
    assert counted(night.url) == BEFORE
    again = PurgeOperator(task_id="purge", matrix=str(night.matrix), batch=visits)
    assert again.execute(_context(night)) == {"visits": 4}
    assert counted(night.url) == {**BEFORE, "visit": 1}


def test_several_units_of_one_task_are_all_carried_out(night: Night) -> None:
    from retention.airflow.operators import PurgeOperator

    night.approve()
    units = [unit for one in _authorise(night) for unit in one["units"]]
    batch = {"database": "library", "units": units, "label": "all"}
    done = PurgeOperator(task_id="purge", matrix=str(night.matrix), batch=batch).execute(_context(night))
    assert done == {"loans": 6, "visits": 4, "readers": 3}
    assert counted(night.url) == AFTER


def test_the_run_is_opened_in_the_name_of_who_triggered_it(night: Night) -> None:
    _authorise(night)
    (run,) = night.pipeline().ledger.open_runs()
    assert run.opened["who"] == "operator (Airflow, library)"


def test_a_task_that_is_cleared_after_the_end_says_what_to_do(night: Night) -> None:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException

    from retention.airflow.operators import PurgeOperator

    batch = _authorise(night)[0]
    for unit in ("library:loans", "library:visits", "library:readers"):
        night.carry_out(unit)
    night.after()
    night.close()
    with pytest.raises(AirflowFailException, match="clear the task plan"):
        _authorise(night)
    with pytest.raises(AirflowException, match="it is closed"):
        PurgeOperator(task_id="purge", matrix=str(night.matrix), batch=batch).execute(_context(night))


def test_an_error_that_nobody_foresaw_leaves_its_type_and_its_place_alone() -> None:
    from airflow.sdk.exceptions import AirflowException

    from retention.airflow.step import one_line

    lines: list[str] = []
    log = SimpleNamespace(error=lambda event, *values: lines.append(event % values), info=None)
    with pytest.raises(AirflowException) as raised, one_line(log):
        raise KeyError("CANARY-5a1b")
    assert "internal error (KeyError)" in str(raised.value)
    assert raised.value.__suppress_context__
    assert __file__ in lines[-1]
    assert "CANARY" not in "".join([str(raised.value), *lines])
