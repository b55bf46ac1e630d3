"""SQLite's rollback journal: kept from batch to batch while a unit is at work, and gone when it has ended."""

from __future__ import annotations

import signal
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from support.bench import Bench
from support.doomed import STEPS, start
from support.library import make_library
from support.shop import DAY

AS_OF = date(2026, 11, 24)
DUE, YOUNG = "2020-05-05", "2026-05-05"

pytestmark = pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)


def _made(bench: Bench) -> Any:
    bench.do(["CREATE TABLE log (id INTEGER PRIMARY KEY, seen_on DATE NOT NULL)"])
    bench.do([f"INSERT INTO log VALUES {', '.join(f'({n}, {DUE!r})' for n in range(600))}"])
    return bench.one_rule()


def _journal(url: str) -> Path:
    return Path(f"{make_url(url).database}-journal")


def test_it_is_kept_between_batches_and_others_may_write_meanwhile(bench: Bench) -> None:
    matrix, journal = _made(bench), _journal(bench.url)
    kept: list[bool] = []

    def between() -> None:
        kept.append(journal.exists())
        if len(kept) == 6:
            bench.do([f"INSERT INTO log VALUES (1000, '{YOUNG}')"])

    outcome = bench.run(matrix, AS_OF, stop=between, batch_rows=100)["log"]
    assert any(kept) and len(kept) > 6
    assert (outcome.done, bench.all("SELECT id FROM log")) == (600, [(1000,)])
    assert not journal.exists()
    assert bench.all("PRAGMA journal_mode") == [("delete",)]


def test_a_database_with_a_write_ahead_log_stays_one(bench: Bench) -> None:
    matrix = _made(bench)
    with bench.database.engine.connect() as plain:
        plain.connection.execute("PRAGMA journal_mode = WAL")
    assert bench.run(matrix, AS_OF, batch_rows=100)["log"].done == 600
    assert bench.all("PRAGMA journal_mode") == [("wal",)]
    assert not _journal(bench.url).exists()


def test_the_next_run_takes_away_what_a_killed_one_has_left(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    library = make_library(engine_url, tmp_path)
    visits = ("run", "--rule", "visits", "--as-of", DAY.isoformat())
    process = start(library.environment, visits, STEPS[4], 1, signal.SIGKILL)
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    assert _journal(library.url).exists()
    assert library.call(capsys, "run", "--json", "--rule", "visits").code == 0
    assert not _journal(library.url).exists()
