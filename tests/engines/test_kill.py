"""SIGKILL in the middle of a run: the next one ends it, and ledger, markers and rows agree."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from support.shop import Shop, make_shop

pytestmark = pytest.mark.slow


def _committed(shop: Shop) -> int:
    return int(shop.one("SELECT count(*) FROM retention_batch"))


def _agree(shop: Shop, capsys: Any, rows_before: int) -> None:
    marked = shop.one("SELECT coalesce(sum(row_count), 0) FROM retention_batch WHERE rule = 'logins'")
    assert rows_before - shop.one("SELECT count(*) FROM login_log") == marked
    sound = shop.call(capsys, "verify", "--json", "--rule", "logins", day=None)
    assert sound.document["problems"] == [], sound.out


def test_a_killed_run_is_ended_by_the_next(engine_url: str, tmp_path: Path, capsys: Any, proof: bool) -> None:
    shop = make_shop(engine_url, tmp_path, members=900)
    rows = shop.one("SELECT count(*) FROM login_log")
    chance = random.Random(7)
    kills = 0
    for _ in range(100 if proof else 4):
        options = shop.accepts(capsys, "logins")
        if not options:
            shop.do("UPDATE login_log SET logged_in_at = '2020-05-05 05:05:05' WHERE logged_in_at > '2026-08-24'")
            options = shop.accepts(capsys, "logins")
        if not options:
            break
        before = _committed(shop)
        process = shop.start("run", "--rule", "logins", *options)
        while process.poll() is None and _committed(shop) < before + 2:
            time.sleep(0.005)
        time.sleep(chance.random() * 0.05)
        process.kill()
        process.wait()
        kills += 1
    assert kills >= 2
    ended = shop.call(capsys, "run", "--json", "--rule", "logins", *shop.accepts(capsys, "logins"))
    assert ended.code == 0, ended.err
    assert (
        shop.one("SELECT count(*) FROM login_log WHERE logged_in_at < '2026-08-24' AND logged_in_at > '1990-01-01'")
        == 0
    )
    _agree(shop, capsys, rows)
    print(f"{kills} kills")


def test_a_second_run_is_refused_while_one_is_at_work(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_shop(engine_url, tmp_path, members=900)
    options = shop.accepts(capsys, "logins")
    process = shop.start("run", "--rule", "logins", *options)
    while process.poll() is None and _committed(shop) < 1:
        time.sleep(0.005)
    process.send_signal(19)
    try:
        other = Shop(shop.url, tmp_path / "other")
        (tmp_path / "other").mkdir()
        refused = other.call(capsys, "run", "--json", "--rule", "logins", "--accept", "logins=99999", "--by", "x")
        assert refused.code in (1, 2), refused.out
        assert "at work" in refused.out + refused.err
    finally:
        process.send_signal(18)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
