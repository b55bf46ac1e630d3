"""A row that changed after planning survives, whenever it changed, and whoever changed it at which isolation."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, exc, text
from sqlalchemy.pool import NullPool

from plan.random_schema import AS_OF
from plan.steps import Steps, ledger_in
from retention.execute.context import Outcome
from support.beside import Beside
from support.identity import identify

# Members with their orders; an order with its items, which a scan refers to; and notes that only the matrix knows.
TABLES = [
    "CREATE TABLE member (id INTEGER PRIMARY KEY, left_on DATE, seen_on DATE)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER NOT NULL, paid_on DATE, {ref:member_id:member})",
    "CREATE TABLE item (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, {ref:order_id:orders})",
    "CREATE TABLE scan (id INTEGER PRIMARY KEY, item_id INTEGER NOT NULL, {ref:item_id:item})",
    "CREATE TABLE note (id INTEGER PRIMARY KEY, member_id INTEGER)",
    "CREATE TABLE reply (id INTEGER PRIMARY KEY, to_id INTEGER, written_on DATE, {ref:to_id:reply})",
]
MATRIX: dict[str, Any] = {
    "version": 1,
    "timezone": "Asia/Seoul",
    "organisation": {"name": "somebody"},
    "classification": "advised",
    "databases": {"db": {"connection": "db", "identity": "changing"}},
    "legal_bases": {"days": {"statute": "an act", "article": "1", "keep": "P30D", "roll_holidays": False}},
    "purposes": {"membership": {"name": "membership"}},
    "tables": {
        "db.member": {},
        "db.orders": {},
        "db.item": {},
        "db.scan": {},
        "db.note": {"relations": [{"columns": ["member_id"], "to": "db.member", "to_columns": ["id"]}]},
        "db.reply": {},
    },
    "rules": [
        {
            "id": "members",
            "table": "db.member",
            "purpose": {"name": "membership", "ends": "left_on"},
            "keep": [{"basis": "days", "since": "seen_on"}],
            "then": "delete",
            "approval": "never",
        },
        {
            "id": "orders",
            "table": "db.orders",
            "keep": [{"basis": "days", "since": "paid_on"}],
            "then": "delete",
            "with": ["db.item"],
            "approval": "never",
        },
        {
            "id": "replies",
            "table": "db.reply",
            "keep": [{"basis": "days", "since": "written_on"}],
            "then": "delete",
            "approval": "never",
        },
    ],
}
OLD, NEW = "2025-01-01", "2026-03-01"
MEMBERS = 12


class Shop:
    """A small database, with somebody at work on it beside the pipeline."""

    def __init__(self, url: str, steps: Steps, on_delete: str) -> None:
        self.steps = steps
        self.engine = create_engine(url, poolclass=NullPool)
        self.name = self.engine.dialect.name
        with self.engine.begin() as connection:
            for statement in TABLES:
                connection.exec_driver_sql(_with_references(statement, on_delete))
            for number in range(1, MEMBERS + 1):
                connection.exec_driver_sql(f"INSERT INTO member VALUES ({number}, '{OLD}', '{OLD}')")
                connection.exec_driver_sql(f"INSERT INTO orders VALUES ({number}, {number}, '{OLD}')")
                connection.exec_driver_sql(f"INSERT INTO item VALUES ({number}, {number})")
                answered = "NULL" if number == 1 else number - 1
                connection.exec_driver_sql(f"INSERT INTO reply VALUES ({number}, {answered}, '{OLD}')")

    def does(self, *statements: str, isolation: str | None = None) -> None:
        """Change something in a transaction of its own."""
        with self.engine.connect() as plain:
            connection = plain.execution_options(isolation_level=isolation) if isolation else plain
            with connection.begin():
                for statement in statements:
                    connection.exec_driver_sql(statement)

    def ids(self, table: str) -> list[int]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(f"SELECT id FROM {table} ORDER BY id")).scalars())


def _with_references(statement: str, on_delete: str) -> str:
    head, _, rest = statement.partition("{ref:")
    if not rest:
        return statement
    column, table = rest.partition("}")[0].split(":")
    return f"{head}FOREIGN KEY ({column}) REFERENCES {table} (id) ON DELETE {on_delete})"


@pytest.fixture(params=["usual", pytest.param("other", marks=pytest.mark.thorough)])
def isolation(request: pytest.FixtureRequest, engine_url: str) -> str | None:
    """The isolation of whoever changes the rows: what the engine begins with, and the other; SQLite has but one."""
    if engine_url.startswith("sqlite"):
        return None
    return "READ COMMITTED" if engine_url.startswith("postgresql") == (request.param == "usual") else "REPEATABLE READ"


@pytest.fixture
def shop(engine_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Shop]:
    """One whose foreign keys cascade, or refuse, with the other parameters of a test."""
    folder = tmp_path / "night"
    folder.mkdir()
    (folder / "matrix.yaml").write_text(json.dumps(MATRIX))
    cascades = request.node.callspec.params.get("isolation") == ("other" if "mariadb" in engine_url else "usual")
    with ledger_in(folder) as ledger:
        made = Shop(
            engine_url, Steps(engine_url, folder / "matrix.yaml", ledger), "CASCADE" if cascades else "NO ACTION"
        )
        identify(engine_url, "changing")
        yield made


CHANGES = [
    # A member comes back; the order goes.
    "UPDATE member SET left_on = NULL WHERE id = 2",
    # A clock moves, and keeps the order with its item, and its member.
    f"UPDATE orders SET paid_on = '{NEW}' WHERE id = 3",
    # A new order comes in.
    f"INSERT INTO orders VALUES (94, 4, '{NEW}')",
    # A note that only the matrix knows.
    "INSERT INTO note VALUES (95, 5)",
    # An item is scanned, and keeps the whole record.
    "INSERT INTO scan VALUES (96, 6)",
    # An item moves to another order, and keeps that one instead.
    "UPDATE item SET order_id = 7 WHERE id = 8",
    "INSERT INTO scan VALUES (98, 8)",
    # Somebody answers, and keeps the whole thread above.
    f"INSERT INTO reply VALUES (99, 9, '{NEW}')",
]
LEFT = {
    "member": [2, 3, 4, 5, 6, 7],
    "orders": [3, 6, 7, 94],
    "item": [3, 6, 7, 8],
    "scan": [96, 98],
    "note": [95],
    "reply": [*range(1, 10), 99],
}
EVERYTHING = ("member", "orders", "item", "scan", "note", "reply")


def _left(shop: Shop) -> dict[str, list[int]]:
    return {table: found for table in EVERYTHING if (found := shop.ids(table))}


def _sums(outcomes: dict[str, Outcome]) -> None:
    for one in outcomes.values():
        assert one.status in ("done", "partial", "nothing"), one
        assert one.done + one.survived == one.plan.planned, one


def test_changes_between_plan_and_run_are_seen(shop: Shop, isolation: str | None) -> None:
    _plan, outcomes = shop.steps.run(AS_OF, between=lambda: shop.does(*CHANGES, isolation=isolation))
    _sums(outcomes)
    assert _left(shop) == LEFT


def test_changes_between_two_batches_are_seen(shop: Shop, isolation: str | None) -> None:
    pending = list(CHANGES)

    def stop() -> str | None:
        # By then a batch has been committed, and others are still to come.
        if pending and shop.steps.batches():
            shop.does(*pending, isolation=isolation)
            pending.clear()
        return None

    _plan, outcomes = shop.steps.run(AS_OF, batch_rows=1, stop=stop)
    _sums(outcomes)
    assert not pending
    assert _left(shop) == LEFT


def test_a_row_that_came_due_later_takes_the_place_of_none(shop: Shop) -> None:
    late = f"INSERT INTO orders VALUES (99, 5, '{OLD}')"
    _plan, outcomes = shop.steps.run(AS_OF, between=lambda: shop.does(late))
    _sums(outcomes)
    assert (outcomes["orders"].done, outcomes["orders"].drifted) == (MEMBERS, 1)
    assert len(shop.ids("orders")) == len(shop.ids("member")) == 1


@pytest.mark.parametrize("engine_url", ["postgresql", "mariadb"], indirect=True)
def test_a_reference_that_nothing_declares_is_seen_by_the_destroying_statement(
    shop: Shop, isolation: str | None
) -> None:
    noted = ["INSERT INTO note VALUES (95, 5)", "INSERT INTO note VALUES (99, 12)"]
    with Beside(lambda: shop.does(*noted, isolation=isolation), starts="DELETE", mentions="FROM member") as beside:
        _plan, outcomes = shop.steps.run(AS_OF)
    assert beside.acted
    _sums(outcomes)
    assert _left(shop) == {"member": [5, 12], "note": [95, 99]}


@contextmanager
def _thread(work: Callable[[], None]) -> Iterator[None]:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(60)
    assert not thread.is_alive()
    if failures:
        raise failures[0]


_WAITING = {
    "postgresql": "SELECT count(*) FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND datname = current_database()",
    "mariadb": "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'",
}


def _until_somebody_waits(shop: Shop) -> None:
    deadline = time.monotonic() + 30
    with shop.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(text(_WAITING["mariadb" if "maria" in shop.name else shop.name])).scalar_one():
            assert time.monotonic() < deadline, "nobody came to wait"
            # InnoDB's view is a cache that is only renewed when nobody has asked for a tenth of a second.
            time.sleep(0.2)


@pytest.mark.parametrize("engine_url", ["postgresql", "mariadb"], indirect=True)
def test_what_commits_while_the_run_waits_for_its_lock_is_seen(shop: Shop, isolation: str | None) -> None:
    """The lock is given to a statement that began before: only the next one sees the row that came in."""
    open_now, waited = threading.Event(), threading.Event()

    def somebody() -> None:
        with shop.engine.connect().execution_options(isolation_level=isolation) as connection, connection.begin():
            for statement in CHANGES:
                connection.exec_driver_sql(statement)
            open_now.set()
            waited.wait(60)
            _until_somebody_waits(shop)

    with _thread(somebody):
        assert open_now.wait(60)
        waited.set()
        _plan, outcomes = shop.steps.run(AS_OF)
    _sums(outcomes)
    assert _left(shop) == LEFT


@pytest.mark.parametrize("engine_url", ["postgresql", "mariadb"], indirect=True)
def test_nobody_comes_to_refer_to_a_row_that_is_being_destroyed(shop: Shop, isolation: str | None) -> None:
    """Whoever tries waits, and is told that the row has gone; nothing of theirs is destroyed behind their back."""
    told: list[str] = []
    threads: list[threading.Thread] = []

    def somebody() -> None:
        try:
            shop.does(f"INSERT INTO orders VALUES (99, 5, '{NEW}')", isolation=isolation)
        except (exc.IntegrityError, exc.OperationalError) as error:
            told.append(type(error).__name__)

    def act() -> None:
        threads.append(threading.Thread(target=somebody, daemon=True))
        threads[0].start()
        _until_somebody_waits(shop)

    with Beside(act, starts="DELETE", mentions="FROM member") as beside:
        _plan, outcomes = shop.steps.run(AS_OF)
    assert beside.acted
    threads[0].join(60)
    _sums(outcomes)
    assert told
    assert _left(shop) == {}
