"""Changing columns batch by batch: what was read is what is changed, by one worker or by two."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from retention.database.mariadb import MariaDB
from retention.errors import BrokeOff
from support.bench import Bench, Chain
from support.beside import Beside
from support.engines import SERVERS
from support.workers import SECOND, Moved, cut_off

AS_OF = date(2026, 11, 24)
LEFT, STAYS = "2026-01-01", "2027-01-01"
MOMENT = {"sqlite": "DATETIME", "postgresql": "TIMESTAMP", "mariadb": "DATETIME"}
ROWS = 3000

on_servers = pytest.mark.parametrize("engine_url", SERVERS, indirect=True)
marked_or_not = pytest.mark.parametrize("mark", [None, "done_at"])
unmarked = pytest.mark.parametrize("mark", [None, pytest.param("done_at", marks=pytest.mark.thorough)])
marked = pytest.mark.parametrize("mark", ["done_at", pytest.param(None, marks=pytest.mark.thorough)])


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(engine_url, tmp_path)
    bench.do(
        [
            f"""CREATE TABLE member (id BIGINT PRIMARY KEY, name VARCHAR(80), born DATE, left_on DATE,
                done_at {MOMENT[bench.engine]})"""
        ]
    )
    yield bench
    bench.close()


def _matrix(bench: Bench, mark: str | None, **columns: Any) -> Any:
    rule = {
        "id": "members",
        "table": "shop.member",
        "purpose": {"name": "membership", "ends": "left_on"},
        "then": "anonymize",
        "columns": columns or {"name": {"truncate": 4}},
        "approval": "never",
        **({"mark": mark} if mark else {}),
    }
    sections = {
        "legal_bases": {},
        "purposes": {"membership": {"name": "m"}},
        "tables": {"shop.member": {"none": "t"}},
    }
    return bench.matrix({**sections, "rules": [rule]})


def _members(bench: Bench, number: int, left_on: str = LEFT) -> None:
    for at in range(1, number + 1, 500):
        some = (f"({n}, 'learner{n:05d}', '{left_on}')" for n in range(at, min(at + 500, number + 1)))
        bench.do([f"INSERT INTO member (id, name, left_on) VALUES {', '.join(some)}"])


def _short(bench: Bench) -> int:
    return int(bench.all("SELECT count(*) FROM member WHERE name = 'lear'")[0][0])


def _markers(bench: Bench) -> dict[int, int]:
    return {int(seq): int(rows) for seq, rows in bench.all("SELECT seq, row_count FROM retention_batch")}


@on_servers
@pytest.mark.parametrize(
    ("mark", "known", "back"),
    [
        (None, True, True),
        ("done_at", False, True),
        *(
            pytest.param(*one, marks=pytest.mark.thorough)
            for one in itertools.product((None, "done_at"), (True, False), (True, False))
            if one not in ((None, True, True), ("done_at", False, True))
        ),
    ],
)
def test_what_changes_between_being_read_and_being_changed_is_read_anew(
    bench: Bench, mark: str | None, known: bool, back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row has a new name, and another one's purpose lives again."""
    if not known:
        monkeypatch.setattr(MariaDB, "keeps_snapshot", lambda _self, _connection: False)
    _members(bench, 100)
    changes = ["UPDATE member SET name = 'renamed' WHERE id = 6"]
    if back:
        changes.append(f"UPDATE member SET name = 'back again', left_on = '{STAYS}' WHERE id = 5")
    with Beside(lambda: bench.do(changes), starts="UPDATE member") as beside:
        outcome = bench.run(_matrix(bench, mark), AS_OF)["members"]
    assert beside.acted
    assert (outcome.done, _short(bench)) == (100 - back, 99 - back)
    found = bench.all("SELECT id, name FROM member WHERE name <> 'lear' ORDER BY id")
    assert found == [*([(5, "back again")] if back else []), (6, "rena")]
    assert sum(_markers(bench).values()) == 100 - back


