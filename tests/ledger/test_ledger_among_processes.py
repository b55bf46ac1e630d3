"""The ledger when its writer is killed, when several write at once, and when it can't be written."""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url
from sqlalchemy.pool import Pool

from retention.ledger import Ledger, LedgerFault, LedgerRefused
from support import appender
from support.ledgers import open_ledger, tamper, ticking
from support.servers import free_port


def start(url: str, secrets: Path, task: str, count: int, how: str = "append") -> subprocess.Popen[str]:
    """Start a writer and wait until it has opened the ledger."""
    process = subprocess.Popen(
        [sys.executable, appender.__file__, url, str(secrets), task, str(count), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n", process.communicate()[1]
    return process


def finish(processes: list[subprocess.Popen[str]]) -> list[list[str]]:
    """Let all write at once; return what each said."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    said = [process.communicate(timeout=120) for process in processes]
    assert [(process.returncode, error) for process, (_out, error) in zip(processes, said, strict=True)] == [
        (0, "") for _ in processes
    ]
    return [out.split() for out, _error in said]


def test_every_entry_that_a_killed_writer_confirmed_is_there_and_the_ledger_is_sound(
    tmp_path: Path, proof: bool
) -> None:
    file = tmp_path / "ledger.sqlite"
    confirmed: list[str] = []
    for wait in [0.02, 0.1, 0.3] + [0.01 * number for number in range(40 if proof else 0)]:
        writer = start(f"sqlite:///{file}", Path(f"{file}.keys"), "shop/member", 10**6)
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
        confirmed.append(writer.stdout.readline().strip())
        time.sleep(wait)
        writer.kill()
        # A line cut off by the kill was never read as confirmed.
        confirmed.extend(line.strip() for line in writer.communicate()[0].splitlines(keepends=True) if "\n" in line)
    ledger = open_ledger(file)
    ledger.begin_run("r1", {})
    assert ledger.verify() == []
    written = [entry.hash for entry in ledger.entries(task="shop/member")]
    assert len(confirmed) > 10
    assert set(confirmed) <= set(written)
    assert len(written) - len(confirmed) <= len(written) // 2 + 3
    ledger.close_run("r1", {})
    assert ledger.verify() == []


def test_two_processes_append_to_one_file_at_once_without_losing_an_entry(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    ledger = open_ledger(file)
    ledger.begin_run("r1", {})
    secrets = Path(f"{file}.keys")
    said = finish([start(f"sqlite:///{file}", secrets, task, 150) for task in ("shop/member", "shop/orders")])
    for task, hashes in zip(("shop/member", "shop/orders"), said, strict=True):
        assert [entry.hash for entry in ledger.entries(task=task)] == hashes
        assert len(hashes) == 150
    ledger.close_run("r1", {})
    assert ledger.verify() == []


def test_two_processes_in_one_chain_and_at_one_row_of_closings_keep_them_whole(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    ledger = open_ledger(file)
    ledger.begin_run("r1", {})
    secrets, url = Path(f"{file}.keys"), f"sqlite:///{file}"
    said = finish(
        [start(url, secrets, "shop/member", 60), start(url, secrets, "shop/member", 60)]
        + [start(url, secrets, "note", 60, "record"), start(url, secrets, "note", 60, "record")]
    )
    written = [entry.hash for entry in ledger.entries()]
    assert {hash_ for hashes in said for hash_ in hashes} <= set(written)
    assert len(written) == 241
    ledger.close_run("r1", {})
    assert ledger.head()[1] == 121
    assert ledger.verify() == []


def test_processes_that_make_the_ledger_at_once_share_one(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    command = [sys.executable, appender.__file__, f"sqlite:///{file}", f"{file}.keys"]
    processes = [
        subprocess.Popen(
            [*command, f"t{number}", "3", "record"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    said = [process.communicate("go\n", timeout=120) for process in processes]
    assert [error for _out, error in said] == [""] * 4
    ledger = open_ledger(file)
    assert ledger.head()[1] == 12
    assert ledger.verify() == []


@pytest.mark.parametrize(
    "server",
    [
        pytest.param("postgresql", marks=pytest.mark.postgresql),
        pytest.param("mariadb", marks=[pytest.mark.mariadb, pytest.mark.thorough]),
    ],
)
def test_processes_write_to_a_server_at_once_without_losing_an_entry(
    tmp_path: Path, server: str, request: pytest.FixtureRequest
) -> None:
    url, secrets = request.getfixturevalue(f"{server}_url"), tmp_path / "keys"
    ledger = Ledger.open(url, secrets, ticking())
    ledger.begin_run("r1", {})
    said = finish(
        [start(url, secrets, "shop/member", 50), start(url, secrets, "shop/orders", 50)]
        + [start(url, secrets, "note", 30, "record"), start(url, secrets, "note", 30, "record")]
    )
    written = {entry.hash for entry in ledger.entries()}
    assert {hash_ for hashes in said for hash_ in hashes} <= written
    assert len(written) == 161
    ledger.close_run("r1", {})
    assert ledger.head()[1] == 61
    assert ledger.verify() == []
    ledger.close()


@pytest.fixture
def on_checkout() -> Iterator[list[str]]:
    """Pragmas that every connection of a pool gets before it is used."""
    pragmas: list[str] = []

    def apply(connection: object, *_more: object) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    event.listen(Pool, "checkout", apply)
    yield pragmas
    event.remove(Pool, "checkout", apply)


def test_a_locked_ledger_is_named_in_one_line(tmp_path: Path, on_checkout: list[str]) -> None:
    file = tmp_path / "ledger.sqlite"
    ledger = open_ledger(file)
    other = open_ledger(file)
    held = hold(other)
    on_checkout.append("busy_timeout = 50")
    try:
        with pytest.raises(LedgerFault) as fault:
            ledger.chain("r1", "a").append("batch", {"n": 1})
    finally:
        next(held, None)
    assert str(fault.value) == (
        f"ledger sqlite+pysqlite:///{file}: it is locked by another process (SQLITE_BUSY); "
        "nothing is destroyed that it doesn't hold"
    )
    assert fault.value.exit_code == 5
    assert "sqlite3" not in "".join(traceback.format_exception(fault.value)).replace("sqlite3.py", "")
    assert ledger.chain("r1", "a").append("batch", {"n": 1}).seq == 1


def hold(ledger: Ledger) -> Iterator[None]:
    """Keep the ledger's write lock until the iterator is asked again."""
    import sqlite3

    connection = sqlite3.connect(str(make_url(ledger.label.removeprefix("ledger ")).database), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")

    def release() -> Iterator[None]:
        connection.execute("ROLLBACK")
        connection.close()
        yield

    return release()


def test_a_full_disk_is_named_in_one_line_and_leaves_the_ledger_sound(tmp_path: Path, on_checkout: list[str]) -> None:
    ledger = open_ledger(tmp_path / "ledger.sqlite")
    written = ledger.chain("r1", "run").append("opened", {"n": 1})
    on_checkout.append("max_page_count = 1")
    with pytest.raises(LedgerFault, match=r"its disk is full \(SQLITE_FULL\); nothing is destroyed") as fault:
        ledger.chain("r1", "a").append("batch", {"n": "x" * 100_000})
    assert "\n" not in str(fault.value)
    on_checkout.clear()
    assert list(ledger.entries()) == [written]
    assert ledger.verify() == []


@pytest.mark.parametrize("content", [b"this is no database, but long enough to be looked at" * 40, b"x"])
def test_a_file_that_is_no_ledger_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "ledger.sqlite"
    file.write_bytes(content)
    with pytest.raises(LedgerRefused, match="it is no database") as fault:
        open_ledger(file)
    assert "\n" not in str(fault.value)
    assert file.read_bytes() == content


def test_a_place_where_no_file_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(LedgerRefused, match="it can't be made or written"):
        open_ledger(tmp_path / "folder")
    (tmp_path / "file").touch()
    with pytest.raises(LedgerRefused, match="it can't be made or written"):
        open_ledger(tmp_path / "file" / "ledger.sqlite")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "mariadb"])
def test_a_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path, scheme: str) -> None:
    url = f"{scheme}://retention:geheim4711@127.0.0.1:{free_port()}/ledger"
    with pytest.raises(LedgerRefused, match="it does not answer") as fault:
        Ledger.open(url, tmp_path / "keys", ticking())
    assert "geheim4711" not in "".join(traceback.format_exception(fault.value))
    assert "\n" not in str(fault.value)
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize(
    ("scheme", "option"),
    [
        ("postgresql", "password"),
        ("postgresql", "sslpassword"),
        ("postgresql", "other"),
        ("mysql", "password"),
    ],
)
def test_no_option_of_the_url_is_shown(tmp_path: Path, scheme: str, option: str) -> None:
    url = f"{scheme}://127.0.0.1:{free_port()}/ledger?{option}=geheim4711"
    with pytest.raises(LedgerRefused, match=r"ledger \w+\+\w+://127.0.0.1:\d+/ledger: it does not answer") as fault:
        Ledger.open(url, tmp_path / "keys", ticking())
    assert "geheim4711" not in "".join(traceback.format_exception(fault.value))


