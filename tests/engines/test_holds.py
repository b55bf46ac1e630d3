"""Holds on every engine, through the command: they win over everything, end by themselves, and end when released."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from retention.execute.batch import Batches
from retention.execute.sweep import Sweep
from support.doomed import apart
from support.library import MATRIX, Rows, make_library, rows_of
from support.schemas import valid
from support.shop import Called, Shop

CANARY = "CANARY-held-7d1"
STATES = ("in_use", "done", "unreadable", "separate", "held", "referenced", "due")
OLD, LONG_AGO = date(2026, 1, 5), date(2019, 3, 3)


@pytest.fixture
def library(engine_url: str, tmp_path: Path) -> Shop:
    return make_library(engine_url, tmp_path)


def somebody(library: Shop, person: int = 50) -> None:
    """Add a person who left, with something old and something young of everything."""
    library.do("INSERT INTO person (id, login, nick, left_on) VALUES (:i, :c, 'x', :d)", i=person, c=CANARY, d=OLD)
    for number, day in ((900, OLD), (901, OLD), (902, date(2026, 11, 1))):
        library.do("INSERT INTO visit (id, login, came_on) VALUES (:i, :c, :d)", i=number, c=CANARY, d=day)
    for number, day in ((900, LONG_AGO), (901, LONG_AGO), (902, date(2026, 3, 3))):
        library.do("INSERT INTO loan (id, person_id, ended_on) VALUES (:i, :p, :d)", i=number, p=person, d=day)
        library.do("INSERT INTO loan_line (loan_id, line, what) VALUES (:i, 1, 'book')", i=number)
        library.do("INSERT INTO fine (id, loan_id, paid_on) VALUES (:i, :i, :d)", i=number, d=day)


def theirs(rows: Rows, person: int = 50) -> dict[str, Any]:
    """Return what is there of that person."""
    loans = {key for key, row in rows["loan"].items() if row["person_id"] == person}
    return {
        "person": rows["person"].get((person,)),
        "visit": [row for row in rows["visit"].values() if row["login"] == CANARY],
        "loan": [rows["loan"][key] for key in loans],
        "loan_line": [row for row in rows["loan_line"].values() if (row["loan_id"],) in loans],
        "fine": [row for row in rows["fine"].values() if (row["loan_id"],) in loans],
    }


def by_rule(called: Called) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in called.document["rules"]}


def hold(library: Shop, capsys: Any, *what: str) -> str:
    """Add a hold and return its id."""
    words = ("--reason", "a case", "--by", "the officer", "--json")
    added = library.call(capsys, "hold", "add", *what, *words, day=None)
    assert added.code == 0, added.err
    valid(added.document, "hold")
    return str(added.document["id"])


def release(library: Shop, capsys: Any, number: str) -> None:
    released = library.call(capsys, "hold", "release", number, "--reason", "over", "--by", "the officer", day=None)
    assert released.code == 0, released.err


def plan(library: Shop, capsys: Any, *options: str) -> dict[str, dict[str, Any]]:
    """Return a full plan's rules, of which every row is in exactly one state."""
    planned = library.call(capsys, "plan", "--full", "--json", *options)
    assert planned.code == 0, planned.err
    valid(planned.document, "plan")
    for rule in by_rule(planned).values():
        assert sum(rule["rows"][state] for state in STATES) == rule["rows"]["selected"], rule["id"]
    return by_rule(planned)


def run(library: Shop, capsys: Any, *options: str) -> Called:
    ran = library.call(capsys, "run", "--json", *options)
    assert ran.code == 0, ran.out + ran.err
    valid(ran.document, "run")
    return ran


def written(library: Shop, *called: Called) -> list[str]:
    """Return everything that the product wrote: outputs, ledger, reports, its own tables."""
    texts = [text for one in called for text in (one.out, one.err)]
    texts.extend(file.read_bytes().decode("utf-8", "replace") for file in (library.folder / "reports").rglob("*"))
    ledger = sqlite3.connect(library.folder / "ledger.sqlite")
    texts.append("\n".join(ledger.iterdump()))
    with library.sql() as connection:
        for table in ("hold", "done", "clock", "batch", "lease"):
            texts.append(str(connection.exec_driver_sql(f"SELECT * FROM retention_{table}").all()))
    return texts


