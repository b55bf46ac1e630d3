"""Who can write to the ledger's database, and hasn't its key, lets nothing go by it and hides nothing in a report."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from retention.errors import Refused
from support.ledgers import tamper
from support.library import make_library
from support.night import Night
from support.reading_room import VISITS, counted
from support.shop import Shop

WHO = ("--reason", "a lawsuit", "--by", "the officer")
UNITS = ("library:loans", "library:visits", "library:readers")


@pytest.fixture
def library(sqlite_url: str, tmp_path: Path) -> Shop:
    return make_library(sqlite_url, tmp_path)


def changed(library: Shop, kind: str, old: str, new: str) -> None:
    hit = tamper(
        library.folder / "ledger.sqlite",
        "UPDATE ledger_entry SET body = replace(body, ?, ?) WHERE kind = ? AND body LIKE ?",
        (old, new, kind, f"%{old}%"),
    )
    assert hit == 1


@pytest.mark.parametrize(
    ("old", "new"), [('"until":null', '"until":"2020-01-01"'), ('"rule":"visits"', '"rule":"loans"')]
)
def test_a_hold_that_was_changed_refuses_every_run(library: Shop, capsys: Any, old: str, new: str) -> None:
    assert library.call(capsys, "hold", "add", "--rule", "visits", *WHO, day=None).code == 0
    changed(library, "hold", old, new)
    before = library.one("SELECT count(*) FROM visit")
    ran = library.call(capsys, "run", "--json")
    assert (ran.code, ran.document["status"], library.one("SELECT count(*) FROM visit")) == (2, "refused", before)
    assert "(hold) isn't as the ledger's own key signed it" in ran.err
    assert library.call(capsys, "hold", "list", day=None).code == 2


def test_a_hold_whose_signature_was_taken_away_refuses_every_run(library: Shop, capsys: Any) -> None:
    assert library.call(capsys, "hold", "add", "--rule", "visits", *WHO, day=None).code == 0
    assert tamper(library.folder / "ledger.sqlite", "DELETE FROM ledger_closing") == 1
    assert library.call(capsys, "run").code == 2


def test_an_opening_that_was_changed_lets_nothing_go(sqlite_url: str, tmp_path: Path) -> None:
    night = Night(sqlite_url, tmp_path)
    night.prepare()
    night.before()
    assert [one["rule"] for one in night.open().body["withheld"]] == ["loans"]
    before = counted(sqlite_url)
    night.carry_out("library:visits")
    opened = "UPDATE ledger_entry SET body = replace(body, ?, ?) WHERE kind = 'opened'"
    assert tamper(tmp_path / "ledger.sqlite", opened, ('"withheld":[{', '"withheld":[],"was":[{')) == 1
    for step in (lambda: night.carry_out("library:loans"), night.open, night.after, night.close):
        with pytest.raises(Refused, match="its opening isn't as the ledger's own key signed it"):
            step()
    assert counted(sqlite_url) == {**before, "visit": before["visit"] - VISITS}
    broken = night.run
    night.prepare()
    (run,) = night.pipeline().ledger.runs()
    assert (run.run, run.closed is not None) == (broken, True)
    assert run.closed is not None
    done = {one["id"]: (one["status"], one["done"]) for one in run.closed["rules"]}
    assert done == {"loans": ("stopped", 0), "visits": ("partial", VISITS), "readers": ("stopped", 0)}
    assert [one for one in run.closed["problems"] if "its opening isn't as" in one]


def test_the_opening_of_another_run_opens_none(sqlite_url: str, tmp_path: Path) -> None:
    night = Night(sqlite_url, tmp_path)
    night.prepare()
    night.before()
    night.approve()
    night.open()
    file = tmp_path / "ledger.sqlite"
    assert tamper(file, "UPDATE ledger_entry SET run = run || 'x' WHERE kind = 'opened'") == 1
    night.run += "x"
    with pytest.raises(Refused, match="its opening isn't as"):
        night.carry_out("library:loans")


def test_a_plan_that_was_changed_is_refused_in_a_line_of_its_own(library: Shop, capsys: Any) -> None:
    assert library.call(capsys, "run").code == 0
    ledger = library.folder / "ledger.sqlite"
    with sqlite3.connect(ledger) as file:
        (plan,) = file.execute("SELECT entry_key FROM ledger_entry WHERE kind = 'plan'").fetchone()
    changed(library, "plan", "P5Y", "P1Y")
    for command in (
        ("approve", plan, "--by", "x", "--note", "y"),
        ("approve", plan[:12], "--by", "x", "--note", "y"),
        ("run", "--plan", plan),
        ("report",),
    ):
        refused = library.call(capsys, *command, day=None)
        assert (refused.code, "(plan) isn't as the ledger's own key signed it" in refused.err) == (2, True), command


@pytest.mark.parametrize("format_", ["html", "json", "xlsx"])
def test_no_report_is_made_of_a_closing_that_was_changed(library: Shop, capsys: Any, format_: str) -> None:
    assert library.call(capsys, "run").code == 0
    changed(library, "closed", '"status":"succeeded"', '"status":"partial"')
    told = library.call(capsys, "report", "--format", format_, day=None)
    assert (told.code, told.out) == (2, "")
    assert "(closed) isn't as the ledger's own key signed it" in told.err
    assert library.call(capsys, "confirm", "none", "--by", "x", "--note", "y", day=None).code == 2


def test_a_run_with_the_secrets_of_another_ledger_is_refused_and_verify_tells(
    library: Shop, capsys: Any, tmp_path: Path
) -> None:
    assert library.call(capsys, "run").code == 0
    other = f"sqlite:///{tmp_path}/other.sqlite"
    assert library.call(capsys, "plan", "--ledger", other).code == 0
    shutil.copy(tmp_path / "other.sqlite.keys", tmp_path / "ledger.sqlite.keys")
    library.do("INSERT INTO visit VALUES (777, 'reader001', '2020-01-01')")
    ran = library.call(capsys, "run", "--json")
    assert (ran.code, library.one("SELECT count(*) FROM visit WHERE id = 777")) == (2, 1)
    assert "isn't the file of secrets that signed its newest closing" in ran.err
    looked = library.call(capsys, "ledger", "verify", day=None)
    assert (looked.code, "its signature isn't this ledger's" in looked.out) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        ("ledger", "verify"),
        ("ledger", "export"),
        ("hold", "list"),
        ("hold", "release", "h1", "--by", "x", "--reason", "y"),
        ("report",),
        ("confirm", "r1", "--by", "x", "--note", "y"),
        ("approve", "0123456789", "--by", "x", "--note", "y"),
    ],
)
def test_a_mistyped_ledger_is_refused_and_nothing_is_made(
    library: Shop, capsys: Any, tmp_path: Path, command: tuple[str, ...]
) -> None:
    refused = library.call(capsys, *command, "--ledger", f"sqlite:///{tmp_path}/no/ledger.sqlite", day=None)
    assert (refused.code, "there is no ledger" in refused.err, (tmp_path / "no").exists()) == (2, True, False)


def test_a_database_that_is_no_ledger_is_left_as_it_is(library: Shop, capsys: Any, tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite"
    with sqlite3.connect(file) as made:
        made.execute("CREATE TABLE x (a)")
    made.close()
    before = file.read_bytes(), sorted(tmp_path.iterdir())
    refused = library.call(capsys, "ledger", "verify", str(file), day=None)
    assert (refused.code, "there is no ledger" in refused.err) == (2, True)
    assert (file.read_bytes(), sorted(tmp_path.iterdir())) == before
