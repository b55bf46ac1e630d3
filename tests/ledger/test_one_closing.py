"""A run is closed once, and ends where its closing says: whoever closes it or writes to it at the same moment."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from retention.ledger import Ledger, LedgerFault, store
from support.ledgers import ticking

Opened = Callable[[], Ledger]


@pytest.fixture
def opened(engine_url: str, tmp_path: Path) -> Iterator[Opened]:
    """Opens one ledger as often as it is asked to, each time as another process would."""
    made: list[Ledger] = []

    def again() -> Ledger:
        made.append(Ledger.open(engine_url, tmp_path / "keys", ticking()))
        return made[-1]

    yield again
    for ledger in made:
        ledger.close()


class Meanwhile:
    """Lets somebody else act from when a statement that mentions this has ended, or begins; for a while, or longer."""

    def __init__(self, act: Callable[[], object], mentions: str, *, when: str = "after") -> None:
        self.mentions, self.event = mentions, f"{when}_cursor_execute"
        self.fault: LedgerFault | None = None
        self.acting = threading.Thread(target=self._acted, args=(act,))
        self.begun = self.waited = False

    def __enter__(self) -> Meanwhile:
        event.listen(Engine, self.event, self._heard)
        return self

    def __exit__(self, *_error: object) -> None:
        event.remove(Engine, self.event, self._heard)
        self.acting.join(60)

    def _heard(self, _connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if self.mentions in statement and not self.begun:
            self.begun = True
            self.acting.start()
            self.acting.join(0.7)
            self.waited = self.acting.is_alive()

    def _acted(self, act: Callable[[], object]) -> None:
        try:
            act()
        except LedgerFault as fault:
            self.fault = fault


@pytest.mark.thorough
def test_a_run_that_is_closed_stays_as_it_was_closed(opened: Opened) -> None:
    first, second = opened(), opened()
    first.begin_run("r1", {})
    first.chain("r1", "a").append("batch", {})
    closing = first.close_run("r1", {"status": "succeeded"})
    assert second.close_run("r1", {"status": "failed"}) == closing
    assert [entry.body["status"] for entry in second.entries(kind="closed")] == ["succeeded"]
    assert second.head() == (closing.hash, 1)
    assert second.verify() == []


def test_two_that_close_a_run_at_once_close_it_once(opened: Opened) -> None:
    first, second = opened(), opened()
    first.begin_run("r1", {})
    with Meanwhile(lambda: second.close_run("r1", {"by": "second"}), "max(ledger_entry.seq)") as other:
        first.close_run("r1", {"by": "first"})
    assert other.begun and other.fault is None
    assert [entry.body["by"] for entry in first.entries(kind="closed")] == ["first"]
    assert first.verify() == []


def test_nothing_is_written_between_the_heads_of_a_run_and_its_closing(opened: Opened) -> None:
    first, second = opened(), opened()
    first.begin_run("r1", {})
    chain = second.chain("r1", "a")
    chain.append("batch", {})
    with Meanwhile(lambda: chain.append("batch_undone", {}), "max(ledger_entry.seq)") as other:
        first.close_run("r1", {})
    assert other.begun and "run r1 is closed" in str(other.fault)
    assert first.verify() == []


@pytest.mark.thorough
def test_a_run_is_not_closed_under_an_entry_that_is_being_written(opened: Opened) -> None:
    first, second = opened(), opened()
    first.begin_run("r1", {})
    with Meanwhile(lambda: second.close_run("r1", {}), "INSERT INTO ledger_entry", when="before") as other:
        first.chain("r1", "a").append("batch", {})
    assert other.begun and other.fault is None
    (closing,) = first.entries(kind="closed")
    assert closing.body["closing"]["heads"].keys() == {"a"}
    assert first.verify() == []


@pytest.mark.thorough
def test_chains_of_a_run_do_not_wait_for_each_other(opened: Opened, engine_url: str) -> None:
    if engine_url.startswith("sqlite"):
        pytest.skip("a file has one writer at a time")
    first, second = opened(), opened()
    first.begin_run("r1", {})
    beside = second.chain("r1", "b")
    with Meanwhile(lambda: beside.append("batch", {}), "INSERT INTO ledger_entry", when="before") as other:
        first.chain("r1", "a").append("batch", {})
    assert (other.begun, other.waited, other.fault) == (True, False, None)
    assert first.verify() == []


def test_who_verifies_sees_one_moment_of_a_ledger_that_others_write_to(opened: Opened) -> None:
    first, second = opened(), opened()
    first.record("note", {})
    with Meanwhile(lambda: second.record("note", {}), "ORDER BY ledger_entry.run") as other:
        found = first.verify()
    assert other.begun and found == []
    assert first.verify() == []


def _do(url: str, *statements: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))


@contextlib.contextmanager
def _strict(url: str) -> Iterator[None]:
    """Let the server give each new session an isolation that refuses who comes second."""
    if url.startswith("postgresql"):
        name = url.rsplit("/", 1)[1]
        _do(url, f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
        yield
    else:
        _do(url, "SET GLOBAL innodb_snapshot_isolation = ON")
        try:
            yield
        finally:
            _do(url, "SET GLOBAL innodb_snapshot_isolation = OFF")


def test_writers_at_once_lose_nothing_on_a_server_whose_sessions_are_strict(opened: Opened, engine_url: str) -> None:
    if engine_url.startswith("sqlite"):
        pytest.skip("a file has one writer at a time")
    faults: list[str] = []

    def write(number: int) -> None:
        ledger = opened()
        try:
            for body in ({"n": n} for n in range(15)):
                ledger.chain("r1", f"t{number}").append("batch", body)
                ledger.record("note", body)
        except LedgerFault as fault:
            faults.append(str(fault))

    with _strict(engine_url):
        opened().begin_run("r1", {})
        writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(60)
    assert faults == []
    assert opened().head()[1] == 45
    assert opened().verify() == []


@pytest.mark.postgresql
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_a_writer_that_had_to_give_way_writes_again(tmp_path: Path, postgresql_url: str, state: str) -> None:
    ledger = Ledger.open(postgresql_url, tmp_path / "keys", ticking())
    _do(
        postgresql_url,
        "CREATE SEQUENCE tries",
        "CREATE FUNCTION give_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF nextval('tries') % 2 = 1 THEN RAISE EXCEPTION USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER give_way BEFORE INSERT ON ledger_entry FOR EACH ROW EXECUTE FUNCTION give_way()",
    )
    ledger.begin_run("r1", {})
    ledger.close_run("r1", {})
    ledger.record("note", {})
    assert (ledger.count("opened"), ledger.head()[1], ledger.verify()) == (1, 2, [])
    ledger.close()


def test_a_lock_on_the_ledger_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch, opened: Opened, engine_url: str
) -> None:
    if engine_url.startswith("sqlite"):
        pytest.skip("a file's lock is looked at beside")
    monkeypatch.setattr(store, "_LOCK_WAIT_S", 1)
    ledger = opened()
    ledger.begin_run("r1", {})
    lock = "LOCK TABLE ledger_entry" if engine_url.startswith("postgresql") else "LOCK TABLES ledger_entry WRITE"
    holder = create_engine(engine_url, poolclass=NullPool)
    with holder.connect() as other:
        other.execute(text(lock))
        # A writer that waits on would never end the test: the lock goes when it has waited for too long.
        release = threading.Timer(8, other.connection.driver_connection.close)
        release.start()
        try:
            with pytest.raises(LedgerFault, match="it is locked by another process"):
                ledger.chain("r1", "a").append("batch", {})
        finally:
            release.cancel()
            other.invalidate()
    assert ledger.chain("r1", "a").append("batch", {}).seq == 1
