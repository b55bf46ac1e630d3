"""Rows that others hold locked, or that a statement takes too long for, stay; all others of the rule go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from retention.database.mariadb import MariaDB
from retention.execute.pace import Pace
from retention.execute.throttle import Throttle
from support.bench import Bench
from support.engines import SERVERS

AS_OF = date(2026, 11, 24)
DUE = "2020-05-05"
ROWS = 900
SHAPES = ["a sweep", "two sweeps", "a walk by keys", "columns"]


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as opened:
        bench = Bench(request.getfixturevalue(f"{request.param}_url"), tmp_path)
        opened.callback(bench.close)
        yield bench


on_servers = pytest.mark.parametrize("server", SERVERS, indirect=True)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for a lock for longer than engines can be told to at least."""
    monkeypatch.setattr(Throttle, "lock_timeout_ms", 20)
    monkeypatch.setattr(
        MariaDB, "lock_timeout", lambda _self, on, _ms: on.exec_driver_sql("SET innodb_lock_wait_timeout = 0")
    )


def made(bench: Bench, shape: str, rows: int = ROWS) -> Any:
    """Fill the log, and return the matrix by which its rows are walked so."""
    bench.do(["CREATE TABLE log (id INTEGER PRIMARY KEY, seen_on DATE NOT NULL, note VARCHAR(400))"])
    bench.do(
        ["INSERT INTO log VALUES " + ", ".join(f"({n}, '{DUE}', '{'x' * 300}')" for n in range(1, rows + 1))]
        if rows
        else []
    )
    bench.do([f"ANALYZE {'' if bench.engine == 'postgresql' else 'TABLE '}log"])
    if shape == "columns":
        return bench.one_rule(then="erase", columns=["note"])
    if shape != "a walk by keys":
        return bench.one_rule()
    bench.do(
        [
            "CREATE TABLE line (id INTEGER PRIMARY KEY, log_id INTEGER NOT NULL, "
            "FOREIGN KEY (log_id) REFERENCES log (id))"
        ]
    )
    bench.do(["CREATE INDEX line_log ON line (log_id)"])
    keep = [{"basis": "one", "since": "seen_on"}]
    return bench.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {"shop.log": {"none": "t"}, "shop.line": {"none": "t"}},
            "rules": [{"id": "log", "table": "shop.log", "keep": keep, "then": "delete", "with": ["shop.line"]}],
        }
    )


def left(bench: Bench) -> Sequence[int]:
    """Return the keys of the rows that are as they were."""
    return [key for (key,) in bench.all("SELECT id FROM log WHERE note IS NOT NULL ORDER BY id")]


@contextmanager
def locked(bench: Bench, *keys: int) -> Iterator[None]:
    """Let somebody else hold rows, for as long as it takes."""
    with bench.database.engine.connect() as holder, holder.begin():
        some = ", ".join(map(str, keys))
        holder.exec_driver_sql(f"SELECT id FROM log WHERE id IN ({some}) FOR UPDATE").all()
        yield


@on_servers
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.slow
@pytest.mark.usefixtures("alone")
def test_locked_rows_stay_and_all_others_go(server: Bench, shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if shape == "two sweeps":
        monkeypatch.setattr("retention.execute.second.WORTH_TWO", ROWS // 2)
    matrix = made(server, shape)
    held = [1, 450, 451, 899]
    with locked(server, *held), pytest.raises(AssertionError, match="due rows were left for the end") as failed:
        server.run(matrix, AS_OF)
    assert "holds a lock" in str(failed.value)
    # MariaDB looks at the row behind a range as well.
    beside = {449, 898} if server.engine == "mariadb" else set()
    assert set(held) <= set(left(server)) <= {*held, *beside}
    assert server.run(matrix, AS_OF)["log"].status == "done"
    assert not left(server)


@on_servers
def test_a_lock_that_is_let_go_in_time_keeps_nothing(server: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = made(server, "a sweep")
    with ExitStack() as holding:
        holding.enter_context(locked(server, 450))
        # The holder lets go when the walk has ended, before the last one begins.
        monkeypatch.setattr("retention.execute.worker.Worker.once_more", lambda _worker: holding.close(), raising=True)
        assert server.run(matrix, AS_OF)["log"].status == "done"
    assert not left(server)


@on_servers
@pytest.mark.slow
def test_a_table_that_is_locked_as_a_whole_is_given_up_soon(server: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = made(server, "a walk by keys", 300)
    tries: list[int] = []
    monkeypatch.setattr(Pace, "halve", lambda _self: tries.append(1))
    with locked(server, *range(1, 301)), pytest.raises(AssertionError, match="holds a lock"):
        server.run(matrix, AS_OF)
    assert len(tries) < 45
    assert len(left(server)) == 300


@on_servers
@pytest.mark.parametrize(
    "shape", ["a sweep", *(pytest.param(one, marks=pytest.mark.thorough) for one in ("a walk by keys", "columns"))]
)
def test_a_statement_that_takes_too_long_is_made_smaller(server: Bench, shape: str) -> None:
    matrix = made(server, shape)
    which = "UPDATE" if shape == "columns" else "DELETE"
    name = make_url(server.url).username
    if server.engine == "postgresql":
        server.do(
            [
                "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN PERFORM pg_sleep(0.002); IF TG_OP = ''DELETE'' THEN RETURN OLD; END IF; RETURN NEW; END'",
                f"CREATE TRIGGER slow BEFORE {which} ON log FOR EACH ROW EXECUTE FUNCTION slow()",
                f"ALTER ROLE {name} IN DATABASE {make_url(server.url).database} SET statement_timeout = '500ms'",
            ]
        )
    else:
        server.do([f"CREATE TRIGGER slow BEFORE {which} ON log FOR EACH ROW SET @slept = SLEEP(0.002)"])
        server.do(["SET GLOBAL max_statement_time = 0.5"])
    server.database.engine.dispose()
    try:
        assert server.run(matrix, AS_OF)["log"].status == "done"
    finally:
        if server.engine == "mariadb":
            server.do(["SET GLOBAL max_statement_time = 0"])
    assert not left(server)
