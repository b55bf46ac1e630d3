"""Ledgers of a test: a clock that moves by a second a look, and a hand that changes what is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from retention.ledger import Ledger

OPENED = datetime(2026, 11, 24, 2, tzinfo=UTC)


def ticking(start: datetime = OPENED) -> Callable[[], datetime]:
    """Return a clock that goes on by one second each time it is read."""
    seconds = iter(range(10**9))
    return lambda: start + timedelta(seconds=next(seconds))


def open_ledger(file: Path, now: Callable[[], datetime] | None = None) -> Ledger:
    return Ledger.open(f"sqlite:///{file}", None, now or ticking())


def tamper(file: Path, statement: str, parameters: Sequence[Any] = ()) -> int:
    """Change a ledger's file behind its back, triggers taken off; return how many rows were hit."""
    with closing(sqlite3.connect(file)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        return connection.execute(statement, parameters).rowcount


def rows(file: Path, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query, parameters).fetchall()
