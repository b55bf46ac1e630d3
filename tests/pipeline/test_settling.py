"""Runs that broke off, or only seem to: who may close them, and when."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from retention.database.lease import Fenced, Lease
from retention.errors import BrokeOff, Refused
from retention.execute.batch import Batches
from retention.execute.rule import RuleRun
from retention.pipeline import Wish, carrying, night
from support.days import DAY
from support.doomed import apart
from support.ledgers import rows
from support.night import Night
from support.reading_room import DAY as LIBRARY_DAY
from support.shards import leave_out, two_shards
from support.shop import Shop

RUN = ("run", "--rule", "log", "--as-of", DAY.isoformat(), "--json")
WHO = ("--by", "the officer", "--note", "the disk is gone")


def _break_off(shop: Shop, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a night break off after the second shard's batch is committed."""
    real, calls = night.carry_out_unit, list[int]()

    def broken(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        result = real(*arguments, **named)
        if len(calls) == 2:
            raise BrokeOff("the connection is lost")
        return result

    monkeypatch.setattr(night, "carry_out_unit", broken)
    assert shop.call(capsys, "run", "--json", "--rule", "log").code == 5
    monkeypatch.undo()


def _documents(folder: Path) -> dict[str, Any]:
    """Return the closing documents by their runs."""
    found = rows(folder / "ledger.sqlite", "SELECT run, body FROM ledger_entry WHERE kind = 'closed'")
    return {run: json.loads(body) for run, body in found}


def _open_run(folder: Path) -> str:
    query = "SELECT run FROM ledger_entry WHERE kind = 'opened' ORDER BY at"
    (run,) = [run for (run,) in rows(folder / "ledger.sqlite", query) if run not in _documents(folder)]
    return str(run)


def _beside(shop: Shop, *arguments: str) -> tuple[int | None, str]:
    """Call the command in a process of its own, as another night would; return its exit code and what it said."""
    said = shop.folder / "beside.txt"
    said.unlink(missing_ok=True)
    return apart(shop.environment, arguments, said), said.read_text(encoding="utf-8")


def _sound(shop: Shop, capsys: Any) -> None:
    found = shop.call(capsys, "verify", "--json", "--rule", "log")
    assert (found.code, found.document["problems"]) == (0, [])


def test_a_run_that_broke_off_is_closed_without_a_database_that_is_gone_only_where_a_person_says_so(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise nothing could ever be destroyed on the others again."""
    shop = two_shards(tmp_path, (3, 2))
    _break_off(shop, capsys, monkeypatch)
    run, whole = _open_run(tmp_path), shop.matrix.read_text(encoding="utf-8")
    settle = ("ledger", "settle", run, "--json", "--without")
    early = shop.call(capsys, *settle, "second", *WHO, day=None)
    assert (early.code, "so it can be asked" in early.err) == (2, True)
    leave_out(shop)
    refused = shop.call(capsys, "run", "--json", "--rule", "log")
    assert (refused.code, f"retention ledger settle {run} --without second" in refused.err) == (2, True)
    for without, who in (("third", WHO), ("second", ("--by", " ", "--note", "x"))):
        assert shop.call(capsys, *settle, without, *who, day=None).code == 2
    assert _documents(tmp_path) == {}
    settled = shop.call(capsys, *settle, "second", *WHO, day=None)
    assert (settled.code, settled.document["by"], settled.document["without"]) == (0, "the officer", ["second"])
    document = _documents(tmp_path)[run]
    assert document["broke_off"]
    assert [(rule["shard"], rule["done"]) for rule in document["rules"]] == [(0, 3), (1, 0)]
    decided, problem = document["problems"]
    assert "identity second, as the officer decided: the disk is gone" in decided
    assert "shop/1:log: the matrix has its database no longer" in problem
    assert "1 batches (2 rows)" in problem
    assert shop.call(capsys, *settle, "second", *WHO, day=None).code == 2
    assert shop.call(capsys, "run", "--json", "--rule", "log").code == 0
    _sound(shop, capsys)
    shop.matrix.write_text(whole, encoding="utf-8")
    # What nobody could see was never claimed, so a database that comes back belies nothing.
    _sound(shop, capsys)


def test_a_matrix_that_lacks_a_database_never_closes_the_run_that_is_at_work_on_it(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two matrices may write to one ledger: what one of them doesn't name may be the other's."""
    shop = two_shards(tmp_path, (3, 2))
    other = replace(shop, matrix=tmp_path / "other.yaml")
    text = shop.matrix.read_text(encoding="utf-8")
    text = text.replace("[shop_db, shop_2]", "shop_2").replace("[first, second]", "second")
    other.matrix.write_text(text, encoding="utf-8")
    other.environment = {**shop.environment, "RETENTION_CONFIG": str(other.matrix)}
    real, ended = Batches._mark, list[Any]()

    def mark(self: Batches, *arguments: Any) -> None:
        real(self, *arguments)
        if not ended:
            ended.append(_beside(other, *RUN))
            ended.append(_beside(other, "ledger", "settle", _open_run(tmp_path), "--without", "first", *WHO))

    monkeypatch.setattr(Batches, "_mark", mark)
    ran = shop.call(capsys, "run", "--json", "--rule", "log")
    monkeypatch.undo()
    assert [(code, "is at work on it" in said) for code, said in ended] == [(2, True), (2, True)]
    assert (ran.code, [rule["done"] for rule in ran.document["rules"]]) == (0, [3, 2])
    assert other.call(capsys, "run", "--json", "--rule", "log").code == 0
    _sound(shop, capsys)


@pytest.mark.thorough
def test_a_night_is_not_settled_by_another_one_while_it_looks_after_its_work(
    engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No unit is at work then, and no lease is held."""
    library, real, told = Night(engine_url, tmp_path), night.look_after, list[str]()

    def after(*arguments: Any) -> Any:
        monkeypatch.setattr(night, "look_after", real)
        with pytest.raises(Refused) as refused:
            night.run_night(library.pipeline(), Wish(as_of=LIBRARY_DAY))
        told.append(str(refused.value))
        return real(*arguments)

    monkeypatch.setattr(night, "look_after", after)
    first = night.run_night(library.pipeline(), Wish(as_of=LIBRARY_DAY))
    monkeypatch.undo()
    assert len(told) == 1 and f"run {first.run} is at work on it" in told[0]
    assert "broke_off" not in first.document
    # Its sign of life ended with it.
    second = night.run_night(library.pipeline(), Wish(as_of=LIBRARY_DAY))
    assert [run.run for run in library.pipeline().ledger.runs()] == [first.run, second.run]


def test_a_night_that_was_settled_by_another_one_has_broken_off(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sign of life may be lost with a session; then at least nobody takes it for a night that went well."""
    shop, real, beside = two_shards(tmp_path, (3, 2)), night.look_after, list[int | None]()

    def after(*arguments: Any) -> Any:
        for lock in tmp_path.glob("*.lock"):
            lock.unlink()
        beside.append(_beside(shop, *RUN)[0])
        return real(*arguments)

    monkeypatch.setattr(night, "look_after", after)
    ran = shop.call(capsys, "run", "--json", "--rule", "log")
    monkeypatch.undo()
    assert beside == [0]
    assert (ran.code, ran.document["status"], ran.document["broke_off"]) == (5, "failed", True)
    _sound(shop, capsys)


@pytest.mark.parametrize("asks", [True, False])
def test_the_late_word_of_a_task_that_its_retry_has_taken_over_from_does_not_count(
    asks: bool, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first task was asked to stop and is slow to say so; its retry comes to the unit's end meanwhile.

    It finds out by its lease; where it has asked a moment before, its word comes last in the ledger.
    """
    shop, real, ended = two_shards(tmp_path, (3, 0)), night.carry_out_unit, list[Any]()
    end, walk = RuleRun.end, RuleRun.walk_through

    def carry_out(*arguments: Any, **named: Any) -> Any:
        if ended:
            return real(*arguments, **named)

        def slow(self: RuleRun, connection: Any, stopped: str | None) -> Any:
            monkeypatch.setattr(RuleRun, "end", end)
            ended.extend(real(*arguments, **named))
            return end(self, connection, stopped)

        def asked(self: RuleRun, connection: Any) -> str:
            monkeypatch.setattr(RuleRun, "walk_through", walk)
            return "the task was asked to stop"

        monkeypatch.setattr(RuleRun, "end", slow)
        monkeypatch.setattr(RuleRun, "walk_through", asked)
        try:
            return real(*arguments, **named)
        except Fenced:
            return ended

    monkeypatch.setattr(night, "carry_out_unit", carry_out)
    if not asks:
        monkeypatch.setattr(Lease, "require", lambda *_which: None)
    # They are two processes in life, and don't wait for each other's turn.
    monkeypatch.setattr(carrying, "turn", lambda *_which: nullcontext())
    ran = shop.call(capsys, "run", "--json", "--rule", "log")
    monkeypatch.undo()
    words = rows(tmp_path / "ledger.sqlite", "SELECT seq FROM ledger_entry WHERE kind = 'unit_ended'")
    assert len(words) == (2 if asks else 3)
    assert [(one.status, one.done) for one in ended] == [("done", 3)]
    assert [(rule["status"], rule["done"]) for rule in ran.document["rules"]] == [("done", 3), ("nothing", 0)]
    assert ran.code == 0
    _sound(shop, capsys)
