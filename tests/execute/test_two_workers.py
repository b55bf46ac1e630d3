"""Two workers on one table: every due row goes once, within what may go, whatever happens to one of them."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from retention.database.connect import Database
from retention.errors import BrokeOff, DatabaseFault
from retention.execute.batch import Batches
from support.bench import Bench, Chain
from support.workers import SECOND, Moved, cut_off

AS_OF = date(2026, 11, 24)
DUE, YOUNG = "2020-05-05", "2026-05-05"
ROWS = 5000
# Few rows in each of PostgreSQL's blocks.
PAD = "x" * 400

pytestmark = pytest.mark.slow


@pytest.fixture(params=["postgresql", "mariadb"])
def bench(request: pytest.FixtureRequest, tmp_path: Path, two: None) -> Iterator[Bench]:
    bench = Bench(request.getfixturevalue(f"{request.param}_url"), tmp_path)
    yield bench
    bench.close()


def made(bench: Bench, **rule: Any) -> Any:
    """Fill a log, two of three of whose rows are due, and return its matrix."""
    chance = random.Random(5)
    days = [DUE if chance.random() < 0.67 else YOUNG for _ in range(ROWS)]
    bench.do(["CREATE TABLE log (id BIGINT PRIMARY KEY, seen_on DATE NOT NULL, pad VARCHAR(500))"])
    for at in range(0, ROWS, 500):
        some = ", ".join(f"({n}, '{day}', '{PAD}')" for n, day in enumerate(days[at : at + 500], at + 1))
        bench.do([f"INSERT INTO log VALUES {some}"])
    bench.do(["CREATE INDEX log_seen ON log (seen_on)"])
    bench.do(["ANALYZE log" if bench.engine == "postgresql" else "ANALYZE TABLE log"])
    return bench.one_rule(**rule)


def left(bench: Bench) -> tuple[int, int]:
    due = bench.all(f"SELECT count(*) FROM log WHERE seen_on = '{DUE}'")[0][0]
    return int(due), int(bench.all("SELECT count(*) FROM log")[0][0])


def marked(bench: Bench) -> dict[int, int]:
    return {int(seq): int(rows) for seq, rows in bench.all("SELECT seq, row_count FROM retention_batch")}


def told(chain: Chain) -> dict[int, int]:
    """Return the rows of each batch as the ledger has them last."""
    return {body["seq"]: body["rows"] for body in chain.batches}


def test_both_take_rows_and_every_due_one_goes_once(bench: Bench, taken: dict[str, int]) -> None:
    matrix, chain = made(bench), Chain()
    due, whole = left(bench)

    def patient() -> None:
        """Hold the first worker up before each batch until the second has begun, which on a loaded machine is late."""
        if taken and SECOND not in taken:
            time.sleep(0.3)

    outcome = bench.run(matrix, AS_OF, chain=chain, stop=patient, batch_rows=200)["log"]
    assert (outcome.done, outcome.status, left(bench)) == (due, "done", (0, whole - due))
    assert set(taken) == {"MainThread", SECOND}
    assert min(taken.values()) > 0 and sum(taken.values()) == due
    assert marked(bench) == told(chain)
    assert sum(marked(bench).values()) == due


def test_one_is_enough_where_the_matrix_says_so(bench: Bench, taken: dict[str, int]) -> None:
    matrix = made(bench)
    entry = matrix.databases["shop"]
    object.__setattr__(entry.execute, "workers", 1)
    assert bench.run(matrix, AS_OF)["log"].status == "done"
    assert set(taken) == {"MainThread"}


@pytest.mark.parametrize("budget", [7, 1500])
def test_together_they_keep_to_the_budget(bench: Bench, taken: dict[str, int], budget: int) -> None:
    matrix = made(bench)
    due, whole = left(bench)
    outcome = bench.run(matrix, AS_OF, budget=budget, batch_rows=100)["log"]
    assert (outcome.done, outcome.status, outcome.reason) == (budget, "stopped", "row budget")
    assert left(bench) == (due - budget, whole - budget)
    assert sum(taken.values()) == budget


def test_what_the_second_leaves_the_first_takes(bench: Bench, taken: dict[str, int]) -> None:
    """The register moves while the second has a batch open: it gives up, and the run goes on under the new holds."""
    matrix = made(bench)
    due, whole = left(bench)
    moved = Moved(taken, after=300)
    outcome = bench.run(matrix, AS_OF, holds=moved, batch_rows=100)["log"]
    assert moved.number == 1
    assert (outcome.done, outcome.status, left(bench)) == (due, "done", (0, whole - due))
    assert 0 < taken[SECOND] < taken["MainThread"]


def test_a_row_that_can_not_go_fails_the_rule_and_the_numbers_agree(bench: Bench) -> None:
    matrix, chain = made(bench), Chain()
    last = bench.all(f"SELECT max(id) FROM log WHERE seen_on = '{DUE}'")[0][0]
    bench.do(_refusal(bench.engine, int(last) - 400))
    _due, whole = left(bench)
    with pytest.raises(AssertionError, match="refused with"):
        bench.run(matrix, AS_OF, chain=chain, batch_rows=100)
    gone = whole - left(bench)[1]
    assert gone == sum(marked(bench).values()) > 0
    assert {number: told(chain)[number] for number in marked(bench)} == marked(bench)
    ended = next(body for kind, body in chain.entries if kind == "unit_ended")["rules"][0]
    assert (ended["status"], ended["done"]) == ("failed", gone)


def test_a_lost_connection_of_the_second_breaks_the_run_off_and_the_next_ends_it(
    bench: Bench, taken: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = made(bench)
    due, whole = left(bench)
    cuts = cut_off(bench, monkeypatch, taken, after=100)
    with pytest.raises(BrokeOff, match="connection is lost"):
        bench.run(matrix, AS_OF, batch_rows=100)
    monkeypatch.undo()
    assert cuts
    assert whole - left(bench)[1] == sum(marked(bench).values()) > 0
    before = sum(marked(bench).values())
    outcome = bench.run(matrix, AS_OF)["log"]
    assert (outcome.done, left(bench)) == (due - before, (0, whole - due))


def _refusal(engine: str, number: int) -> list[str]:
    if engine == "mariadb":
        return [
            f"CREATE TRIGGER frozen BEFORE DELETE ON log FOR EACH ROW IF OLD.id = {number} THEN "
            "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'frozen'; END IF"
        ]
    return [
        f"CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF OLD.id = {number} THEN "
        "RAISE EXCEPTION ''frozen''; END IF; RETURN OLD; END'",
        "CREATE TRIGGER frozen BEFORE DELETE ON log FOR EACH ROW EXECUTE FUNCTION frozen()",
    ]


@pytest.mark.usefixtures("alone")
def test_a_second_one_that_can_not_begin_leaves_the_session_of_the_first_as_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its half is the first one's then, and so is the snapshot to be forgotten: the next rule's rows are locked."""
    session, carry_out = Database.session, Batches.carry_out
    isolation: dict[str, set[str]] = {}

    def refused(self: Database) -> Any:
        if threading.current_thread().name == SECOND:
            raise DatabaseFault("too many connections", lost=True)
        return session(self)

    def noted(self: Batches, connection: Any, *arguments: Any) -> Any:
        dones = carry_out(self, connection, *arguments)
        for done in dones:
            isolation.setdefault(done.rule.id, set()).add(connection.get_execution_options()["isolation_level"])
        return dones

    made(bench)
    bench.do(
        [
            "ALTER TABLE log ADD COLUMN page_id BIGINT",
            "CREATE TABLE page (id BIGINT PRIMARY KEY, seen_on DATE NOT NULL)",
            "CREATE TABLE note (id BIGINT PRIMARY KEY, page_id BIGINT)",
            f"INSERT INTO page VALUES (1, '{DUE}'), (2, '{DUE}')",
        ]
    )
    monkeypatch.setattr(Database, "session", refused)
    monkeypatch.setattr(Batches, "carry_out", noted)
    outcomes = bench.run(_with_pages(bench), AS_OF, batch_rows=200)
    assert {one.status for one in outcomes.values()} == {"done"} and left(bench)[0] == 0
    assert isolation == {"log": {"REPEATABLE READ"}, "page": {"READ COMMITTED"}}


def _with_pages(bench: Bench) -> Any:
    """Return a matrix by which the log goes in one unit with pages, to which notes refer as well."""

    def referring(name: str, column: str) -> dict[str, Any]:
        return {
            "none": "t",
            "relations": [{"name": name, "columns": [column], "to": "shop.page", "to_columns": ["id"]}],
        }

    keep = [{"basis": "one", "since": "seen_on"}]
    return bench.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {
                "shop.log": referring("log_page", "page_id"),
                "shop.note": referring("note_page", "page_id"),
                "shop.page": {"none": "t"},
            },
            "rules": [
                {"id": name, "table": f"shop.{name}", "keep": keep, "then": "delete"} for name in ("log", "page")
            ],
        }
    )