@marked_or_not
def test_whatever_a_text_holds_it_is_written_as_it_was_made(bench: Bench, mark: str | None) -> None:
    names = [
        "tab\there",
        "back\\slash",
        "two\nlines",
        "a\r\nb",
        "\\N",
        "\\.",
        "",
        "한글 이름",
        "'quoted'",
        '"',
        "%s",
        None,
    ]
    with bench.sql() as connection:
        row = "INSERT INTO member (id, name, born, left_on) VALUES (:id, :name, :born, :left_on)"
        some = [
            {"id": n, "name": name, "born": None if n % 2 else "1999-12-31", "left_on": LEFT}
            for n, name in enumerate(names)
        ]
        connection.execute(text(row), some)
    outcome = bench.run(_matrix(bench, mark, name={"truncate": 60}, born={"generalize": "year"}), AS_OF)["members"]
    assert outcome.done == len(names)
    found = bench.all("SELECT name, born FROM member ORDER BY id")
    assert [one[0] for one in found] == names
    assert [one[1] and str(one[1]) for one in found] == [None if n % 2 else "1999-01-01" for n in range(len(names))]


@on_servers
@unmarked
def test_two_workers_change_every_row_once(bench: Bench, taken: dict[str, int], mark: str | None) -> None:
    _members(bench, ROWS)
    bench.do([f"UPDATE member SET left_on = '{STAYS}' WHERE id % 10 = 0"])
    due, chain = ROWS - ROWS // 10, Chain()
    outcome = bench.run(_matrix(bench, mark), AS_OF, chain=chain, batch_rows=100)["members"]
    assert (outcome.done, outcome.status, _short(bench)) == (due, "done", due)
    assert set(taken) == {"MainThread", SECOND}
    assert min(taken.values()) > 100 and sum(taken.values()) == due
    assert _markers(bench) == {body["seq"]: body["rows"] for body in chain.batches}
    assert bench.run(_matrix(bench, mark), AS_OF)["members"].done == 0


@on_servers
def test_two_workers_keep_to_the_budget(bench: Bench, taken: dict[str, int]) -> None:
    _members(bench, ROWS)
    outcome = bench.run(_matrix(bench, "done_at"), AS_OF, budget=700, batch_rows=50)["members"]
    assert (outcome.done, outcome.status, outcome.reason) == (700, "stopped", "row budget")
    assert (_short(bench), sum(taken.values())) == (700, 700)


@on_servers
@marked
def test_what_the_second_worker_leaves_the_first_changes(bench: Bench, taken: dict[str, int], mark: str | None) -> None:
    """The register moves while the second has a batch open: it gives up, and the run goes on under the new holds."""
    _members(bench, ROWS)
    moved = Moved(taken, after=200)
    outcome = bench.run(_matrix(bench, mark), AS_OF, holds=moved, batch_rows=100)["members"]
    assert moved.number == 1
    assert (outcome.done, outcome.status, _short(bench)) == (ROWS, "done", ROWS)
    assert 0 < taken[SECOND] < taken["MainThread"]


@on_servers
def test_a_lost_connection_of_the_second_worker_breaks_the_run_off_and_the_next_ends_it(
    bench: Bench, taken: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _members(bench, ROWS)
    cuts = cut_off(bench, monkeypatch, taken, after=200)
    with pytest.raises(BrokeOff, match="connection is lost"):
        bench.run(_matrix(bench, "done_at"), AS_OF, batch_rows=100)
    assert cuts
    before = _short(bench)
    assert before == sum(_markers(bench).values()) > 0
    assert bench.run(_matrix(bench, "done_at"), AS_OF)["members"].done == ROWS - before
    assert _short(bench) == ROWS


@pytest.mark.parametrize("columns", ["id VARCHAR(300)", "id VARCHAR(200), part VARCHAR(200)"])
def test_rows_whose_keys_are_long_and_begin_alike_are_told_apart(bench: Bench, columns: str) -> None:
    """The side table tells which was changed, by a key that it holds in full only if it isn't too long."""
    names = [one.split()[0] for one in columns.split(", ")]
    key = ", ".join(names)
    bench.do(
        ["DROP TABLE member", f"CREATE TABLE member ({columns}, name VARCHAR(80), left_on DATE, PRIMARY KEY ({key}))"]
    )
    long = "\u5229" * (299 if len(names) == 1 else 199)
    for n in range(3):
        values = [f"{long}{n}"] if len(names) == 1 else [long, f"{long}{n}"]
        bench.do([f"INSERT INTO member VALUES ({', '.join(map(repr, values))}, 'learner{n}', '{LEFT}')"])
    matrix = _matrix(bench, None)
    assert bench.run(matrix, AS_OF, budget=1)["members"].done == 1
    assert bench.run(matrix, AS_OF)["members"].done == 2
    assert (_short(bench), bench.all("SELECT count(*) FROM retention_done")) == (3, [(3,)])
    assert bench.run(matrix, AS_OF)["members"].done == 0
