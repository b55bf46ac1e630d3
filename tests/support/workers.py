"""The two workers of a rule, as tests tell them apart, and what befalls the second one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from sqlalchemy import text

from retention.execute.batch import Batches
from support.bench import Bench, NoHolds

SECOND = "second worker"
"""The name of the second one's thread."""


class Moved(NoHolds):
    """A register that moves while workers have batches open, once the second has taken more than so many rows."""

    def __init__(self, taken: Mapping[str, int], after: int) -> None:
        self.taken, self.after, self.number = taken, after, 0

    def version(self) -> int:
        if self.taken.get(SECOND, 0) > self.after:
            self.number = 1
        return self.number


def cut_off(bench: Bench, monkeypatch: pytest.MonkeyPatch, taken: Mapping[str, int], after: int) -> Iterable[int]:
    """Let the second worker's connection be cut before a commit, once it has taken more than so many rows.

    Returns the session that was cut, as soon as it was.
    """
    own = "pg_backend_pid()" if bench.engine == "postgresql" else "connection_id()"
    kill = "SELECT pg_terminate_backend({})" if bench.engine == "postgresql" else "KILL {}"
    mark, cuts = Batches._mark, list[int]()

    def marked(self: Batches, connection: Any, numbered: Any) -> None:
        mark(self, connection, numbered)
        if threading.current_thread().name == SECOND and taken.get(SECOND, 0) > after and not cuts:
            session = connection.execute(text(f"SELECT {own}")).scalar()
            with bench.database.engine.connect() as other:
                other.execution_options(isolation_level="AUTOCOMMIT").execute(text(kill.format(session)))
            cuts.append(session)

    monkeypatch.setattr(Batches, "_mark", marked)
    return cuts
