"""The product as a contestant: a process of its own, with a ledger and a key ring of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benching.contest import Broken, Figure
from benching.matrix import CONNECTION, write_matrix
from benching.shapes import AS_OF, Shape

PATIENCE = 1800.0
CLIENT = Path(__file__).with_name("client.py")


@dataclass
class Product:
    """Carries a shape's rule out on a fresh copy.

    ``proof`` is ``keys`` (as shipped) or ``count``; ``whole`` takes the night's checks in the same process, as
    ``retention run`` does. ``workers`` is how many may work on one table, where the engine lets more than one.
    ``asked``: whether a person has to approve exactly those rows.
    """

    shape: Shape
    proof: str = "keys"
    whole: bool = False
    workers: int = 2
    asked: bool = False

    def purge(self, url: str, expected: int) -> Figure:
        """Purge and return its figure.

        Raises:
            Broken: it didn't take exactly the rows that have lapsed.
        """
        with self.ready(url) as client:
            return self.begin(client, expected)

    @contextmanager
    def ready(self, url: str) -> Iterator[subprocess.Popen[str]]:
        """Give a client that has planned, checked and opened its run, and waits for :meth:`begin`."""
        with TemporaryDirectory(prefix="retention-bench-") as name:
            folder = Path(name)
            write_matrix(folder / "matrix.yaml", self.shape, self.proof, self.workers, asked=self.asked)
            environment = {
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "RETENTION_CONFIG": str(folder / "matrix.yaml"),
                f"RETENTION_CONN_{CONNECTION.upper()}": url,
                "RETENTION_LEDGER_URL": f"sqlite:///{folder}/ledger.sqlite",
                "RETENTION_LEDGER_KEYS": "",
                "RETENTION_KEYRING": str(folder / "keyring"),
            }
            if not self.shape.removes:
                new_key = [sys.executable, "-m", "retention.cli", "key", "new"]
                subprocess.run(new_key, env=environment, check=True, capture_output=True)
            client = subprocess.Popen(
                [sys.executable, str(CLIENT), AS_OF.isoformat(), "night" if self.whole else "purge"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                _await_ready(client)
                yield client
            finally:
                client.kill()
                client.wait()

    def begin(self, client: subprocess.Popen[str], expected: int) -> Figure:
        """Let a waiting client purge, and return its figure."""
        found = _document(client)
        rules = found["rules"]
        done = sum(rule["done"] + sum(part["rows"] for part in rule["parts"]) for rule in rules)
        if done != expected:
            raise Broken(f"the purge of {self.shape.name} took {done} rows, {expected} have lapsed: {rules}")
        return Figure(
            rows=done,
            seconds=found["ended"] - found["started"],
            longest_ms=max(rule["longest_statement_ms"] for rule in rules),
            started=found["started"],
            ended=found["ended"],
            plan_seconds=found["plan_seconds"],
            peak_mib=found["peak_mib"],
            batches=sum(rule["batches"] for rule in rules),
        )


def _await_ready(client: subprocess.Popen[str]) -> None:
    assert client.stderr is not None
    said: list[str] = []
    for line in client.stderr:
        if line == "ready\n":
            return
        said.append(line)
    raise Broken("the client didn't begin:\n" + "".join(said))


def _document(client: subprocess.Popen[str]) -> dict[str, Any]:
    try:
        output, said = client.communicate("go\n", timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        raise Broken(f"the client was still at work after {PATIENCE:.0f} seconds") from None
    if client.returncode:
        raise Broken(f"the client broke off:\n{said}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found
