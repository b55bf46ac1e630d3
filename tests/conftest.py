"""Databases for the tests: one private server per engine and pytest process, a fresh database per test."""

from __future__ import annotations

import functools
import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from support.servers import Server, ServerMissing, mariadb, postgresql

if TYPE_CHECKING:
    from support.bench import Bench

# Statements are built of many small objects that live as long as a test's one call: a fifth of all time went to looking
# for garbage among them.
gc.set_threshold(100_000, 20, 50)

settings.register_profile("test", derandomize=True, deadline=None, max_examples=40)
settings.register_profile("proof", derandomize=False, deadline=None, max_examples=2000, print_blob=True)
_PROOF = os.environ.get("RETENTION_PROOF") == "1"
_IN_MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory. A test makes a database of a dozen tables for some statements: on a disk that
takes ten times as long as the statements do. What is killed here is a process or a server, never the machine, and of
that files in memory tell the same."""
if _IN_MEMORY.is_dir() and shutil.disk_usage(_IN_MEMORY).free > 8 << 30:
    os.environ.setdefault("TMPDIR", str(_IN_MEMORY))
    tempfile.tempdir = None
settings.load_profile("proof" if _PROOF else "test")
if not _PROOF:
    # Literals of whatever modules a process happens to have loaded cost it seconds of reading, and make its examples
    # others than those of its neighbour.
    providers._get_local_constants = lambda: providers._local_constants


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand files to the processes whole: what a file's tests share is made once.

    What needs Airflow goes to one process, which starts it once, and so does what needs processes that can be killed.
    Under ``make proof`` a file's tests are long enough to be handed out one by one.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _together(config.rootpath / nodeid.partition("::")[0], nodeid)

    return Together(config, log)


def _together(file: Path, test: str) -> str:
    """Return what is the same for the tests of which one process should have all."""
    if file.parent.name == "dags":
        return "dags"
    if _PROOF:
        return test
    return "doomed" if "from support.doomed import" in _text(file) else str(file)


@functools.cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the folders that take longest, and leave what is marked ``thorough`` to SQLite but for ``make proof``.

    A long one at the end would be waited for alone.
    """
    items.sort(key=lambda item: {"dags": 0, "engines": 1, "plan": 1}.get(item.path.parent.name, 2))
    if _PROOF:
        return
    left = [
        item for item in items if item.get_closest_marker("thorough") and _engine(item) in ("postgresql", "mariadb")
    ]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


def _engine(item: pytest.Item) -> str | None:
    called = getattr(item, "callspec", None)
    named = {} if called is None else called.params
    return named.get("engine_url") or named.get("server") or named.get("engine")


@pytest.fixture(scope="session")
def proof() -> bool:
    """Whether the tests run at full size."""
    return _PROOF


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    yield from _running(postgresql)


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[Server]:
    yield from _running(mariadb)


@pytest.fixture
def postgresql_url(postgresql_server: Server) -> Iterator[str]:
    yield from _database(postgresql_server, "DROP DATABASE {} WITH (FORCE)")


@pytest.fixture
def mariadb_url(mariadb_server: Server) -> Iterator[str]:
    yield from _database(mariadb_server, "DROP DATABASE {}")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    file = tmp_path / "database.sqlite"
    file.touch()
    return f"sqlite:///{file}"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=pytest.mark.mariadb),
    ]
)
def engine_url(request: pytest.FixtureRequest) -> str:
    """An empty database on each engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(autouse=True)
def undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the chart out of reports, but for those who look at it (``drawn``): it takes longer than a small run."""
    if not request.node.get_closest_marker("drawn"):
        monkeypatch.setattr("retention.report.chart.svg", lambda _report: "")


def _running(make: Callable[[], Server]) -> Iterator[Server]:
    server = make()
    try:
        try:
            server.start()
        except ServerMissing:
            # Somebody may have taken its port meanwhile: all tests of the engine would fail for it.
            server.stop()
            server = make()
            server.start()
        yield server
    finally:
        server.stop()


def _database(server: Server, drop: str) -> Iterator[str]:
    name = f"t{secrets.token_hex(6)}"
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        # Files are copied in half the time that it takes to log each page.
        by_files = server.name == "postgresql" and connection.dialect.server_version_info >= (15,)
        connection.execute(text(f"CREATE DATABASE {name}{' STRATEGY file_copy' if by_files else ''}"))
    yield make_url(server.url).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(drop.format(name)))


def _bench(url: str, folder: Path) -> Iterator[Bench]:
    # The process that only hands out the tests needs nothing of the product.
    from support.bench import Bench

    bench = Bench(url, folder)
    yield bench
    bench.close()


@pytest.fixture
def bench(engine_url: str, tmp_path: Path) -> Iterator[Bench]:
    """An empty database on each engine, to be planned and purged in."""
    yield from _bench(engine_url, tmp_path)


@pytest.fixture
def sqlite_bench(sqlite_url: str, tmp_path: Path) -> Iterator[Bench]:
    yield from _bench(sqlite_url, tmp_path)


@pytest.fixture
def postgresql_bench(postgresql_url: str, tmp_path: Path) -> Iterator[Bench]:
    yield from _bench(postgresql_url, tmp_path)


@pytest.fixture
def mariadb_bench(mariadb_url: str, tmp_path: Path) -> Iterator[Bench]:
    yield from _bench(mariadb_url, tmp_path)
