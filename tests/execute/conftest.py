"""What the tests of carrying out share."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from retention.database.mariadb import MariaDB
from retention.database.postgresql import PostgreSQL
from retention.execute import second
from retention.execute.batch import Batches


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody be counted who is at work on the server beside, be it another test."""
    for engine in (MariaDB, PostgreSQL):
        monkeypatch.setattr(engine, "counts_writes", False)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a thousand due rows be worth a second worker."""
    monkeypatch.setattr(second, "WORTH_TWO", 1000)


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch, two: None) -> dict[str, int]:
    """Count the rows that each worker's batches took."""
    found: dict[str, int] = {}
    carry_out = Batches.carry_out

    def counted(self: Batches, *arguments: Any) -> Any:
        dones = carry_out(self, *arguments)
        name = threading.current_thread().name
        found[name] = found.get(name, 0) + sum(done.rows for done in dones)
        return dones

    monkeypatch.setattr(Batches, "carry_out", counted)
    return found
