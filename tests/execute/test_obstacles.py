"""Rows that can't be had stay; all others of the rule go.

Others hold them locked, a statement takes too long for them, a trigger refuses them, or they only go together.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from retention.database.mariadb import MariaDB
from retention.execute.clusters import Clusters
from retention.execute.pace import Pace
from retention.execute.ranges import Staged
from retention.execute.throttle import Throttle
from retention.execute.told import Telling
from retention.matrix.binding import Binding
from support.bench import Bench
from support.engines import SERVERS

AS_OF = date(2026, 11, 24)
DUE = "2020-05-05"
ROWS = 900
SHAPES = [
    "a sweep",
    "columns",
    *(pytest.param(one, marks=pytest.mark.thorough) for one in ("two sweeps", "a walk by keys")),
]


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    with ExitStack() as opened:
        bench = Bench(request.getfixturevalue(f"{request.param}_url"), tmp_path)
        opened.callback(bench.close)
        yield bench


on_servers = pytest.mark.parametrize("server", SERVERS, indirect=True)
everywhere = pytest.mark.parametrize("server", ["sqlite", *SERVERS], indirect=True)
on_sqlite = pytest.mark.parametrize("server", ["sqlite"], indirect=True)


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
    bench.do([f"ANALYZE {'TABLE ' if bench.engine == 'mariadb' else ''}log"])
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


def frozen(bench: Bench, event: str, *keys: int) -> None:
    """Let a trigger of the shop refuse rows."""
    which = f"OLD.id IN ({', '.join(map(str, keys))})"
    if bench.engine == "postgresql":
        bench.do(
            [
                f"CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF {which} THEN RAISE EXCEPTION "
                "''settled''; END IF; IF TG_OP = ''DELETE'' THEN RETURN OLD; END IF; RETURN NEW; END'",
                f"CREATE TRIGGER frozen BEFORE {event} ON log FOR EACH ROW EXECUTE FUNCTION frozen()",
            ]
        )
    elif bench.engine == "mariadb":
        refuse = f"IF {which} THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'settled'; END IF"
        bench.do([f"CREATE TRIGGER frozen BEFORE {event} ON log FOR EACH ROW {refuse}"])
    else:
        refuse = f"WHEN {which} BEGIN SELECT RAISE(ABORT, 'settled'); END"
        bench.do([f"CREATE TRIGGER frozen BEFORE {event} ON log {refuse}"])


@everywhere
@pytest.mark.parametrize(
    "shape", ["a sweep", *(pytest.param(one, marks=pytest.mark.thorough) for one in ("a walk by keys", "columns"))]
)
@pytest.mark.usefixtures("alone")
def test_a_row_that_a_trigger_keeps_stays_alone(server: Bench, shape: str) -> None:
    matrix = made(server, shape)
    frozen(server, "UPDATE" if shape == "columns" else "DELETE", 3, 700)
    with pytest.raises(AssertionError, match="2 due rows were left for the end and couldn't be had there") as failed:
        server.run(matrix, AS_OF)
    assert "refused with" in str(failed.value) and "settled" not in str(failed.value)
    assert left(server) == [3, 700]


@everywhere
@pytest.mark.usefixtures("alone")
def test_a_table_whose_every_row_is_refused_is_given_up_soon(server: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = made(server, "columns", 3000)
    frozen(server, "UPDATE", *range(1, 3001))
    tries: list[int] = []
    monkeypatch.setattr(Pace, "halve", lambda _self: tries.append(1))
    with pytest.raises(AssertionError, match="refused with"):
        server.run(matrix, AS_OF)
    assert len(tries) < 45
    assert len(left(server)) == 3000


def circles(bench: Bench, number: int, rows: int = 2, *more: str) -> Any:
    """Fill the log with rows that refer to each other in circles, and with more of them; return its matrix."""
    bench.do(["CREATE TABLE log (id INTEGER PRIMARY KEY, seen_on DATE NOT NULL, note TEXT, mate INTEGER)"])
    values = [
        f"({first + at}, '{DUE}', 'x', {first + (at + 1) % rows})"
        for first in range(1, number * rows, rows)
        for at in range(rows)
    ]
    bench.do(["INSERT INTO log VALUES " + ", ".join([*values, *more]), "CREATE INDEX log_mate ON log (mate)"])
    mate = {"name": "mate", "columns": ["mate"], "to": "shop.log", "to_columns": ["id"]}
    return bench.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {"shop.log": {"none": "t", "relations": [mate]}},
            "rules": [
                {"id": "log", "table": "shop.log", "keep": [{"basis": "one", "since": "seen_on"}], "then": "delete"}
            ],
        }
    )


@on_servers
@pytest.mark.usefixtures("alone")
def test_one_locked_row_keeps_its_own_circle_alone(server: Bench) -> None:
    matrix = circles(server, 300)
    with locked(server, 301), pytest.raises(AssertionError, match="rows that go together were left 1 time") as failed:
        server.run(matrix, AS_OF)
    assert "holds a lock" in str(failed.value)
    assert left(server) == [301, 302]


@on_sqlite
def test_one_refused_row_keeps_its_own_circle_alone(server: Bench) -> None:
    matrix = circles(server, 300)
    frozen(server, "DELETE", 302)
    with pytest.raises(AssertionError, match="rows that go together were left 1 time"):
        server.run(matrix, AS_OF)
    assert left(server) == [301, 302]


@on_sqlite
def test_a_circle_larger_than_the_row_budget_is_told_of(server: Bench) -> None:
    matrix = circles(server, 1, 60, *(f"({n}, '{DUE}', 'x', NULL)" for n in range(101, 111)))
    for done in (10, 0):
        outcome = server.run(matrix, AS_OF, budget=50)["log"]
        assert (outcome.status, outcome.done) == ("stopped", done)
        assert outcome.reason == "row budget: 60 rows go together or not at all"
    assert server.run(matrix, AS_OF, budget=60)["log"].status == "done"


@on_sqlite
def test_where_few_rows_are_free_the_stop_switch_is_looked_at_all_the_same(
    server: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a chain a row is free once the one behind it has gone: all but the last are looked through for nothing."""
    matrix = circles(server, 1, 1000)
    server.do(["UPDATE log SET mate = NULL WHERE id = 1000"])
    looks: list[str] = []
    next_ = Staged.next

    def counted(*arguments: Any) -> Any:
        looks.append("range")
        return next_(*arguments)

    monkeypatch.setattr(Staged, "next", counted)
    # However slow the machine is that the test runs on.
    monkeypatch.setattr(Binding, "target_ms", 1000.0)
    monkeypatch.setattr(Pace, "__post_init__", lambda pace: setattr(pace, "rows", 1))
    server.run(matrix, AS_OF, stop=lambda: looks.append("stop"))
    assert all(before == "stop" for before, here in itertools.pairwise(looks) if here == "range")
    assert 0 < looks.count("range") < 50


