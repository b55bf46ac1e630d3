"""Sweeping a table by ranges: every due row goes and no other one, whatever the key, the order and the density."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import CacheStats

from retention.database.mariadb import MariaDB
from retention.execute.drag import Drag
from retention.execute.others import OthersSignal
from retention.execute.sweep import Sweep
from retention.execute.told import Telling
from retention.keys.fingerprint import Fingerprinter
from support.bench import Bench, Chain
from support.beside import Beside
from support.engines import SERVERS

AS_OF = date(2026, 11, 24)
DUE, YOUNG = "2020-05-05", "2026-05-05"
KEYS = {
    "number": ("id BIGINT PRIMARY KEY", ["id"], str),
    "row's own number": ("id INTEGER PRIMARY KEY", ["id"], str),
    "text": ("id VARCHAR(40) PRIMARY KEY", ["id"], lambda n: f"'열쇠 {n * 7919 % 100003}, {n}'"),
    "two columns": ("a INTEGER, b VARCHAR(20)", ["a", "b"], lambda n: f"{n % 7}, 'b{n}'"),
    "unique only": ("id BIGINT NOT NULL UNIQUE", ["id"], lambda n: str(n * 3)),
}


on_servers = pytest.mark.parametrize("engine_url", SERVERS, indirect=True)


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which way each batch of a sweep walked."""
    ways: list[str] = []
    batch = Sweep.batch

    def noted(self: Sweep, *arguments: Any, **named: Any) -> Any:
        ways.append(type(self.ranges).__name__)
        return batch(self, *arguments, **named)

    monkeypatch.setattr(Sweep, "batch", noted)
    return ways


def _make(bench: Bench, key: str, days: list[str | None], *, index: bool = True) -> None:
    columns, _names, value = KEYS[key]
    whole = ", PRIMARY KEY (a, b)" if key == "two columns" else ""
    statements = [f"CREATE TABLE log ({columns}, seen_on DATE, pad VARCHAR(100){whole})"]
    for at in range(0, len(days), 200):
        some = [
            f"({value(n)}, {'NULL' if day is None else repr(day)}, 'pad')"
            for n, day in enumerate(days[at : at + 200], at + 1)
        ]
        statements.append(f"INSERT INTO log VALUES {', '.join(some)}")
    if index:
        statements.append("CREATE INDEX log_seen ON log (seen_on)")
    if bench.engine != "sqlite":
        statements.append("ANALYZE log" if bench.engine == "postgresql" else "ANALYZE TABLE log")
    bench.do(statements)


def _matrix(bench: Bench, key: str = "number", **rule: Any) -> Any:
    return bench.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {"shop.log": {"none": "t", "key": KEYS[key][1]}},
            "rules": [
                {
                    "id": "log",
                    "table": "shop.log",
                    "keep": [{"basis": "one", "since": "seen_on"}],
                    "then": "delete",
                    **rule,
                }
            ],
        }
    )


def _left(bench: Bench) -> tuple[int, int]:
    due = bench.all(f"SELECT count(*) FROM log WHERE seen_on = '{DUE}'")[0][0]
    return int(due), int(bench.all("SELECT count(*) FROM log")[0][0])


