"""Each step of a night by itself, as a process of its own would take it: all it has is a digest and a run's id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from retention.errors import BrokeOff, Refused
from retention.pipeline import Wish, exit_code_of, run_night
from support.night import Night
from support.reading_room import AFTER, BEFORE, DAY, counted

UNITS = ("library:loans", "library:visits", "library:readers")


@pytest.fixture
def night(engine_url: str, tmp_path: Path) -> Night:
    return Night(engine_url, tmp_path)


def _statuses(document: Any) -> dict[str, tuple[str, int]]:
    return {rule["id"]: (rule["status"], rule["done"]) for rule in document["rules"]}


def test_steps_in_separate_processes_do_what_the_whole_night_does(night: Night, tmp_path: Path) -> None:
    night.prepare()
    night.approve()
    night.before()
    night.open()
    for unit in reversed(UNITS):
        night.carry_out(unit)
    night.after()
    document = night.close()
    assert counted(night.url) == AFTER
    assert _statuses(document) == {"loans": ("done", 6), "visits": ("done", 4), "readers": ("done", 3)}
    assert (document["status"], exit_code_of(document)) == ("succeeded", 0)
    assert [one["by"] for one in document["approvals"]] == ["the officer"]
    assert night.pipeline().ledger.verify() == []
    again = run_night(night.pipeline(), Wish(as_of=DAY))
    assert again.exit_code == 0
    assert {key for key in again.document if key != "broke_off"} == {key for key in document if key != "closing"}
    assert all(rule["planned"] == 0 for rule in again.document["rules"])


@pytest.mark.thorough
def test_what_nobody_approved_stays_in_whatever_process(night: Night) -> None:
    night.prepare()
    night.before()
    opened = night.open()
    assert [one["rule"] for one in opened.body["withheld"]] == ["loans"]
    # An approval that comes after the run was opened is for the next one.
    night.approve()
    for unit in UNITS:
        night.carry_out(unit)
    night.after()
    document = night.close()
    assert _statuses(document)["loans"] == ("waiting", 0)
    assert counted(night.url)["loan"] == BEFORE["loan"]
    assert exit_code_of(document) == 3


@pytest.mark.thorough
def test_a_retried_unit_goes_on_in_the_same_run_with_a_higher_epoch(night: Night) -> None:
    night.do("INSERT INTO visit (id, reader_no, seen_at) SELECT id + 100, reader_no, seen_at FROM visit WHERE id > 0")
    night.prepare()
    night.before()
    night.open()
    asked = iter([None, None, "asked to stop"])
    first = night.carry_out("library:visits", stop=lambda: next(asked, "asked to stop"))
    assert first[0].status in ("stopped", "done")
    second = night.carry_out("library:visits")
    assert (second[0].status, second[0].done) == ("done", 8)
    assert second[0].oldest is not None
    entries = list(night.pipeline().ledger.entries(run=night.run, task="library:visits"))
    epochs = [entry.body["epoch"] for entry in entries if entry.kind == "unit_begun"]
    assert epochs == sorted(set(epochs))
    assert len(epochs) == 2
    third = night.carry_out("library:visits")
    assert (third[0].done, third[0].batches) == (second[0].done, second[0].batches), "nothing is done or counted twice"
    for unit in ("library:loans", "library:readers"):
        night.carry_out(unit)
    night.after()
    document = night.close()
    visits = next(rule for rule in document["rules"] if rule["id"] == "visits")
    assert (visits["done"], visits["oldest_clock"], visits["newest_clock"]) == (8, "2020-05-05", "2020-05-05")


@pytest.mark.thorough
def test_a_run_with_a_unit_that_never_ended_is_not_closed(night: Night) -> None:
    night.prepare()
    night.before()
    night.open()
    night.carry_out("library:visits")
    with pytest.raises(BrokeOff, match="library:loans has not come to its end"):
        night.close()
    with pytest.raises(BrokeOff):
        night.after()
    assert [run.run for run in night.pipeline().ledger.open_runs()] == [night.run]


@pytest.mark.thorough
def test_a_run_nobody_has_looked_at_since_is_not_closed(night: Night) -> None:
    night.prepare()
    night.before()
    night.open()
    for unit in UNITS:
        night.carry_out(unit)
    with pytest.raises(BrokeOff, match="not looked at"):
        night.close()


@pytest.mark.thorough
def test_nothing_is_carried_out_under_a_run_that_another_one_has_settled(night: Night) -> None:
    night.prepare()
    night.before()
    night.open()
    night.carry_out("library:visits")
    other = run_night(night.pipeline(), Wish(as_of=DAY))
    assert other.run != night.run
    with pytest.raises(Refused, match="it is closed"):
        night.carry_out("library:readers")
    settled = next(run for run in night.pipeline().ledger.runs() if run.run == night.run)
    assert settled.closed is not None
    assert settled.closed["broke_off"]


@pytest.mark.thorough
def test_a_matrix_that_changed_under_way_refuses_the_rest_and_says_so(night: Night) -> None:
    night.prepare()
    night.before()
    night.open()
    night.matrix.write_text(night.matrix.read_text(encoding="utf-8").replace("rows: 2", "rows: 3"), encoding="utf-8")
    outcomes = night.carry_out("library:visits")
    assert [(one.status, one.done) for one in outcomes] == [("refused", 0)]
    assert "the matrix has changed since" in outcomes[0].reason
    assert counted(night.url) == BEFORE


@pytest.mark.thorough
def test_opening_and_closing_again_changes_nothing(night: Night) -> None:
    night.prepare()
    night.before()
    first = night.open()
    assert night.open().at == first.at
    for unit in UNITS:
        night.carry_out(unit)
    night.after()
    document = night.close()
    assert night.close()["closed"] == document["closed"]
    assert night.after() == night.after()
    assert night.pipeline().ledger.verify() == []