@pytest.mark.thorough
def test_nothing_of_a_held_person_goes_until_the_release(library: Shop, capsys: Any) -> None:
    somebody(library)
    before = rows_of(library)
    free = plan(library, capsys)
    number = hold(library, capsys, "--subject", CANARY, "--database", "library")
    planned = plan(library, capsys)
    assert {name: rule["rows"]["held"] for name, rule in planned.items()} == {
        "visits": 2, "fines": 2, "loans": 2, "nicks": 1, "names": 0
    }, "the name is still wanted by the young loan"  # fmt: skip
    for name, rule in planned.items():
        rows = rule["rows"]
        assert rows["due"] + rows["held"] == free[name]["rows"]["due"], name
        assert rule.get("holds", []) == ([{"hold": number, "rows": rows["held"]}] if rows["held"] else []), name
        assert ("retention_hold" in free[name]["statement"], "retention_hold" in rule["statement"]) == (False, True)

    ran = run(library, capsys)
    after = rows_of(library)
    assert theirs(after) == theirs(before)
    for name, rule in by_rule(ran).items():
        assert rule["done"] == rule["planned"] == planned[name]["planned"], name
        assert (rule["held"], rule.get("holds")) == (planned[name]["rows"]["held"], planned[name].get("holds")), name
    (told,) = ran.document["holds"]
    assert (told["id"], told["by"], told["reason"], "until" in told) == (number, "the officer", "a case", False)
    report = library.call(capsys, "--lang", "ko", "report", day=None)
    sheet = library.call(capsys, "report", "--format", "xlsx", day=None)
    assert number in (library.folder / "reports" / f"{ran.document['run']}.ko.html").read_text(encoding="utf-8")
    looked = library.call(capsys, "verify", "--json", day=None)
    assert looked.code == 0, looked.out
    assert library.one("SELECT count(*) FROM retention_hold") == 0, "keys are staged no longer than the unit works"
    listed = library.call(capsys, "hold", "list", day=None)
    assert not [text for text in written(library, ran, report, sheet, looked, listed) if CANARY in text]

    release(library, capsys, number)
    looked = library.call(capsys, "verify", "--json", day=None)
    assert looked.code == 0, "what a hold kept that night is no fault of that night: " + looked.out
    again = by_rule(run(library, capsys))
    assert {name: rule["done"] for name, rule in again.items()} == {
        name: rule["rows"]["held"] for name, rule in planned.items()
    }
    left = theirs(rows_of(library))
    assert left["person"]["nick"] is None
    assert [len(left[table]) for table in ("visit", "loan", "loan_line", "fine")] == [1, 1, 1, 1]


