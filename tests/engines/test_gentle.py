"""Gentleness on real engines: what stops a run, what slows it, and what it says of both."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

from plan.random_schema import AS_OF
from plan.steps import Steps, ledger_in
from retention.database.connect import open_database
from retention.database.dialect import Dialect
from retention.errors import DatabaseFault
from retention.execute.context import Outcome
from retention.execute.drag import Turns
from retention.execute.others import Attempts, OthersSignal
from retention.ledger import Ledger
from support.engines import SERVERS
from support.identity import identify
from support.servers import free_port

ROWS = 200
FEW = 24.0
"""Writes in a second that a slow machine still makes in a test. One that a server makes of its own accord, a twentieth
of a second after the first count, isn't as many."""


class Log:
    """A table of old rows, one rule over it, and settings of execution."""

    def __init__(self, url: str, folder: Path, opened: ExitStack) -> None:
        self.folder = folder
        self.engine = create_engine(url, poolclass=NullPool)
        with self.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE NOT NULL)")
            connection.exec_driver_sql("CREATE TABLE busy (n INTEGER)")
            connection.exec_driver_sql("INSERT INTO busy VALUES (0)")
            rows = ", ".join(f"({number}, '2025-01-01')" for number in range(1, ROWS + 1))
            connection.exec_driver_sql(f"INSERT INTO log VALUES {rows}")
        self.steps = Steps(url, folder / "matrix.yaml", opened.enter_context(ledger_in(folder)))
        self.under()
        identify(url, "gentle")

    def under(self, replicas: Any = None, **execute: Any) -> None:
        """Write the matrix with these settings."""
        entry = {"connection": "db", "identity": "gentle", "execute": execute}
        matrix = {
            "version": 1,
            "timezone": "Asia/Seoul",
            "organisation": {"name": "somebody"},
            "classification": "advised",
            "databases": {"db": {**entry, **({"replicas": {"db": replicas}} if replicas else {})}},
            "legal_bases": {"days": {"statute": "an act", "article": "1", "keep": "P30D", "roll_holidays": False}},
            "tables": {"db.log": {}},
            "rules": [
                {
                    "id": "logs",
                    "table": "db.log",
                    "keep": [{"basis": "days", "since": "at"}],
                    "then": "delete",
                    "approval": "never",
                }
            ],
        }
        (self.folder / "matrix.yaml").write_text(json.dumps(matrix))

    def run(self, **how: Any) -> Outcome:
        return self.steps.run(AS_OF, **how)[1]["logs"]

    def left(self) -> int:
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT count(*) FROM log")).scalar_one())

    def does(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def told(self, part: str) -> list[str]:
        return [line for line in self.steps.told if part in line]

    def sizes(self) -> list[int]:
        """Return how many rows each batch of the last run took."""
        return [int(batch["rows"]) for batch in self.steps.batches()]


@pytest.fixture
def log(engine_url: str, tmp_path: Path) -> Iterator[Log]:
    with ExitStack() as opened:
        yield Log(engine_url, tmp_path, opened)


@pytest.fixture
def server_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    with ExitStack() as opened:
        yield Log(request.getfixturevalue(f"{request.param}_url"), tmp_path, opened)


on_servers = pytest.mark.parametrize("server_log", SERVERS, indirect=True)
on_postgresql = pytest.mark.parametrize("server_log", SERVERS[:1], indirect=True)


def seoul(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=UTC) - timedelta(hours=9)


# --- what stops a run ---------------------------------------------------------------------------------------------


@pytest.mark.thorough
def test_outside_its_window_a_run_carries_nothing_out(log: Log) -> None:
    log.under(window="01:00-05:00")
    for moment in (seoul(0, 59), seoul(5), seoul(12)):
        log.steps.now = lambda moment=moment: moment  # type: ignore[misc]
        outcome = log.run()
        assert (outcome.status, outcome.done) == ("stopped", 0)
        assert outcome.reason == "outside its time window 01:00-05:00"
    assert log.left() == ROWS
    log.steps.now = lambda: seoul(1)
    assert log.run().status == "done"


@pytest.mark.parametrize(("moment", "works"), [(seoul(23, 30), True), (seoul(4, 59), True), (seoul(5), False)])
@pytest.mark.thorough
def test_a_window_may_go_over_midnight(log: Log, moment: datetime, works: bool) -> None:
    log.under(window="23:30-05:00")
    log.steps.now = lambda: moment
    assert log.run().status == ("done" if works else "stopped")


@pytest.mark.thorough
def test_a_window_that_closes_ends_the_run_between_batches_and_the_next_night_goes_on(log: Log) -> None:
    log.under(window="01:00-05:00")
    asked = iter(range(10_000))
    log.steps.now = lambda: seoul(4, 59) if next(asked) < 20 else seoul(5)
    outcome = log.run(batch_rows=10)
    assert outcome.status == "stopped"
    assert outcome.reason == "outside its time window 01:00-05:00"
    assert 0 < outcome.done < ROWS
    assert log.left() == ROWS - outcome.done == ROWS - sum(log.sizes())
    log.steps.now = lambda: seoul(1)
    assert (log.run().status, log.left()) == ("done", 0)


@pytest.mark.parametrize("beside", [True, False])
@pytest.mark.thorough
def test_a_stop_switch_ends_the_run_between_batches(log: Log, tmp_path: Path, beside: bool) -> None:
    switch = tmp_path / "retention.stop"
    log.under(stop="retention.stop" if beside else str(switch), target_ms=60_000)

    def thrown_after_three() -> None:
        if len(log.sizes()) == 3:
            switch.touch()

    outcome = log.run(batch_rows=10, stop=thrown_after_three)
    assert (outcome.status, outcome.reason, outcome.done) == ("stopped", "stop switch", 30)
    assert log.left() == ROWS - 30
    assert (log.run().status, log.left()) == ("stopped", ROWS - 30), "as long as it is there, nothing begins"
    switch.unlink()
    assert (log.run().status, log.left()) == ("done", 0)


@pytest.mark.parametrize(("asked", "done"), [(None, 30), (10, 10), (50, 30)])
@pytest.mark.thorough
def test_the_row_budget_is_the_smaller_of_the_two(log: Log, asked: int | None, done: int) -> None:
    log.under(rows=30)
    outcome = log.run(budget=asked)
    assert (outcome.status, outcome.reason, outcome.done) == ("stopped", "row budget", done)
    assert log.left() == ROWS - done


@pytest.mark.thorough
def test_a_run_that_is_stopped_leaves_the_database_alone(log: Log) -> None:
    asked: list[str] = []

    def noted(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    def after_three() -> str | None:
        if len(log.sizes()) < 3:
            return None
        asked.clear()
        return "it has to end"

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        outcome = log.run(batch_rows=10, stop=after_three)
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    assert (outcome.status, outcome.reason, outcome.done) == ("stopped", "it has to end", sum(log.sizes()))
    assert not [statement for statement in asked if re.search(r"FROM (\w+\.)?log\b", statement)]


# --- what slows it ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.thorough
def test_a_run_slows_while_the_load_probe_is_above_its_threshold(log: Log) -> None:
    log.under(load_probe={"sql": "SELECT n FROM busy", "threshold": 20}, target_ms=60_000)
    log.does("UPDATE busy SET n = 34")

    calm: list[int] = []

    def calm_once_it_was_told() -> None:
        if not calm and log.told("load probe 34 > 20"):
            log.does("UPDATE busy SET n = 3")
            calm.append(3)

    outcome = log.run(batch_rows=4, stop=calm_once_it_was_told)
    assert (outcome.status, log.left()) == ("done", 0)
    assert log.told("slowed")[0] == "logs: slowed: load probe 34 > 20; batches of 1 row, pausing 100 ms"
    *sizes, _rest = log.sizes()
    assert sizes[0] == 1
    assert 4 in sizes, "it recovers"
    assert sizes == sorted(sizes), "step by step"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT n FROM nowhere", "the database refused with"),
        pytest.param("SELECT 'busy'", "it has to give one number", marks=pytest.mark.thorough),
        pytest.param("SELECT n, n FROM busy", "it has to give one number", marks=pytest.mark.thorough),
        pytest.param("SELECT n FROM busy WHERE n > 100", "it has to give one number", marks=pytest.mark.thorough),
        pytest.param("SELECT NULL", "it has to give one number", marks=pytest.mark.thorough),
    ],
)
def test_a_probe_that_fails_slows_the_run_and_never_fails_it(log: Log, sql: str, why: str) -> None:
    log.under(load_probe={"sql": sql, "threshold": 20}, target_ms=60_000)
    outcome = log.run(batch_rows=100)
    assert (outcome.status, log.left()) == ("done", 0)
    line = log.told("the load probe fails")[0]
    assert why in line
    assert line.endswith("batches of 25 rows, pausing 100 ms")
    assert "nowhere" not in line


