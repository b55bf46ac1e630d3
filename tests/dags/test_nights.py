"""Whole nights in a real Airflow: approved, rejected, unasked, dry, and with a rule that fails beside others."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from retention.ledger import Ledger
from retention.pipeline import wall_clock
from support.reading_room import AFTER, BEFORE, counted

pytestmark = pytest.mark.slow

PURGE_LOANS, PURGE_VISITS, PURGE_READERS = (
    "purge[loans: 6 rows]",
    "purge[visits: 4 rows]",
    "purge[readers: 3 rows]",
)
STEPS = ("plan", "quality", "approve", "authorise", "verify", "report", "outcome")


def _ledger(folder: Path) -> Ledger:
    return Ledger.open(f"sqlite:///{folder}/ledger.sqlite", None, wall_clock)


def _last(folder: Path) -> Any:
    return _ledger(folder).runs()[-1].closed


def _decisions(folder: Path) -> list[Any]:
    return [entry.body for entry in _ledger(folder).entries(kind="approval")]


def test_an_approved_plan_is_carried_out_and_the_next_night_asks_nobody(library: Any) -> None:
    states = library.night("Approve", note="counted by hand")
    assert states == {
        **dict.fromkeys(STEPS, "success"),
        **dict.fromkeys((PURGE_LOANS, PURGE_VISITS, PURGE_READERS), "success"),
    }
    assert counted(library.url) == AFTER
    decision = _decisions(library.folder)[0]
    assert (decision["decision"], decision["by"], decision["rules"]) == ("approved", "operator", {"loans": 6})
    assert decision["note"].startswith("counted by hand")
    asked = library.asked[0]
    assert decision["plan"] in asked["body"]
    assert "| loans | library.loan | delete |" in asked["body"]
    assert asked["viewer may"] == 403
    document = _last(library.folder)
    assert (document["status"], document["as_of"]) == ("succeeded", "2026-11-24")
    assert document["plan"] == decision["plan"]
    assert (library.folder / "reports" / f"{document['run']}.ko.html").is_file()

    again = library.night()
    assert again["approve"] == "skipped"
    assert {state for task, state in again.items() if task != "approve"} == {"success"}
    assert all(rule["planned"] == 0 for rule in _last(library.folder)["rules"])
    assert _ledger(library.folder).verify() == []


def test_a_rejected_plan_destroys_nothing_that_waited_and_the_rest_goes_on(library: Any) -> None:
    states = library.night("Reject", note="not tonight")
    assert states[PURGE_LOANS] == "skipped"
    assert states[PURGE_VISITS] == states[PURGE_READERS] == states["report"] == states["outcome"] == "success"
    assert counted(library.url) == {**AFTER, "loan": BEFORE["loan"]}
    document = _last(library.folder)
    loans = next(rule for rule in document["rules"] if rule["id"] == "loans")
    assert (loans["status"], loans["done"]) == ("waiting", 0)
    assert "denied by operator" in loans["reason"]
    assert document["status"] == "waiting"


def test_a_dry_run_asks_nobody_and_changes_nothing(library: Any) -> None:
    states = library.night(dry_run=True)
    assert states["approve"] == "skipped"
    assert states["outcome"] == states["report"] == "success"
    assert not [task for task in states if task.startswith("purge[")]
    assert counted(library.url) == BEFORE
    assert _last(library.folder)["dry_run"] is True


def test_only_the_rules_of_the_form_are_planned(library: Any) -> None:
    states = library.night(rules=["visits"])
    assert PURGE_VISITS in states
    assert PURGE_LOANS not in states
    assert counted(library.url) == {**BEFORE, "visit": 1}


def test_a_rule_that_fails_is_red_beside_the_others_and_the_night_is_red(library: Any) -> None:
    engine = create_engine(make_url(library.url), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            text("CREATE TRIGGER no_visit_goes BEFORE DELETE ON visit BEGIN SELECT RAISE(ABORT, 'no'); END")
        )
    states = library.night("Approve")
    assert states[PURGE_VISITS] == "failed"
    assert states[PURGE_LOANS] == states[PURGE_READERS] == states["report"] == "success"
    assert states["outcome"] == "failed"
    assert str(library.run.state) == "failed"
    assert counted(library.url) == {**AFTER, "visit": BEFORE["visit"]}
    rules = {rule["id"]: rule["status"] for rule in _last(library.folder)["rules"]}
    assert rules == {"loans": "done", "visits": "failed", "readers": "done"}


def test_a_matrix_that_cannot_be_used_is_a_red_plan_with_its_lines(library: Any, capfd: Any) -> None:
    library.matrix(("then: erase", "then: explode"))
    states = library.night()
    assert (states["plan"], states["outcome"]) == ("failed", "failed")
    assert states["verify"] == states["report"] == "skipped"
    assert "matrix.yaml:" in "".join(capfd.readouterr())
    assert counted(library.url) == BEFORE


@pytest.mark.postgresql
def test_no_value_and_no_secret_reaches_airflow_even_where_the_database_fails(
    library_at: Any, airflow: Path, postgresql_url: str, capfd: Any
) -> None:
    personal, secret = "CANARY-7d1e", "hunter2-CANARY-9c4b"
    url = make_url(postgresql_url)
    connection = {
        "conn_type": "postgres",
        "login": url.username,
        "password": secret,
        "host": url.host,
        "port": url.port,
        "schema": url.database,
        "extra": {"sqlalchemy_query": {key: str(value) for key, value in url.query.items()}},
    }
    library = library_at(postgresql_url, personal, json.dumps(connection))
    engine = create_engine(url.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as open_:
        open_.execute(
            text(
                "CREATE FUNCTION no_visit_goes() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'row % must not go', OLD USING ERRCODE = '23514'; END $$"
            )
        )
        open_.execute(text("CREATE TRIGGER keep BEFORE DELETE ON visit FOR EACH ROW EXECUTE FUNCTION no_visit_goes()"))
    capfd.readouterr()
    states = library.night("Approve")
    assert states[PURGE_VISITS] == states["outcome"] == "failed"
    assert states[PURGE_LOANS] == "success"
    texts = list(capfd.readouterr())
    assert "23514" in "".join(texts), "the failure itself is told, by its code"
    texts.append("\n".join(sqlite3.connect(airflow / "airflow.db").iterdump()))
    texts.extend(file.read_text(errors="replace") for file in (airflow / "logs").rglob("*") if file.is_file())
    assert "library_nightly" in texts[2]
    for word in (personal, secret):
        assert [number for number, one in enumerate(texts) if word in one] == [], word
