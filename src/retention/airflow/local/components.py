"""Starting Airflow's four components, and stopping exactly those, so that no process is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from retention.airflow.local.client import Client
from retention.airflow.local.home import Home
from retention.errors import BrokeOff

# Each in its own session: Ctrl-C reaches this process alone, which then ends them in order.
_COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
_HEALTHY_WITHIN = 240.0
_TERM_WITHIN = 40.0


@contextmanager
def running(home: Home) -> Iterator[Client]:
    """Give a running Airflow; it has ended, with every process of it, when the block is left.

    Ctrl-C, SIGTERM and SIGHUP leave the block.

    Raises:
        BrokeOff: a component didn't start, or didn't answer in time.
    """
    environment = home.environment()
    home.passwords()
    for folder in (home.folder / "plugins", home.logs):
        folder.mkdir(parents=True, exist_ok=True)
    _migrate(home, environment)
    started: dict[str, subprocess.Popen[bytes]] = {}
    before = {one: signal.signal(one, _leave) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        for name, command in _COMPONENTS.items():
            started[name] = _start(home, name, command, environment)
        client = Client(home.url, home.passwords())
        _wait_until_healthy(home, client, started)
        yield client
    finally:
        for one in before:
            signal.signal(one, signal.SIG_IGN)
        _stop(started)
        for one, handler in before.items():
            signal.signal(one, handler)


def _leave(number: int, _frame: object) -> None:
    """End the block: whatever asks this process to end, its components have to end first."""
    raise SystemExit(128 + number)


def _airflow(command: list[str]) -> list[str]:
    return [sys.executable, "-m", "airflow", *command]


def _migrate(home: Home, environment: Mapping[str, str]) -> None:
    log = home.logs / "migrate.log"
    with log.open("ab") as out:
        code = subprocess.run(  # noqa: S603 - this interpreter, and words of our own
            _airflow(["db", "migrate"]), env=environment, stdout=out, stderr=out, check=False
        ).returncode
    if code:
        raise BrokeOff(f"Airflow's own database could not be made; see {log}")


def _start(home: Home, name: str, command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    with (home.logs / f"{name}.log").open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - as above
            _airflow(command),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _wait_until_healthy(home: Home, client: Client, started: Mapping[str, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + _HEALTHY_WITHIN
    while True:
        for name, process in started.items():
            if process.poll() is not None:
                raise BrokeOff(f"Airflow's {name} ended at once; see {_log_of(home, name)}")
        if client.healthy():
            return
        if time.monotonic() > deadline:
            raise BrokeOff(f"Airflow did not answer on {home.url} in time; see {home.logs}")
        time.sleep(0.5)


def _log_of(home: Home, name: str) -> Path:
    return home.logs / f"{name}.log"


def _stop(started: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Ask each component to end, then end what is left of its session."""
    for process in started.values():
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + _TERM_WITHIN
    for process in started.values():
        try:
            process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for process in started.values():
        _end_session(process.pid)


def _end_session(leader: int) -> None:
    """End what a component may have left behind; its process group has the number of its first process."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
