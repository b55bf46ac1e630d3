"""Appending, chaining, closing and reading back."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, exc, text

from retention.ledger import Ledger, LedgerRefused
from support.ledgers import OPENED, open_ledger, rows, ticking


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "ledger.sqlite"


@pytest.fixture
def ledger(file: Path) -> Ledger:
    return open_ledger(file)


def a_run(ledger: Ledger, run: str, batches: int = 2) -> None:
    ledger.begin_run(run, {"plan": "p1"})
    for task in ("shop/member", "shop/orders"):
        for number in range(batches):
            ledger.chain(run, task).append("batch", {"seq": number, "rows": 10}, b"f" * 160)
    ledger.close_run(run, {"status": "succeeded"})


def test_a_new_ledger_is_a_file_of_its_owner_with_its_secrets_beside_it(file: Path, ledger: Ledger) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert Path(f"{file}.keys").stat().st_mode & 0o777 == 0o600
    assert ledger.head() == ("", 0)
    assert ledger.verify() == []


def test_entries_of_a_task_are_chained_and_come_back_as_they_were(ledger: Ledger) -> None:
    chain = ledger.chain("r1", "shop/member")
    first = chain.append("batch", {"rows": 1, "table": "회원"}, b"\x00\xff" * 1000, key="k1")
    second = chain.append("batch", {"rows": 2, "nothing": None})
    assert (first.seq, second.seq) == (1, 2)
    assert second.previous == first.hash
    assert list(ledger.entries(run="r1")) == [first, second]
    assert first.blob() == b"\x00\xff" * 1000
    assert first.blob_sha256 == hashlib.sha256(b"\x00\xff" * 1000).hexdigest()
    assert len(first.packed or b"") < 200
    assert second.blob() is None
    assert first.at == OPENED.isoformat()


def test_chains_of_different_tasks_and_runs_begin_differently(ledger: Ledger) -> None:
    begun = [ledger.chain(run, task).append("batch", {}) for run, task in [("r1", "a"), ("r1", "b"), ("r2", "a")]]
    assert [entry.seq for entry in begun] == [1, 1, 1]
    assert len({entry.previous for entry in begun}) == 3


def test_a_retried_task_goes_on_from_the_head_of_its_chain(file: Path, ledger: Ledger) -> None:
    first = ledger.chain("r1", "a").append("batch", {"n": 1})
    again = open_ledger(file).chain("r1", "a").append("batch", {"n": 2})
    assert (again.seq, again.previous) == (2, first.hash)


def test_the_hash_of_an_entry_depends_on_everything_in_it(file: Path) -> None:
    def hash_of(name: str, body: dict[str, object], blob: bytes | None, key: str | None, seconds: int) -> str:
        ledger = open_ledger(file.with_name(name), ticking(OPENED + timedelta(seconds=seconds)))
        return ledger.chain("r1", "a").append("batch", body, blob, key=key).hash

    same = hash_of("one", {"n": 1}, b"b", "k", 0)
    assert hash_of("two", {"n": 1}, b"b", "k", 0) == same
    others = [
        hash_of("three", {"n": 2}, b"b", "k", 0),
        hash_of("four", {"n": 1}, b"c", "k", 0),
        hash_of("five", {"n": 1}, None, "k", 0),
        hash_of("six", {"n": 1}, b"b", "l", 0),
        hash_of("seven", {"n": 1}, b"b", None, 0),
        hash_of("eight", {"n": 1}, b"b", "k", 1),
    ]
    assert len({same, *others}) == 7


def test_a_closing_holds_the_heads_of_its_runs_chains_and_the_closing_before_it(ledger: Ledger) -> None:
    a_run(ledger, "r1")
    first_hash, first_number = ledger.head()
    a_run(ledger, "r2", batches=3)
    heads = {task: [*ledger.entries(run="r2", task=task)][-1] for task in ("shop/member", "shop/orders")}
    (closing,) = ledger.entries(run="r2", kind="closed")
    assert closing.body["closing"] == {
        "number": first_number + 1,
        "previous": first_hash,
        "heads": {task: [3, entry.hash] for task, entry in heads.items()},
    }
    assert ledger.head() == (closing.hash, 2)
    assert ledger.verify() == []


def test_runs_are_open_until_they_are_closed(ledger: Ledger) -> None:
    a_run(ledger, "r1")
    ledger.begin_run("r2", {"plan": "p2"})
    assert [(run.run, run.closed is None) for run in ledger.runs()] == [("r1", False), ("r2", True)]
    (unfinished,) = ledger.open_runs()
    assert (unfinished.run, unfinished.opened["plan"], unfinished.closed_at) == ("r2", "p2", None)
    assert ledger.runs()[0].closed is not None
    assert ledger.runs()[0].closed["status"] == "succeeded"
    assert ledger.verify() == []


def test_an_event_outside_a_run_is_closed_at_once_and_is_no_run(ledger: Ledger) -> None:
    entry = ledger.record("plan", {"plan": "p1"}, b"sealed", key="p1")
    assert ledger.head() == (entry.hash, 1)
    assert ledger.runs() == []
    found = ledger.find("plan", "p1")
    assert found == entry
    assert found.blob() == b"sealed"
    assert ledger.verify() == []


def test_an_event_may_be_recorded_in_parts_which_come_back_by_name_and_in_order(ledger: Ledger) -> None:
    mixed = [("b", b"1" * 50), ("a", b"2" * 50), ("b", b""), ("b", b"3")]
    entry = ledger.record("plan", {"n": 1}, key="p1", parts=lambda: mixed)
    other = ledger.record("plan", {"n": 2}, key="p1", parts=lambda: [("b", b"another's")])
    assert list(ledger.parts(entry, "b")) == [b"1" * 50, b"", b"3"]
    assert list(ledger.parts(entry, "a")) == [b"2" * 50]
    assert list(ledger.parts(entry, "c")) == []
    assert list(ledger.parts(other, "b")) == [b"another's"]
    assert ledger.find("plan", "p1") == other
    assert ledger.head() == (other.hash, 2)
    assert ledger.verify() == []


def test_an_event_that_breaks_off_between_its_parts_leaves_nothing(ledger: Ledger) -> None:
    def parts() -> Iterator[tuple[str, bytes]]:
        yield "a", b"1"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.record("plan", {}, key="p1", parts=parts)
    assert ledger.find("plan", "p1") is None
    assert list(ledger.entries()) == []
    assert ledger.verify() == []


def test_the_newest_entry_under_a_key_is_found(ledger: Ledger) -> None:
    for number in range(4):
        ledger.record("plan", {"n": number}, key="p1")
    ledger.record("plan", {"n": 9}, key="p2")
    ledger.record("other", {"n": 8}, key="p1")
    newest = ledger.find("plan", "p1")
    assert newest is not None
    assert newest.body["n"] == 3
    assert [entry.body["n"] for entry in ledger.find_all("plan", "p1")] == [0, 1, 2, 3]
    assert ledger.find("plan", "p3") is None


def test_of_entries_of_one_moment_the_one_written_last_is_the_newest(file: Path) -> None:
    ledger = open_ledger(file, lambda: OPENED)
    for number in range(12):
        ledger.record("plan", {"n": number}, key="p1")
    assert [entry.body["n"] for entry in ledger.find_all("plan", "p1")] == [*range(12)]


def test_a_clock_that_was_put_back_does_not_make_an_older_entry_the_newest(file: Path) -> None:
    open_ledger(file, lambda: OPENED).record("plan", {"n": 1}, key="p1")
    ledger = open_ledger(file, lambda: OPENED - timedelta(hours=1))
    ledger.record("plan", {"n": 2}, key="p1")
    newest = ledger.find("plan", "p1")
    assert newest is not None
    assert newest.body["n"] == 2


def test_what_is_written_is_canonical_json_that_other_programs_can_check(file: Path, ledger: Ledger) -> None:
    ledger.chain("r1", "a").append("batch", {"z": 1, "a": "회원", "m": {"b": [1, None], "a": True}})
    ((body,),) = rows(file, "SELECT body FROM ledger_entry")
    assert body == '{"a":"회원","m":{"a":true,"b":[1,null]},"z":1}'
    assert json.loads(body)["z"] == 1


def test_changing_or_deleting_is_refused_by_the_ledgers_own_triggers(file: Path, ledger: Ledger) -> None:
    a_run(ledger, "r1")
    _refuses_changes(f"sqlite:///{file}")
    assert ledger.verify() == []


@pytest.mark.postgresql
def test_changing_or_deleting_is_refused_on_postgresql_too(tmp_path: Path, postgresql_url: str) -> None:
    ledger = Ledger.open(postgresql_url, tmp_path / "keys", ticking())
    a_run(ledger, "r1")
    _refuses_changes(postgresql_url, "TRUNCATE ledger_entry", "TRUNCATE ledger_closing")
    assert ledger.verify() == []
    ledger.close()


def _refuses_changes(url: str, *more: str) -> None:
    engine = create_engine(url)
    for statement in (
        "UPDATE ledger_entry SET kind = 'x'",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_closing SET run = 'x'",
        "DELETE FROM ledger_closing",
        *more,
    ):
        with pytest.raises(exc.DBAPIError, match="the ledger is append-only"), engine.begin() as connection:
            connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    "server", [pytest.param(name, marks=getattr(pytest.mark, name)) for name in ("postgresql", "mariadb")]
)
def test_a_server_holds_a_ledger_as_well_as_a_file(tmp_path: Path, server: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(f"{server}_url")
    ledger = Ledger.open(url, tmp_path / "keys", ticking())
    a_run(ledger, "r1")
    entry = ledger.record("plan", {"plan": "p1", "이름": "회원"}, b"\x00\xff" * 100_000, key="p1")
    parts = [random.Random(number).randbytes(1 << 20) for number in range(20)]
    large = ledger.record("plan", {"plan": "p2"}, key="p2", parts=lambda: (("rows", part) for part in parts))
    ledger.close()
    again = Ledger.open(url, tmp_path / "keys", ticking())
    assert again.find("plan", "p1") == entry
    assert list(again.parts(large, "rows")) == parts
    assert again.head() == (large.hash, 3)
    assert again.verify(expect=(large.hash, 3)) == []
    again.close()


@pytest.mark.postgresql
def test_a_ledger_on_a_server_needs_a_place_for_its_secrets(postgresql_url: str) -> None:
    with pytest.raises(LedgerRefused, match="set RETENTION_LEDGER_KEYS to a file of mode 0600"):
        Ledger.open(postgresql_url, None, ticking())


@pytest.mark.parametrize(
    ("blob", "most"),
    [
        (b"", 20),
        (random.Random(5).randbytes(50_000), 50_100),
        (base64.b64encode(random.Random(5).randbytes(50_000)), 52_000),
        (b'{"rule": "orders", "rows": 12}, ' * 2000, 2_000),
    ],
    ids=["nothing", "fingerprints", "fingerprints in a document", "a document"],
)
def test_an_attachment_is_as_small_as_its_kind_can_be_and_comes_back_whole(
    ledger: Ledger, blob: bytes, most: int
) -> None:
    entry = ledger.record("plan", {}, blob, key="k")
    assert entry.packed is not None
    assert len(entry.packed) <= most
    assert entry.blob() == blob
    found = ledger.find("plan", "k")
    assert found is not None
    assert found.blob() == blob
    assert ledger.verify() == []
