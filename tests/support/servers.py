"""Throwaway database servers of a test session, on free ports, never a server that happens to run."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pymysql

_WAIT = 60.0


class ServerMissing(AssertionError):
    """The server can't be started; an engine that can't be tested fails the tests."""


def free_port() -> int:
    """Return a port below those that the system gives to clients: one of them could take it before the server does."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@dataclass
class Server:
    """One private server; ``start`` brings it up again after a kill."""

    name: str
    folder: Path
    port: int
    command: list[str]
    answers: Callable[[], bool]
    url: str
    process: subprocess.Popen[bytes] | None = None
    made: list[str] = field(default_factory=list)

    def start(self) -> None:
        log = (self.folder / "server.log").open("ab")
        self.process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + _WAIT
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if self.answers():
                return
            time.sleep(0.05)
        raise ServerMissing(f"{self.name} didn't start:\n" + (self.folder / "server.log").read_text()[-2000:])

    def kill(self) -> None:
        """Kill the server as a power cut would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            # An immediate end: nothing of a throwaway server is worth a checkpoint.
            os.killpg(self.process.pid, signal.SIGQUIT if self.name == "postgresql" else signal.SIGKILL)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _folder(name: str, owner: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"retention-{name}-"))
    if os.geteuid() == 0:
        shutil.chown(folder, owner, owner)
    return folder


def _as(user: str) -> list[str]:
    return ["runuser", "-u", user, "--"] if os.geteuid() == 0 else []


def _postgresql_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    here = shutil.which("initdb")
    if here is None:
        raise ServerMissing("PostgreSQL is not installed; run `make servers`")
    return Path(here).parent


def postgresql() -> Server:
    programs = _postgresql_programs()
    folder = _folder("postgresql", "postgres")
    data, port = folder / "data", free_port()
    subprocess.run(
        [
            *_as("postgres"),
            str(programs / "initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "retention",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        check=True,
        capture_output=True,
    )
    settings = {
        "port": port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "full_page_writes": "off",
        # A session that relies on the server's zone would be hours off.
        "timezone": "America/New_York",
        "max_connections": 60,
    }
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    url = f"postgresql+psycopg://retention@127.0.0.1:{port}/postgres"

    def answers() -> bool:
        try:
            psycopg.connect(f"postgresql://retention@127.0.0.1:{port}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    return Server(
        "postgresql", folder, port, [*_as("postgres"), str(programs / "postgres"), "-D", str(data)], answers, url
    )


def mariadb(*settings: str) -> Server:
    """Make a MariaDB server; ``settings`` are options of its own beside, or instead of, those it always has."""
    program = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin")
    install = shutil.which("mariadb-install-db")
    if program is None or install is None:
        raise ServerMissing("MariaDB is not installed; run `make servers`")
    folder = _folder("mariadb", "mysql")
    data, port = folder / "data", free_port()
    # A server that starts deletes the temporary tables of all that share its folder for them.
    user = [f"--tmpdir={folder}", *(["--user=mysql"] if os.geteuid() == 0 else [])]
    subprocess.run(
        [
            install,
            "--no-defaults",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            *user,
        ],
        check=True,
        capture_output=True,
    )
    command = [
        program, "--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1",
        f"--socket={folder}/socket", f"--pid-file={folder}/pid", "--default-time-zone=-05:00",
        "--innodb-flush-log-at-trx-commit=2", "--log-bin", "--binlog-format=ROW", "--server-id=1",
        "--character-set-server=utf8mb4", "--innodb-buffer-pool-size=128M", *user, *settings,
    ]  # fmt: skip
    # PyMySQL reads the machine's certificates at every connection, even to a server that speaks no TLS.
    url = f"mariadb+pymysql://root@127.0.0.1:{port}/mysql?ssl_disabled=true"

    def answers() -> bool:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="root", connect_timeout=2).close()
        except pymysql.err.OperationalError:
            return False
        return True

    return Server("mariadb", folder, port, command, answers, url)