@pytest.mark.thorough
def test_a_hold_ends_after_its_last_day_in_seoul(library: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def at(moment: datetime) -> None:
        for module in ("state", "hold"):
            monkeypatch.setattr(f"retention.cli.{module}.wall_clock", lambda: moment)

    somebody(library)
    at(datetime(2031, 3, 1, tzinfo=UTC))
    number = hold(library, capsys, "--subject", CANARY, "--database", "library", "--until", "2031-03-31")
    midnight = datetime(2031, 3, 31, 15, tzinfo=UTC)
    for moment, live in ((midnight - timedelta(seconds=1), True), (midnight, False)):
        at(moment)
        assert (plan(library, capsys)["visits"]["rows"]["held"] == 2) is live, "today decides, not the plan's day"
        (listed,) = library.call(capsys, "hold", "list", "--json", day=None).document["holds"]
        assert (listed["id"], listed["until"], listed["live"]) == (number, "2031-03-31", live)
    run(library, capsys)
    assert len(theirs(rows_of(library))["visit"]) == 1


@pytest.mark.thorough
def test_a_hold_added_after_the_plan_wins_over_the_plan(library: Shop, capsys: Any) -> None:
    somebody(library)
    before = rows_of(library)
    planned = library.call(capsys, "plan", "--json").document
    number = hold(library, capsys, "--subject", CANARY, "--database", "library")
    ran = library.call(capsys, "run", "--json", "--plan", planned["digest"], day=None)
    assert ran.code == 0, ran.out + ran.err
    assert theirs(rows_of(library)) == theirs(before)
    rule = by_rule(ran)["visits"]
    assert (rule["planned"], rule["done"], rule["survived"]) == (rule["planned"], rule["planned"] - 2, 2)
    assert rule["holds"] == [{"hold": number, "rows": 2}]
    assert [one["id"] for one in ran.document["holds"]] == [number]
    assert "holds" not in planned


@pytest.mark.parametrize(
    "moment", [pytest.param("between two batches", marks=pytest.mark.thorough), "inside an open batch"]
)
def test_a_run_at_work_respects_a_hold_that_comes_in_between(
    library: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with library.sql() as connection:
        values = ", ".join(f"({number}, 'reader001', '2026-01-01')" for number in range(1000, 2200))
        connection.exec_driver_sql(f"INSERT INTO visit (id, login, came_on) VALUES {values}")
    inside = moment == "inside an open batch"
    lapsed = "FROM visit WHERE came_on < '2026-08-24'"
    held = library.one(f"SELECT {'min' if inside else 'max'}(id) {lapsed}")
    library.do("UPDATE visit SET login = :c WHERE id = :id", c=CANARY, id=held)
    due = library.one(f"SELECT count(*) {lapsed}")
    calls: list[int] = []

    def from_another_process() -> None:
        calls.append(1)
        if len(calls) == 1:
            who = ("--subject", CANARY, "--database", "library")
            assert apart(library.environment, ("hold", "add", *who, "--reason", "a case", "--by", "the officer")) == 0

    class_, name = (Sweep, "batch") if inside else (Batches, "carry_out")
    whole: Callable[..., Any] = getattr(class_, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        done = whole(*arguments, **named)
        from_another_process()
        return done

    monkeypatch.setattr(class_, name, watched)
    ran = run(library, capsys, "--rule", "visits")
    assert len(calls) > 2
    assert library.one("SELECT count(*) FROM visit WHERE id = :id", id=held) == 1
    rule = by_rule(ran)["visits"]
    assert (rule["planned"], rule["done"], rule["survived"]) == (due, due - 1, 1)
    assert len(ran.document["holds"]) == 1
    assert library.one("SELECT sum(row_count) FROM retention_batch") == due - 1
    sound = library.call(capsys, "verify", "--json", "--rule", "visits", day=None)
    assert sound.code == 0, sound.out


@pytest.mark.thorough
def test_what_held_rows_refer_to_stays_and_says_until_when(library: Shop, capsys: Any) -> None:
    somebody(library)
    free = plan(library, capsys)
    hold(library, capsys, "--where", "library.fine", "id = 900", "--until", "2031-05-05")
    hold(library, capsys, "--where", "library.loan_line", "loan_id IN (901) AND what = 'book'", "--until", "2032-06-06")
    column = hold(library, capsys, "--where", "library.person", "id = 50")
    rules = plan(library, capsys)
    assert rules["loans"]["planned"] == free["loans"]["planned"] - 2
    known = {one["table"]: one for one in free["loans"]["referenced_by"]}
    more = {one["table"]: one for one in rules["loans"]["referenced_by"]}
    assert more["library.loan_line"] == {"table": "library.loan_line", "rows": 1, "until": "2032-06-06"}
    assert more["library.fine"]["rows"] == known.get("library.fine", {"rows": 0})["rows"] + 1
    assert more["library.fine"]["until"] == "2031-05-05", "later than the last day of every other fine"
    assert (rules["fines"]["rows"]["held"], rules["loans"]["rows"]["held"]) == (1, 0)
    assert rules["nicks"]["holds"] == [{"hold": column, "rows": 1}]
    assert rules["nicks"]["overdue"] == free["nicks"]["overdue"] - 1, "a held row is never overdue"
    run(library, capsys)
    left = theirs(rows_of(library))
    assert sorted(row["id"] for row in left["loan"]) == [900, 901, 902]
    assert sorted(row["loan_id"] for row in left["loan_line"]) == [900, 901, 902], "a record stays whole"
    assert sorted(row["id"] for row in left["fine"]) == [900, 902]
    assert left["person"]["nick"] == "x"


@pytest.mark.thorough
def test_a_hold_on_a_rule_covers_all_that_it_selects_and_keeps_what_waits_for_it(library: Shop, capsys: Any) -> None:
    somebody(library)
    for table, column in (("fine", "loan_id"), ("loan_line", "loan_id"), ("loan", "id")):
        library.do(f"DELETE FROM {table} WHERE {column} = 902")
    free = plan(library, capsys)
    number = hold(library, capsys, "--rule", "loans", "--until", "2033-01-01")
    rules = plan(library, capsys)
    assert (rules["loans"]["planned"], rules["loans"]["rows"]["referenced"]) == (0, 0)
    lapsed = free["loans"]["planned"] + free["loans"]["rows"]["referenced"]
    assert rules["loans"]["holds"] == [{"hold": number, "rows": lapsed}]
    assert rules["names"]["planned"] < free["names"]["planned"], "a held loan still wants its person's name"
    before = rows_of(library)
    run(library, capsys)
    after = rows_of(library)
    assert (after["loan"], after["loan_line"]) == (before["loan"], before["loan_line"])


@pytest.mark.thorough
def test_a_database_of_an_older_version_is_refused_until_it_has_the_table(library: Shop, capsys: Any) -> None:
    library.do("DROP TABLE retention_hold")
    for command in ("plan", "run"):
        refused = library.call(capsys, command)
        assert refused.code == 2
        assert refused.err.count("\n") == 1
        assert "retention_hold" in refused.err
        assert "retention init shop_db --identity library-test" in refused.err
    made = library.call(capsys, "init", "shop_db", "--identity", "library-test", day=None)
    assert made.code == 0, made.err
    assert library.call(capsys, "plan").code == 0


@pytest.mark.thorough
def test_a_hold_whose_column_is_gone_refuses_the_night_until_its_release(library: Shop, capsys: Any) -> None:
    number = hold(library, capsys, "--where", "library.loan_line", "what = 'book'")
    library.do("ALTER TABLE loan_line RENAME COLUMN what TO kind")
    changed = library.folder / "changed.yaml"
    changed.write_text(MATRIX.replace("line, what]", "line, kind]"), encoding="utf-8")
    library.environment["RETENTION_CONFIG"] = str(changed)
    refused = library.call(capsys, "run")
    assert refused.code == 2, refused.out
    assert number in refused.err
    assert "no column what" in refused.err
    assert library.one("SELECT count(*) FROM retention_batch") == 0
    release(library, capsys, number)
    assert library.call(capsys, "plan").code == 0


@pytest.mark.thorough
def test_random_holds_keep_what_they_cover_and_what_that_needs_and_nothing_else(
    engine_url: str, tmp_path: Path, capsys: Any, proof: bool
) -> None:
    url = engine_url
    for seed in range(30 if proof else 1):
        folder = tmp_path / str(seed)
        folder.mkdir()
        if url.startswith("sqlite"):
            (folder / "database.sqlite").touch()
            url = f"sqlite:///{folder}/database.sqlite"
        library = make_library(url, folder, people=25, seed=seed)
        _random_holds(library, capsys, random.Random(seed))
        with library.sql() as connection:
            for table in ("fine", "loan_line", "loan", "visit", "person"):
                connection.exec_driver_sql(f"DROP TABLE {table}")
            for table in ("identity", "lease", "batch", "done", "clock", "hold"):
                connection.exec_driver_sql(f"DROP TABLE retention_{table}")


def _random_holds(library: Shop, capsys: Any, chance: random.Random) -> None:
    before = rows_of(library)
    free = plan(library, capsys)
    people = {row["login"]: key for key, row in before["person"].items()}
    logins = chance.sample(sorted(people), 4)
    loans, fines, lines = (set(chance.sample(sorted(before[table]), 3)) for table in ("loan", "fine", "loan_line"))
    numbers = [hold(library, capsys, "--subject", login, "--database", "library") for login in logins]
    for table, keys in (("loan", loans), ("fine", fines)):
        condition = f"id IN ({', '.join(str(key) for (key,) in keys)})"
        numbers.append(hold(library, capsys, "--where", f"library.{table}", condition))
    condition = " OR ".join(f"loan_id = {loan} AND line = {line}" for loan, line in lines)
    numbers.append(hold(library, capsys, "--where", "library.loan_line", condition))
    everybody = chance.random() < 0.3
    if everybody:
        numbers.append(hold(library, capsys, "--rule", "nicks"))

    mine = {people[login] for login in logins}
    person_of = {key: (row["person_id"],) for key, row in before["loan"].items()}
    loan_of = {table: {key: (row["loan_id"],) for key, row in before[table].items()} for table in ("loan_line", "fine")}
    covered = {
        "person": set(before["person"]) if everybody else mine,
        "visit": {key for key, row in before["visit"].items() if row["login"] in logins},
        "loan": {key for key in before["loan"] if person_of[key] in mine} | loans,
        "fine": {key for key, loan in loan_of["fine"].items() if person_of[loan] in mine} | fines,
        "loan_line": {key for key, loan in loan_of["loan_line"].items() if person_of[loan] in mine} | lines,
    }

    run(library, capsys)
    gone, changed = _difference(before, rows_of(library))
    for number in numbers:
        release(library, capsys, number)
    run(library, capsys)
    gone_at_all, changed_at_all = _difference(before, rows_of(library))
    assert len(gone_at_all["loan"]) == free["loans"]["planned"], "a lifted hold makes the row due again"
    assert len(changed_at_all["nick"]) == free["nicks"]["planned"]

    goes = {table: keys - covered[table] for table, keys in gone_at_all.items() if table != "person"}
    while True:
        stuck = {loan_of[table][key] for table in loan_of for key in set(loan_of[table]) - goes[table]} & goes["loan"]
        torn = {key for key, loan in loan_of["loan_line"].items() if loan not in goes["loan"]} & goes["loan_line"]
        if not stuck | torn:
            break
        goes["loan"] -= stuck
        goes["loan_line"] -= torn
    wanted = {person_of[loan] for loan in set(before["loan"]) - goes["loan"]}
    assert {table: gone[table] for table in goes} == goes
    assert changed["nick"] == changed_at_all["nick"] - covered["person"]
    assert changed["login"] == changed_at_all["login"] - covered["person"] - wanted


def _difference(before: Rows, after: Rows) -> tuple[dict[str, set[Any]], dict[str, set[Any]]]:
    """Return the keys of the rows that are gone, by table, and of the people whose columns have changed, by column."""
    gone = {table: set(before[table]) - set(after[table]) for table in before}
    changed = {
        column: {key for key, row in before["person"].items() if after["person"][key][column] != row[column]}
        for column in ("nick", "login")
    }
    return gone, changed
