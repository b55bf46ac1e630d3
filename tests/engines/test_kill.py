"""SIGKILL in the middle of a run: the next one ends it, and ledger, markers and rows agree.

A run is killed at a step of a batch: before its statement, after it, after its marker, after its entry in the ledger,
after its commit.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from support.doomed import STEPS, start
from support.library import make_library
from support.shop import DAY, MATRIX, Shop, changed_matrix, make_shop

pytestmark = pytest.mark.slow

ACCEPTED = ("--rule", "logins", "--accept", "logins=9999999", "--by", "the tester")
LAPSED = "logged_in_at < '2026-08-24' AND logged_in_at > '1990-01-01'"
MANY = 625
"""More than any run takes before it is killed: 500 rows, and then batches of a few."""
RUN = ("run", *ACCEPTED, "--as-of", DAY.isoformat())
PATIENCE = 120
COMMITS = 4
"""For how many seconds a server commits that is slow at it."""
MARKED = "SELECT coalesce(sum(row_count), 0) FROM retention_batch"


def _shop(url: str, folder: Path, members: int = 60) -> Shop:
    """Return a shop whose batches are small."""
    shop = make_shop(url, folder, members=members)
    # Of the few rows that are left in the end, one that can't be read would be more than the rule tolerates.
    shop.do("DELETE FROM login_log WHERE logged_in_at IS NULL OR NOT logged_in_at > '1990-01-01'")
    small = ("identity: shop-demo", "identity: shop-demo, execute: {target_ms: 0.1}")
    shop.environment["RETENTION_CONFIG"] = str(changed_matrix(folder, small))
    return shop


def _killed(shop: Shop, arguments: Sequence[str], step: str, batch: int) -> bool:
    """Run a command that is killed at a step of a batch; return whether it came so far."""
    process = start(shop.environment, arguments, step, batch, signal.SIGKILL)
    process.join(PATIENCE)
    assert process.exitcode in (-signal.SIGKILL, 0)
    return process.exitcode == -signal.SIGKILL


def _more(last: int) -> str:
    """Return what adds rows, each of a moment of its own: those of one moment go together."""
    moments = (datetime(2020, 3, 4) + timedelta(minutes=number) for number in range(MANY))
    values = ", ".join(f"({last + number}, 'learner', '{at}')" for number, at in enumerate(moments, 1))
    return f"INSERT INTO login_log (id, login_id, logged_in_at) VALUES {values}"


def test_a_killed_run_is_ended_by_the_next(engine_url: str, tmp_path: Path, capsys: Any, proof: bool) -> None:
    shop = _shop(engine_url, tmp_path, members=2000 if proof else 60)
    rows = shop.one("SELECT count(*) FROM login_log")
    chance = random.Random(7)
    killed: Counter[str] = Counter()
    first = {"sqlite": 0, "postgresql": 4, "mariadb": 7}[make_url(engine_url).get_backend_name()]
    enough = 100 if proof else 3 + (first == 0)
    for number in itertools.count(first):
        if sum(killed.values()) == enough:
            break
        assert number < first + 2 * enough, f"runs end before they are killed: {killed}"
        while shop.one(f"SELECT count(*) FROM login_log WHERE {LAPSED}") < MANY:
            shop.do(_more(shop.one("SELECT max(id) FROM login_log")))
            rows += MANY
        step = STEPS[number % len(STEPS)]
        killed[step] += _killed(shop, RUN, step, chance.randint(1, 3))
    shop.environment["RETENTION_CONFIG"] = str(MATRIX)
    ended = shop.call(capsys, "run", "--json", *ACCEPTED)
    assert ended.code == 0, ended.err
    assert shop.one(f"SELECT count(*) FROM login_log WHERE {LAPSED}") == 0
    marked = shop.one("SELECT coalesce(sum(row_count), 0) FROM retention_batch WHERE rule = 'logins'")
    assert rows - shop.one("SELECT count(*) FROM login_log") == marked
    sound = shop.call(capsys, "verify", "--json", "--rule", "logins", day=None)
    assert sound.document["problems"] == [], sound.out
    print(f"{sum(killed.values())} kills: {dict(killed)}")


@pytest.mark.thorough
def test_a_killed_change_of_columns_is_ended_by_the_next(
    engine_url: str, tmp_path: Path, capsys: Any, proof: bool
) -> None:
    """Every row is changed once: rows that had a value in common have one in common still, and no others do."""
    shop = _shop(engine_url, tmp_path, members=2000 if proof else 60)
    accepted = ("--rule", "usage", "--accept", "usage=9999999", "--by", "the tester")
    used = "used_at < '2026-08-23 15:00:00' AND used_at > '1990-01-01'"
    whose = "SELECT id, login_id, access_ip FROM usage_log WHERE"
    with shop.sql() as connection:
        before = {row[0]: tuple(row[1:]) for row in connection.execute(text(f"{whose} {used}"))}
    chance = random.Random(11)
    killed: Counter[str] = Counter()
    first = {"sqlite": 1, "postgresql": 2, "mariadb": 3}[make_url(engine_url).get_backend_name()]
    for number in range(first, first + (30 if proof else 2)):
        step = STEPS[number % len(STEPS)]
        # Every other one has a second worker.
        batch = chance.randint(1, 4) if proof else 1 + number % 2
        killed[step] += _killed(shop, ("run", *accepted, "--as-of", DAY.isoformat()), step, batch)
    assert sum(killed.values()) >= (10 if proof else 2)
    ended = shop.call(capsys, "run", "--json", *accepted)
    assert ended.code == 0, ended.err
    with shop.sql() as connection:
        after = {row[0]: tuple(row[1:]) for row in connection.execute(text(f"{whose} {used}"))}
    assert after.keys() == before.keys()
    names = {(before[key][0], after[key][0]) for key in before}
    assert len(names) == len({old for old, _new in names}) == len({new for _old, new in names})
    assert all(new is None or str(new).startswith("t_") for _old, new in names)
    marked = shop.one("SELECT coalesce(sum(row_count), 0) FROM retention_batch WHERE rule = 'usage'")
    assert marked == shop.one("SELECT count(*) FROM retention_done WHERE rule = 'usage'") == len(before)
    sound = shop.call(capsys, "verify", "--json", "--rule", "usage", day=None)
    assert sound.document["problems"] == [], sound.out
    print(f"{sum(killed.values())} kills: {dict(killed)}")


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
def test_what_the_server_still_commits_for_a_killed_run_is_waited_for(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    """As where a commit waits for a replica: the marker is there only a while after the process has gone."""
    library = make_library(engine_url, tmp_path)
    slow = f"""BEGIN IF NOT EXISTS (SELECT FROM killed) THEN PERFORM pg_sleep({COMMITS}); END IF; RETURN NULL; END"""
    with library.sql() as connection:
        for statement in (
            "CREATE TABLE killed (id INT)",
            f"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS '{slow}'",
            """CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON retention_batch DEFERRABLE INITIALLY DEFERRED
               FOR EACH ROW EXECUTE FUNCTION slow()""",
        ):
            connection.exec_driver_sql(statement)
    visits = ("run", "--rule", "visits", "--as-of", DAY.isoformat())
    process = start(library.environment, visits, STEPS[4], 99, signal.SIGKILL)
    committing = """SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'COMMIT'
                    AND datname = current_database()"""
    deadline = time.monotonic() + PATIENCE
    while not library.one(committing) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(PATIENCE)
    library.do("INSERT INTO killed VALUES (1)")
    before = library.one("SELECT count(*) FROM visit")
    assert library.call(capsys, "run", "--json", "--rule", "visits").code == 0
    assert library.one("SELECT count(*) FROM visit") == before - library.one(MARKED) < before
    sound = library.call(capsys, "verify", "--json", "--rule", "visits", day=None)
    assert sound.document["problems"] == [], sound.out


@pytest.mark.thorough
def test_a_second_run_is_refused_while_one_is_at_work(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = _shop(engine_url, tmp_path)
    process = start(shop.environment, RUN, STEPS[4], 1, signal.SIGSTOP)
    assert process.pid is not None
    deadline = time.monotonic() + PATIENCE
    while _state(process.pid) != "T" and time.monotonic() < deadline:
        time.sleep(0.05)
    try:
        assert _state(process.pid) == "T"
        (tmp_path / "other").mkdir()
        other = Shop(shop.url, tmp_path / "other")
        refused = other.call(capsys, "run", "--json", *ACCEPTED)
        assert refused.code in (1, 2), refused.out
        assert "at work" in refused.out + refused.err
    finally:
        os.kill(process.pid, signal.SIGCONT)
        process.join(PATIENCE)
    assert process.exitcode == 0
    assert shop.one(f"SELECT count(*) FROM login_log WHERE {LAPSED}") == 0


def _state(process: int) -> str:
    """Return the letter that the kernel has for what a process does; T is stopped."""
    return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