def test_a_probe_may_count_with_signs_that_drivers_know(log: Log) -> None:
    log.under(load_probe={"sql": "SELECT count(*) FROM busy WHERE '%s :n' LIKE '%:n'", "threshold": 0})
    log.run(stop=lambda: "told" if log.told("slowed") else None)
    assert log.told("load probe 1 > 0")


def test_a_probe_that_hangs_is_ended_where_the_engine_knows_no_bound(sqlite_url: str, tmp_path: Path) -> None:
    endless = "WITH RECURSIVE q(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM q) SELECT n FROM q WHERE n < 0"
    with ExitStack() as opened:
        log = Log(sqlite_url, tmp_path, opened)
        log.under(load_probe={"sql": f"SELECT max(n) FROM ({endless} LIMIT 1)", "threshold": 20})
        began = time.monotonic()
        assert log.run(batch_rows=100).status == "done"
    assert log.left() == 0
    # Left alone it never ends; how often it is asked meanwhile, the machine decides.
    assert time.monotonic() - began < 60
    assert "the load probe fails" in log.told("slowed")[0]


@on_servers
@pytest.mark.slow
def test_a_probe_that_hangs_is_ended_by_the_server(server_log: Log) -> None:
    name = server_log.engine.dialect.name
    asleep = (
        "SELECT count(*) FROM pg_sleep(60)"
        if name == "postgresql"
        else "SELECT count(*) FROM seq_1_to_9999999 a, seq_1_to_9999999 b"
    )
    server_log.under(load_probe={"sql": asleep, "threshold": 20})
    began = time.monotonic()
    assert server_log.run().status == "done"
    assert time.monotonic() - began < 15
    assert server_log.told("the load probe fails")