@everywhere
@pytest.mark.parametrize("then", ["delete", pytest.param("erase", marks=pytest.mark.thorough)])
def test_a_few_approved_rows_among_many_others_go_within_the_budget(
    server: Bench, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = made(server, "columns" if then == "erase" else "a walk by keys")
    server.do(["UPDATE log SET seen_on = '2026-11-01' WHERE id <= 700"])
    plan = server.planner(matrix, AS_OF, known=False).plan([server.bind(matrix)])
    server.do([f"UPDATE log SET seen_on = '{DUE}'"])
    monkeypatch.setattr("retention.execute.pace._GROWTH", 1.0)
    monkeypatch.setattr(Pace, "__post_init__", lambda pace: setattr(pace, "rows", 4))
    outcome = server.run(matrix, AS_OF, plan=plan, budget=50)["log"]
    assert (outcome.status, outcome.done) == ("stopped", 50)
    assert left(server) == [*range(1, 701), *range(751, 901)]


@on_sqlite
@pytest.mark.parametrize("together", [False, True], ids=["alone", "in a circle"])
def test_an_error_that_nobody_foresaw_fails_its_rule_alone(
    server: Bench, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    circles(server, 2)
    server.do(
        [
            "CREATE TABLE page (id INTEGER PRIMARY KEY, seen_on DATE NOT NULL)",
            f"INSERT INTO page VALUES (1, '{DUE}')",
            "ALTER TABLE log ADD COLUMN page_id INTEGER",
        ]
    )
    mate = {"name": "mate", "columns": ["mate"], "to": "shop.log", "to_columns": ["id"]}
    page = {"name": "page", "columns": ["page_id"], "to": "shop.page", "to_columns": ["id"]}
    rule = {"keep": [{"basis": "one", "since": "seen_on"}], "then": "delete"}
    matrix = server.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {
                "shop.log": {"none": "t", "relations": [page, mate] if together else [page]},
                "shop.page": {"none": "t"},
            },
            "rules": [{"id": "log", "table": "shop.log", **rule}, {"id": "page", "table": "shop.page", **rule}],
        }
    )
    read = Telling.read

    def broken(self: Any, *arguments: Any, **more: Any) -> Any:
        if isinstance(self, Telling) and self.rule.id != "log":
            return read(self, *arguments)
        raise ValueError("kim@example.kr")

    monkeypatch.setattr(*((Clusters, "batch", broken) if together else (Telling, "read", broken)))
    with pytest.raises(AssertionError) as failed:
        server.run(matrix, AS_OF)
    told = "rule log: internal error (ValueError); run again with --debug, and report it"
    assert str(failed.value) == str({"log": told})
    assert server.all("SELECT count(*) FROM page") == [(0,)]
