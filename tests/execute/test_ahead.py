"""A batch's entry is written while its rows go: the commit waits for it, and a batch that fails leaves only words."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from retention.execute import ahead
from retention.ledger import LedgerFault
from support.bench import Bench, Chain, NoHolds
from support.beside import Beside

AS_OF = date(2026, 11, 24)
DUE, YOUNG = "2020-05-05", "2026-05-05"
ROWS = 1000


def _made(bench: Bench, then: str) -> Any:
    """Fill a log, all of whose rows but the first are due, and return its matrix."""
    bench.do(["CREATE TABLE log (id BIGINT PRIMARY KEY, seen_on DATE NOT NULL, who VARCHAR(20), changed_at TIMESTAMP)"])
    some = ", ".join(f"({n}, '{DUE if n else YOUNG}', 'w{n}', NULL)" for n in range(ROWS + 1))
    bench.do([f"INSERT INTO log VALUES {some}"])
    return bench.one_rule(**({} if then == "delete" else {"then": "erase", "columns": ["who"]}))


def _markers(bench: Bench) -> dict[int, int]:
    return {int(seq): int(rows) for seq, rows in bench.all("SELECT seq, row_count FROM retention_batch")}


class Slow(Chain):
    """A ledger that takes its time, and looks at its end which batches are committed."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.early: list[int] = []

    def append(self, kind: str, body: Mapping[str, Any], blob: bytes | None = None) -> None:
        if kind == "batch":
            time.sleep(0.1)
            self.early.extend(seq for seq in _markers(self.bench) if seq >= body["seq"])
        super().append(kind, body, blob)


@pytest.mark.parametrize("then", ["delete", pytest.param("erase", marks=pytest.mark.thorough)])
def test_no_batch_is_committed_before_its_entry_is_written(bench: Bench, then: str) -> None:
    chain = Slow(bench)
    outcome = bench.run(_made(bench, then), AS_OF, chain=chain, batch_rows=400)["log"]
    assert (outcome.done, outcome.status, chain.early) == (ROWS, "done", [])
    assert _markers(bench) == {body["seq"]: body["rows"] for body in chain.batches}


@pytest.mark.parametrize("then", ["delete", "erase"])
def test_nothing_goes_where_the_entry_can_not_be_written(bench: Bench, then: str) -> None:
    class Full(Chain):
        def append(self, kind: str, body: Mapping[str, Any], blob: bytes | None = None) -> None:
            if kind == "batch" and body["seq"] == 2:
                raise LedgerFault("ledger: its disk is full")
            super().append(kind, body, blob)

    matrix, chain = _made(bench, then), Full()
    with pytest.raises(LedgerFault, match="disk is full"):
        bench.run(matrix, AS_OF, chain=chain, batch_rows=400)
    assert _markers(bench) == {body["seq"]: body["rows"] for body in chain.batches}
    untouched = bench.all("SELECT count(*) FROM log WHERE who IS NOT NULL")[0][0]
    assert ROWS + 1 - untouched == sum(_markers(bench).values()) > 0


@pytest.mark.usefixtures("alone")
def test_a_batch_that_fails_is_told_anew_under_its_number(bench: Bench) -> None:
    """The first statement meets somebody's lock, or what has become of a row meanwhile."""
    if bench.engine == "sqlite":
        pytest.skip("who writes there has the file alone")
    matrix, written = _made(bench, "delete"), Slow(bench)
    changed = [f"UPDATE log SET seen_on = '{YOUNG}' WHERE id = 5"]
    with Beside(lambda: bench.do(changed), starts="DELETE FROM log") as beside:
        outcome = bench.run(matrix, AS_OF, chain=written, batch_rows=400)["log"]
    assert beside.acted
    assert (outcome.done, outcome.survived) == (ROWS - 1, 1)
    told = [body["seq"] for kind, body in written.entries if kind == "batch"]
    assert told.count(1) == 2 and told == sorted(told), "the entry of the first try, and then that of the second"
    assert _markers(bench) == {body["seq"]: body["rows"] for body in written.batches}


@pytest.mark.usefixtures("alone")
def test_of_a_batch_that_never_was_the_ledger_says_so(bench: Bench) -> None:
    """A trigger refuses a row: the entry was written by then, and no marker is there."""
    matrix, chain = _made(bench, "delete"), Chain()
    bench.do(_refusing(bench.engine))
    with pytest.raises(AssertionError, match="refused"):
        bench.run(matrix, AS_OF, chain=chain, batch_rows=2000)
    kinds = [(kind, body["seq"]) for kind, body in chain.entries if kind.startswith("batch")]
    never = {seq for _kind, seq in kinds} - set(_markers(bench))
    assert never and all(kinds.count(("batch", seq)) == kinds.count(("batch_undone", seq)) for seq in never)


def _refusing(engine: str) -> list[str]:
    if engine == "postgresql":
        return [
            "CREATE FUNCTION frozen() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''frozen''; END'",
            "CREATE TRIGGER frozen BEFORE DELETE ON log FOR EACH ROW EXECUTE FUNCTION frozen()",
        ]
    refuse = "SELECT RAISE(ABORT, 'frozen');" if engine == "sqlite" else "SIGNAL SQLSTATE '45000';"
    return [f"CREATE TRIGGER frozen BEFORE DELETE ON log FOR EACH ROW BEGIN {refuse} END"]


@pytest.mark.thorough
@pytest.mark.parametrize("then", ["delete", "erase"])
@pytest.mark.parametrize("silent", ["entry", "register"])
def test_a_ledger_that_does_not_answer_keeps_nobody_from_the_rows_for_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, then: str, silent: str
) -> None:
    monkeypatch.setattr(ahead, "PATIENCE_S", 0.3)
    asked, answers = threading.Event(), threading.Event()

    class Silent(Chain):
        def append(self, kind: str, body: Mapping[str, Any], blob: bytes | None = None) -> None:
            if kind == "batch":
                asked.set()
                if silent == "entry":
                    answers.wait(60)
            super().append(kind, body, blob)

    class Register(NoHolds):
        def version(self) -> int:
            if silent == "register" and asked.is_set():
                answers.wait(60)
            return 0

    matrix, faults = _made(bench, then), []

    def night() -> None:
        try:
            bench.run(matrix, AS_OF, chain=Silent(), holds=Register(), batch_rows=400)
        except LedgerFault as fault:
            faults.append(str(fault))

    running = threading.Thread(target=night)
    running.start()
    assert asked.wait(60)
    try:
        time.sleep(1.5)
        bench.do(["SET lock_timeout = '1s'"] if bench.engine == "postgresql" else [])
        bench.do([f"UPDATE log SET seen_on = '{YOUNG}' WHERE seen_on < '{YOUNG}'"])
    finally:
        answers.set()
        running.join(60)
    assert faults == ["the ledger has not answered for 0.3 s; nothing is destroyed that it doesn't hold"]
    assert bench.all("SELECT count(*) FROM log WHERE who IS NOT NULL")[0][0] == ROWS + 1
    assert _markers(bench) == {}