@pytest.mark.parametrize("proof_of", ["keys", pytest.param("count", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("key", KEYS)
def test_every_due_row_goes_and_no_other(bench: Bench, swept: list[str], key: str, proof_of: str) -> None:
    chance = random.Random(key)
    days = [chance.choice([DUE, DUE, DUE, YOUNG, None]) for _ in range(2500)]
    _make(bench, key, days)
    chain = Chain()
    outcome = bench.run(_matrix(bench, key, proof=proof_of), AS_OF, chain=chain, batch_rows=400)["log"]
    assert (outcome.done, outcome.status, outcome.drifted) == (days.count(DUE), "done", 0)
    assert _left(bench) == (0, len(days) - days.count(DUE))
    assert (outcome.oldest, outcome.newest) == (date.fromisoformat(DUE), date.fromisoformat(DUE))
    batches = chain.batches
    assert sum(body["rows"] for body in batches) == outcome.done and max(body["rows"] for body in batches) <= 400
    told = sum(body["fingerprints"] for body in batches)
    assert told == (outcome.done if proof_of == "keys" else 0)
    assert set(swept) == {"Blocks" if bench.engine == "postgresql" else "Keys"}


@pytest.mark.parametrize("key", ["number", "two columns"])
def test_the_statements_of_a_large_rule_are_tried_over_no_rows_before_its_first_batch(
    bench: Bench, two: None, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    days = [DUE, DUE, YOUNG] * 500
    _make(bench, key, days)
    prepare, batch = Sweep.prepare, Sweep.batch
    left: list[tuple[int, int]] = []
    parsed: list[str] = []

    def prepared(self: Sweep, connection: Any) -> None:
        prepare(self, connection)
        left.append(_left(bench))
        event.listen(connection, "before_cursor_execute", noted)

    def noted(_connection: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
        if context.cache_hit is CacheStats.CACHE_MISS and ("DELETE" in statement or "count(" in statement):
            parsed.append(statement)

    def one(self: Sweep, connection: Any, ahead: Any, **rows: Any) -> Any:
        done = batch(self, connection, ahead, **rows)
        assert not parsed, "no lock is held while a statement is written"
        return done

    monkeypatch.setattr(Sweep, "prepare", prepared)
    monkeypatch.setattr(Sweep, "batch", one)
    matrix = _matrix(bench, key)
    object.__setattr__(matrix.databases["shop"].execute, "workers", 1)
    outcome = bench.run(matrix, AS_OF, batch_rows=400)["log"]
    assert left and set(left) == {(1000, 1500)}, "none has gone"
    assert (outcome.done, outcome.status, _left(bench)) == (1000, "done", (0, 500))


@pytest.mark.parametrize(
    "written", ["2020-02-30", *(pytest.param(one, marks=pytest.mark.thorough) for one in ("2020-05-05x", ""))]
)
def test_rows_whose_clocks_only_look_due_stay_and_are_not_told_of(bench: Bench, swept: list[str], written: str) -> None:
    ill = {3, 4, 700, 1500, 1501}
    _make(bench, "number", [])
    bench.do(["DROP TABLE log", "CREATE TABLE log (id BIGINT PRIMARY KEY, seen_on VARCHAR(20), pad VARCHAR(100))"])
    some = [f"({n}, '{written if n in ill else DUE}', 'pad')" for n in range(2000)]
    bench.do([f"INSERT INTO log VALUES {', '.join(some)}"])
    chain = Chain()
    matrix = _matrix(bench, keep=[{"basis": "one", "since": {"column": "seen_on", "as": "date"}}])
    outcome = bench.run(matrix, AS_OF, chain=chain, batch_rows=300)["log"]
    assert (outcome.done, outcome.status) == (1995, "done")
    assert {row[0] for row in bench.all("SELECT id FROM log")} == ill
    batches = chain.batches
    assert [sum(body[name] for body in batches) for name in ("rows", "fingerprints")] == [1995, 1995]
    assert (outcome.oldest, outcome.newest) == (date.fromisoformat(DUE), date.fromisoformat(DUE))
    assert swept


def test_few_due_rows_are_sought_by_their_clock(bench: Bench, swept: list[str]) -> None:
    start = date(2026, 1, 1)
    days: list[str | None] = [(start + timedelta(days=n % 300)).isoformat() for n in range(6000)]
    for n in range(60):
        days[n * 97] = (date(2020, 1, 1) + timedelta(days=n // 9)).isoformat()
    _make(bench, "number", days)
    outcome = bench.run(_matrix(bench), AS_OF)["log"]
    assert (outcome.done, outcome.oldest, outcome.newest) == (60, date(2020, 1, 1), date(2020, 1, 7))
    assert set(swept) == {"Clock"}


@pytest.mark.parametrize("order", ["the key's", "random", "the key's, many a day"])
def test_many_due_rows_are_walked_by_their_clock_where_they_lie_in_its_order(
    bench: Bench, swept: list[str], order: str
) -> None:
    start, a_day = date(2018, 1, 1), 300 if "many" in order else 3
    days: list[str | None] = [(start + timedelta(days=n // a_day)).isoformat() for n in range(3000)]
    if order == "random":
        random.Random(1).shuffle(days)
    _make(bench, "row's own number", [*days, *([YOUNG] * 500)])
    outcome = bench.run(_matrix(bench, "row's own number"), AS_OF, batch_rows=400)["log"]
    assert (outcome.done, outcome.status, outcome.drifted) == (3000, "done", 0)
    assert _left(bench) == (0, 500)
    by_clock = bench.engine == "sqlite" and order == "the key's"
    assert set(swept) == {"Clock" if by_clock else "Blocks" if bench.engine == "postgresql" else "Keys"}


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
def test_the_last_range_of_a_clock_ends_at_the_cutoff(bench: Bench) -> None:
    start = date(2018, 1, 1)
    _make(
        bench, "row's own number", [(start + timedelta(days=n // 3)).isoformat() for n in range(3000)] + [YOUNG] * 500
    )
    sought: list[tuple[str, Any]] = []

    def noted(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, _many: bool) -> None:
        if statement.startswith(("DELETE FROM log", "SELECT count(*) AS count_1, min")):
            sought.append((statement, values))

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        bench.run(_matrix(bench, "row's own number"), AS_OF, batch_rows=400)
    finally:
        event.remove(Engine, "before_cursor_execute", noted)
    with bench.sql() as connection:
        plans = {connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", values).one()[-1] for one, values in sought}
    assert plans and all("log_seen (seen_on>? AND seen_on<?)" in one for one in plans)


def test_more_equal_clocks_than_a_batch_may_have_go_as_well_and_are_never_told_of_at_once(
    bench: Bench, swept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MariaDB locks what it tells of, and tells no more keys than one text holds."""
    told: list[int] = []
    read = Telling.read

    def noted(self: Telling, found: Any) -> Any:
        one = read(self, found)
        told.append(one.rows)
        return one

    monkeypatch.setattr(Telling, "read", noted)
    days: list[str | None] = [YOUNG] * 9000
    days[100:700] = [DUE] * 600
    days[700] = "2020-06-06"
    _make(bench, "number", days)
    outcome = bench.run(_matrix(bench), AS_OF, batch_rows=50)["log"]
    assert (outcome.done, outcome.status) == (601, "done")
    assert outcome.batches >= 601 / 50
    assert "Clock" in swept and 0 < max(told) <= 50


def test_a_budget_is_never_overrun_however_dense_the_rows_lie(bench: Bench, swept: list[str]) -> None:
    _make(bench, "number", [DUE] * 900)
    outcome = bench.run(_matrix(bench), AS_OF, budget=7)["log"]
    assert (outcome.done, outcome.status, outcome.reason) == (7, "stopped", "row budget")
    assert _left(bench) == (893, 893)
    assert swept


def test_of_a_sealed_plan_no_row_goes_that_came_due_later(bench: Bench, swept: list[str]) -> None:
    _make(bench, "number", [DUE] * 1000 + [YOUNG] * 200)
    matrix = _matrix(bench)
    plan = bench.planner(matrix, AS_OF, known=False).plan([bench.bind(matrix)])
    assert plan.rules[0].sealed is not None
    bench.do([f"UPDATE log SET seen_on = '{DUE}' WHERE id > 1150", f"UPDATE log SET seen_on = '{YOUNG}' WHERE id < 11"])
    outcome = bench.run(matrix, AS_OF, plan=plan)["log"]
    assert (outcome.done, outcome.survived, outcome.drifted) == (990, 10, 50)
    assert _left(bench) == (50, 210)
    assert swept


def test_a_row_that_moves_behind_the_walk_is_found_afterwards(bench: Bench, swept: list[str]) -> None:
    """PostgreSQL writes a changed row anew, into room that a VACUUM found in blocks the walk has passed."""
    _make(bench, "number", [YOUNG] * 300 + [DUE] * 2000)
    matrix = _matrix(bench)
    moved: list[int] = []

    def between() -> None:
        if bench.engine == "postgresql" and not moved and len(swept) > 2:
            before = bench.all("SELECT ctid FROM log WHERE id = 1500")[0][0]
            with bench.database.engine.connect() as plain:
                plain.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM log")
            bench.do(["UPDATE log SET pad = repeat('x', 90) WHERE id BETWEEN 1500 AND 1505"])
            after = bench.all("SELECT ctid FROM log WHERE id = 1500")[0][0]
            assert after < before, "the row went forward: the test shows nothing"
            moved.append(1)

    outcome = bench.run(matrix, AS_OF, stop=between, batch_rows=200)["log"]
    assert moved or bench.engine != "postgresql"
    assert (outcome.done, outcome.status, _left(bench)) == (2000, "done", (0, 300))


@on_servers
@pytest.mark.usefixtures("alone")
def test_what_changes_between_being_told_of_and_going_is_told_of_anew(bench: Bench, swept: list[str]) -> None:
    """One row no longer is due and another one has become so: as many as before, and others."""
    _make(bench, "number", [DUE] * 4 + [DUE, YOUNG] + [DUE] * 994)
    if bench.engine == "postgresql":
        # A changed row stays in its block.
        bench.do(["ALTER TABLE log SET (fillfactor = 50)"])
        with bench.database.engine.connect() as plain:
            plain.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM FULL log")
    changes = (f"UPDATE log SET seen_on = '{YOUNG}' WHERE id = 5", f"UPDATE log SET seen_on = '{DUE}' WHERE id = 6")
    chain = Chain()
    with Beside(lambda: bench.do(changes), starts="DELETE FROM log") as beside:
        outcome = bench.run(_matrix(bench), AS_OF, chain=chain, batch_rows=400)["log"]
    assert beside.acted and swept
    assert (bench.all("SELECT id FROM log"), outcome.done) == ([(5,)], 999)
    told = chain.fingerprints
    one, other = (Fingerprinter(bytes(32)).for_table("shop.log")([(number,)]) for number in (5, 6))
    assert len(told) == 999 * len(one)
    assert (told.find(one), told.find(other) >= 0) == (-1, True)


@on_servers
@pytest.mark.usefixtures("alone")
def test_a_row_that_comes_between_being_told_of_and_going_is_told_of(bench: Bench, swept: list[str]) -> None:
    _make(bench, "number", [DUE] * 1000)
    comes = [f"INSERT INTO log VALUES (0, '{DUE}', 'pad')"]
    chain = Chain()
    with Beside(lambda: bench.do(comes), starts="DELETE FROM log") as beside:
        bench.run(_matrix(bench), AS_OF, chain=chain, batch_rows=400)
    assert beside.acted and swept
    (left,) = bench.all("SELECT id FROM log")
    told, makes = chain.fingerprints, Fingerprinter(bytes(32)).for_table("shop.log")
    assert len(told) == 1000 * len(makes([left]))
    assert left != (0,) and told.find(makes([left])) == -1 and makes([(0,)]) in told, "as many as were planned go"


@pytest.mark.parametrize("engine_url", SERVERS[1:], indirect=True)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.usefixtures("alone")
def test_rows_are_locked_before_they_go_where_a_server_keeps_no_snapshot(
    bench: Bench, swept: list[str], known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not known:
        monkeypatch.setattr(MariaDB, "keeps_snapshot", lambda _self, _connection: False)
    _make(bench, "number", [DUE] * 1000)
    with Beside(lambda: None, starts="SELECT count(*)", mentions="FOR UPDATE") as beside:
        outcome = bench.run(_matrix(bench), AS_OF, batch_rows=400)["log"]
    assert swept and (outcome.done, beside.acted) == (1000, not known)


@pytest.mark.parametrize("engine_url", SERVERS[1:], indirect=True)
def test_rows_are_locked_before_they_go_while_others_are_at_work(
    bench: Bench, swept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a snapshot every row of the range would be locked, those as well that others change and nobody destroys."""
    monkeypatch.setattr(OthersSignal, "look", lambda _self: Drag(others=True))
    _make(bench, "number", [DUE] * 1000)
    with Beside(lambda: None, starts="SELECT count(*)", mentions="FOR UPDATE") as beside:
        outcome = bench.run(_matrix(bench), AS_OF, batch_rows=400)["log"]
    assert swept and (outcome.done, beside.acted) == (1000, True)


@pytest.mark.parametrize("engine_url", SERVERS[1:], indirect=True)
@pytest.mark.usefixtures("alone")
def test_a_live_row_that_others_keep_changing_does_not_fail_the_rule(bench: Bench, swept: list[str]) -> None:
    """Nobody counts them: the first batch that meets them is rolled back, and from then on rows are locked first."""
    _make(bench, "number", [DUE] * 100 + [YOUNG] + [DUE] * 150 + [YOUNG] + [DUE] * 750)
    changes = [0]

    def hot(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("DELETE FROM log"):
            bench.do(["UPDATE log SET pad = concat('hot', id, rand()) WHERE id = 252"])
            changes[0] += 1

    event.listen(Engine, "before_cursor_execute", hot)
    try:
        outcome = bench.run(_matrix(bench), AS_OF, batch_rows=2000)["log"]
    finally:
        event.remove(Engine, "before_cursor_execute", hot)
    assert swept and (outcome.done, outcome.status) == (1000, "done")
    # Then it comes to that row by halves, in case it can't be had at all.
    assert 2 < changes[0] < 24


@pytest.mark.parametrize("engine_url", SERVERS[1:], indirect=True)
def test_a_key_that_is_sorted_by_number_and_compared_as_text_is_walked_as_text(bench: Bench) -> None:
    places = ("web", "app")
    days = {True: DUE, False: YOUNG}
    bench.do(["CREATE TABLE log (a ENUM('web','app'), b INT, seen_on DATE, PRIMARY KEY (a, b))"])
    some = [f"('{place}', {n}, '{days[n % 5 > 0]}')" for place in places for n in range(1000)]
    bench.do([f"INSERT INTO log VALUES {', '.join(some)}"])
    matrix, chain = _matrix(bench, "two columns"), Chain()
    assert bench.run(matrix, AS_OF, budget=50)["log"].done == 50
    outcome = bench.run(matrix, AS_OF, chain=chain, batch_rows=100)["log"]
    assert (outcome.done, outcome.status, _left(bench)) == (1550, "done", (0, 400))
    assert max(body["rows"] for body in chain.batches) <= 100


@pytest.mark.parametrize("engine_url", SERVERS[:1], indirect=True)
def test_a_row_that_a_trigger_keeps_is_not_told_of(bench: Bench, swept: list[str]) -> None:
    _make(bench, "number", [DUE] * 1000)
    bench.do(
        [
            "CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN IF old.id = 5 THEN RETURN NULL; END IF; RETURN old; END $$",
            "CREATE TRIGGER kept BEFORE DELETE ON log FOR EACH ROW EXECUTE FUNCTION kept()",
        ]
    )
    chain = Chain()
    with pytest.raises(AssertionError, match="would have deleted 0 rows where 1 were read"):
        bench.run(_matrix(bench), AS_OF, chain=chain, batch_rows=400)
    assert bench.all("SELECT id FROM log") == [(5,)]
    marked = {row[0] for row in bench.all("SELECT seq FROM retention_batch")}
    gone = [body for body in chain.batches if body["seq"] in marked]
    assert sum(body["rows"] for body in gone) == sum(body["fingerprints"] for body in gone) == 999
    assert swept