@on_postgresql
def test_a_probe_can_change_nothing(server_log: Log) -> None:
    server_log.does("CREATE SEQUENCE counted")
    server_log.under(load_probe={"sql": "SELECT nextval('counted')", "threshold": 20})
    assert server_log.run().status == "done"
    assert "refused with 25006" in server_log.told("the load probe fails")[0]


@on_servers
def test_somebody_waiting_for_a_lock_halves_the_batch(server_log: Log) -> None:
    server_log.under(target_ms=60_000)
    with somebody_waits(server_log):
        outcome = server_log.run(batch_rows=40)
    assert (outcome.status, server_log.left()) == ("done", 0)
    assert server_log.sizes()[:2] == [40, 20]
    assert server_log.told("slowed")[0] == "logs: slowed: 1 waiting for its locks; batches of 20 rows"


@contextmanager
def somebody_waits(log: Log) -> Iterator[None]:
    """While the first batches hold their locks, somebody wants one of their rows; one may have to be taken back."""
    waiting: list[threading.Thread] = []

    def want(asks: threading.Event) -> None:
        with log.engine.begin() as connection:
            asks.set()
            connection.exec_driver_sql("UPDATE log SET at = at WHERE id = 7")

    def hold(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
        if len(waiting) == 2 or not re.search(r"DELETE\b.*\blog\b", statement, re.DOTALL | re.IGNORECASE):
            return
        asks = threading.Event()
        waiting.append(threading.Thread(target=want, args=(asks,)))
        waiting[-1].start()
        asks.wait(10)
        time.sleep(0.7)

    event.listen(Engine, "after_cursor_execute", hold)
    try:
        yield
    finally:
        event.remove(Engine, "after_cursor_execute", hold)
        for thread in waiting:
            thread.join(10)


@on_servers
def test_others_who_write_are_seen_and_seen_to_end(server_log: Log) -> None:
    server_log.under(target_ms=60_000)
    others = server_log.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def write_until_it_was_told() -> None:
        if not server_log.told("others write"):
            for number in range(20):
                others.exec_driver_sql(f"UPDATE busy SET n = {number}")
        time.sleep(0.06)

    outcome = server_log.run(batch_rows=5, stop=write_until_it_was_told)
    others.close()
    assert (outcome.status, server_log.left()) == ("done", 0)
    assert re.search(r"slowed: others write \d+ times a second; batches of \d+ rows", server_log.told("slowed")[0])
    assert server_log.told("no longer slowed")


@on_servers
def test_a_runs_own_batches_are_not_others(server_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retention.execute.others.BUSY", FEW)
    server_log.under(target_ms=60_000)
    began = time.monotonic()
    assert server_log.run(batch_rows=1).batches == ROWS
    assert ROWS / (time.monotonic() - began) > FEW, "the test shows nothing"
    assert not server_log.told("others")


@on_servers
def test_a_runs_own_ledger_on_the_same_server_is_not_others(
    server_log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retention.execute.others.BUSY", FEW)
    server_log.under(target_ms=60_000)
    ledger = Ledger.open(server_log.steps.url, tmp_path / "keys", server_log.steps.now)
    server_log.steps.ledger = ledger
    began = time.monotonic()
    assert server_log.run(batch_rows=1).batches == ROWS
    assert ROWS / (time.monotonic() - began) > FEW, "the test shows nothing"
    ledger.close()
    assert not server_log.told("others")


@on_servers
def test_batches_that_took_nothing_are_the_runs_own(server_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PostgreSQL each of them is a transaction that wrote, since it has held the lease; it leaves no marker."""
    monkeypatch.setattr("retention.execute.others.BUSY", FEW)
    database = open_database("db", 0, "db", make_url(server_log.steps.url))
    attempts, watch = Attempts(), database.watch()
    signal = OthersSignal(database.dialect, watch, "r", "u", attempts, Turns(0.0, 0))
    found = []
    for own in (1, 1, 0):
        found.append(signal.look().kinds)
        for number in range(50):
            server_log.does(f"UPDATE busy SET n = {number}")
            attempts.number += own
    found.append(signal.look().kinds)
    watch.close()
    database.close()
    assert found == [(), (), (), ("others",)]


@on_postgresql
def test_the_lock_timeout_is_the_databases_own(server_log: Log) -> None:
    server_log.under(lock_timeout_ms=50)
    with server_log.engine.begin() as holder:
        holder.execute(text("SELECT 1 FROM log WHERE id = 7 FOR UPDATE"))
        began = time.monotonic()
        assert server_log.run().status == "failed"
    assert time.monotonic() - began < 12, "eight tries of the product's own two seconds would have taken sixteen"


@pytest.mark.parametrize("server_log", SERVERS[1:], indirect=True)
def test_a_lock_of_a_whole_table_is_not_waited_for_longer(server_log: Log) -> None:
    server_log.under(lock_timeout_ms=50)
    with server_log.engine.connect() as holder:
        # The server lets go of it when its session has been idle for so long.
        holder.exec_driver_sql("SET wait_timeout = 8")
        holder.exec_driver_sql("LOCK TABLES log READ")
        began = time.monotonic()
        outcome = server_log.run(stop=lambda: "enough" if time.monotonic() - began > 1 else None)
        assert (outcome.status, outcome.reason, server_log.left()) == ("stopped", "enough", ROWS)
        holder.invalidate()


@on_servers
def test_a_lock_of_a_whole_table_is_not_waited_for_by_a_plan(server_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    for engine in ("mariadb", "postgresql"):
        monkeypatch.setattr(f"retention.database.{engine}.PATIENCE_S", 1)
    with server_log.engine.connect() as holder:
        if server_log.engine.dialect.name == "postgresql":
            holder.exec_driver_sql("SET idle_in_transaction_session_timeout = '8s'")
            holder.exec_driver_sql("LOCK TABLE log")
        else:
            holder.exec_driver_sql("SET wait_timeout = 8")
            holder.exec_driver_sql("LOCK TABLES log WRITE")
        with pytest.raises(DatabaseFault, match="holds a lock; try again"):
            server_log.run()
        holder.invalidate()


# --- replicas -----------------------------------------------------------------------------------------------------


@on_servers
@pytest.mark.slow
def test_a_run_waits_until_its_replica_has_caught_up(server_log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def lag(_self: Dialect, connection: Connection) -> float:
        return float(connection.execute(text("SELECT n FROM busy")).scalar_one())

    database = open_database("db", 0, "db", make_url(server_log.steps.url))
    monkeypatch.setattr(type(database.dialect), "replica_lag", lag)
    database.close()
    server_log.under(replicas=["db_ro"], target_ms=60_000)
    server_log.does("UPDATE busy SET n = 12")
    batches: list[int] = []

    def caught_up_once_it_was_told() -> None:
        if server_log.told("waits") and not batches:
            batches.append(len(server_log.sizes()))
            server_log.does("UPDATE busy SET n = 5")

    outcome = server_log.run(batch_rows=20, stop=caught_up_once_it_was_told)
    assert (outcome.status, server_log.left()) == ("done", 0)
    assert server_log.told("waits") == ["logs: waits: replica db_ro is 12.0 s behind, more than 5"]
    assert batches == [0], "nothing was carried out until then"
    assert set(server_log.sizes()) == {20}


@on_servers
def test_a_replica_that_cannot_be_reached_slows_the_run_and_says_so(server_log: Log) -> None:
    url = make_url(server_log.steps.url).set(port=free_port(), password="secret")
    server_log.steps.replicas = {"db_ro": url.render_as_string(hide_password=False)}
    server_log.under(replicas=["db_ro"], replica_lag=1, target_ms=60_000)
    outcome = server_log.run(batch_rows=100)
    assert (outcome.status, server_log.left()) == ("done", 0)
    line = server_log.told("slowed")[0]
    assert line.startswith("logs: slowed: replica db_ro can't be asked (connection db_ro: ")
    assert line.endswith("batches of 25 rows, pausing 100 ms")
    assert "secret" not in line


@on_servers
def test_a_server_that_follows_nobody_tells_no_lag(server_log: Log) -> None:
    server_log.under(replicas=["db_ro"], target_ms=60_000)
    assert server_log.run(batch_rows=100).status == "done"
    assert "replica db_ro follows nobody, or has stopped to" in server_log.told("slowed")[0]