@pytest.mark.parametrize("content", [None, b"", b"a letter to somebody, longer than what a database begins with"])
def test_who_only_reads_a_ledger_makes_none(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "ledger.sqlite"
    if content is not None:
        file.write_bytes(content)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(LedgerRefused, match=r"ledger\.sqlite: there is no ledger; see --ledger"):
        Ledger.open(f"sqlite:///{file}", None, ticking(), new=False)
    assert sorted(tmp_path.iterdir()) == before
    assert content is None or file.read_bytes() == content


@pytest.mark.parametrize("url", ["oracle://h/d", "no url", "sqlite://", "sqlite:///:memory:", ""])
def test_a_url_that_can_hold_no_ledger_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(LedgerRefused):
        Ledger.open(url, tmp_path / "keys", ticking())


def test_an_older_schema_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    open_ledger(file).record("note", {})
    before = file.stat().st_mtime_ns
    assert tamper(file, "UPDATE ledger_version SET version_num = '0000'") == 1
    with pytest.raises(LedgerRefused, match="its schema is 0000, this version writes 0001; run `retention ledger up"):
        open_ledger(file)
    assert file.stat().st_mtime_ns >= before


def test_a_newer_schema_is_refused_and_no_upgrade_is_advised_or_tried(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    open_ledger(file).record("note", {})
    tamper(file, "UPDATE ledger_version SET version_num = '9999'")
    for attempt in (lambda: open_ledger(file), lambda: Ledger.upgrade_url(f"sqlite:///{file}")):
        with pytest.raises(LedgerRefused, match="a newer version of this product wrote it"):
            attempt()


def test_upgrading_a_ledger_of_this_version_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite"
    entry = open_ledger(file).record("note", {})
    Ledger.upgrade_url(f"sqlite:///{file}")
    assert open_ledger(file).head() == (entry.hash, 1)


def test_upgrade_makes_a_ledger_where_there_is_none(tmp_path: Path) -> None:
    Ledger.upgrade_url(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    assert open_ledger(tmp_path / "ledger.sqlite").verify() == []


assert Engine  # keeps the pool's events importable where SQLAlchemy loads lazily
