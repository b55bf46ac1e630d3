"""A hold that comes, or comes to cover a row, while a unit is at work: nothing of it goes from then on.

Whoever finds that the register has moved stages the new holds for all; the others wrote their statements before that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from retention.execute.batch import Batches
from support.bench import Bench, OneHold
from support.engines import SERVERS
from support.workers import SECOND

AS_OF = date(2026, 11, 24)
DUE = "2020-05-05"
HALF, ROWS = 1500, 3000
BASES = {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}}
CHANGED = {"then": "anonymize", "columns": {"pad": {"truncate": 1}}, "mark": "done_at"}

removed_or_changed = pytest.mark.parametrize("action", [{"then": "delete"}, CHANGED], ids=["removed", "changed"])


def _rule(table: str, **more: Any) -> dict[str, Any]:
    return {"id": table, "table": f"shop.{table}", "keep": [{"basis": "one", "since": "seen_on"}], **more}


def _log(bench: Bench, rows: int, action: dict[str, Any]) -> Any:
    """Fill a log of due rows, a person each, and return its matrix."""
    moment = "TIMESTAMP" if bench.engine == "postgresql" else "DATETIME"
    bench.do(
        [
            f"""CREATE TABLE log (id BIGINT PRIMARY KEY, seen_on DATE NOT NULL, who VARCHAR(20), pad VARCHAR(500),
                done_at {moment} NULL)"""
        ]
    )
    for at in range(1, rows, 500):
        some = (f"({n}, '{DUE}', 'w{n}', '{'x' * 400}')" for n in range(at, min(at + 500, rows + 1)))
        bench.do([f"INSERT INTO log (id, seen_on, who, pad) VALUES {', '.join(some)}"])
    if bench.engine != "sqlite":
        bench.do(["ANALYZE log" if bench.engine == "postgresql" else "ANALYZE TABLE log"])
    table = {"subject": "who", "items": {"who": "login", "pad": "note"}, "not_personal": ["id"]}
    return bench.matrix({"legal_bases": BASES, "tables": {"shop.log": table}, "rules": [_rule("log", **action)]})


def _untouched(bench: Bench, which: str) -> int:
    return int(bench.all(f"SELECT count(*) FROM log WHERE {which} AND done_at IS NULL")[0][0])


@pytest.mark.parametrize("engine_url", SERVERS, indirect=True)
@removed_or_changed
def test_both_workers_heed_it_whoever_finds_it_first(
    bench: Bench, taken: dict[str, int], action: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between two batches of whichever worker; the other one is the next to ask the register."""
    matrix = _log(bench, ROWS, action)
    hold = OneHold(kind="where", table="shop.log", where=f"id > {HALF}")
    carry_out, alone, there = Batches.carry_out, threading.Lock(), list[int]()

    def in_turn(self: Batches, *arguments: Any) -> Any:
        with alone:
            dones = carry_out(self, *arguments)
            if taken.get(SECOND, 0) >= 200 and not hold.there and threading.current_thread().name == SECOND:
                there.append(_untouched(bench, f"id > {HALF}"))
                hold.there = True
        # The lock isn't fair: the other worker has to have a turn.
        time.sleep(0.005)
        return dones

    monkeypatch.setattr(Batches, "carry_out", in_turn)
    outcome = bench.run(matrix, AS_OF, holds=hold, batch_rows=100)["log"]
    assert there and there == [_untouched(bench, f"id > {HALF}")]
    assert (outcome.status, outcome.survived, _untouched(bench, f"id <= {HALF}")) == ("partial", there[0], 0)


@pytest.mark.parametrize("kind", ["where", pytest.param("subject", marks=pytest.mark.thorough)])
def test_every_rule_of_a_knot_heeds_it(bench: Bench, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes while one rule walks, after another one of the knot has walked: that one goes on afterwards."""
    columns = "seen_on DATE NOT NULL, who VARCHAR(20)"
    many = range(1, 101)
    bench.do(
        [
            f"CREATE TABLE a (id BIGINT PRIMARY KEY, b_id BIGINT, {columns})",
            f"CREATE TABLE b (id BIGINT PRIMARY KEY, a_id BIGINT, {columns})",
            "CREATE INDEX a_b ON a (b_id)",
            "CREATE INDEX b_a ON b (a_id)",
            _rows("a", [(n, "NULL", n) for n in many] + [(1000 + n, n, n) for n in many]),
            _rows("b", [(n, n, n) for n in many] + [(1000 + n, 1000 + n, n) for n in many]),
        ]
    )
    hold = (
        OneHold(kind="where", table="shop.b", where="id <= 1000")
        if kind == "where"
        else OneHold(kind="subject", subject=("w7",))
    )
    held = "SELECT count(*) FROM b WHERE " + ("id <= 1000" if kind == "where" else "who = 'w7'")
    there: list[int] = []
    carry_out = Batches.carry_out

    def noted(self: Batches, *arguments: Any) -> Any:
        dones = carry_out(self, *arguments)
        if not hold.there and any(done.rule.id == "a" for done in dones):
            hold.there = True
            there.append(bench.all(held)[0][0])
        return dones

    monkeypatch.setattr(Batches, "carry_out", noted)
    outcomes = bench.run(_knot(bench), AS_OF, holds=hold, batch_rows=40)
    assert there and there[0] > 0 and [bench.all(held)[0][0]] == there
    assert {one.status for one in outcomes.values()} == {"partial"}


@pytest.mark.parametrize("how", ["by a change", pytest.param("as a new one", marks=pytest.mark.thorough)])
@removed_or_changed
def test_a_row_that_becomes_a_held_person_s_stays(
    bench: Bench, how: str, action: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = _log(bench, 200, action)
    row, change = (
        (150, "UPDATE log SET who = 'w7' WHERE id = 150")
        if how == "by a change"
        else (999, f"INSERT INTO log (id, seen_on, who, pad) VALUES (999, '{DUE}', 'w7', 'xyz')")
    )
    carry_out, acted = Batches.carry_out, list[str]()

    def noted(self: Batches, *arguments: Any) -> Any:
        if not acted:
            bench.do([change])
            acted.append(change)
        return carry_out(self, *arguments)

    monkeypatch.setattr(Batches, "carry_out", noted)
    outcome = bench.run(matrix, AS_OF, holds=OneHold(there=True, kind="subject", subject=("w7",)), batch_rows=50)["log"]
    assert acted and outcome.done == (198 if row == 150 else 199)
    assert _untouched(bench, f"id IN (7, {row})") == 2


def _rows(table: str, some: Sequence[tuple[Any, ...]]) -> str:
    return f"INSERT INTO {table} VALUES " + ", ".join(f"({key}, {to}, '{DUE}', 'w{n}')" for key, to, n in some)


def _knot(bench: Bench) -> Any:
    """Return the matrix of two tables that refer to each other."""

    def table(name: str, column: str, to: str) -> dict[str, Any]:
        relation = {"name": name, "columns": [column], "to": f"shop.{to}", "to_columns": ["id"]}
        return {"subject": "who", "items": {"who": "login"}, "not_personal": ["id"], "relations": [relation]}

    return bench.matrix(
        {
            "legal_bases": BASES,
            "tables": {"shop.a": table("a_b", "b_id", "b"), "shop.b": table("b_a", "a_id", "a")},
            "rules": [_rule(name, then="delete") for name in "ab"],
        }
    )
