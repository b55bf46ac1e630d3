"""Taking turns where an engine lets one write at a time: tasks of one run wait for each other in an orderly way.

A writer that asks again and again for a lock of the whole file may starve beside one that takes it batch after batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retention.database.boundary import guarded
from retention.database.connect import Database

_AGAIN = 0.1


@contextmanager
def turn(database: Database, identity: str, stop: Callable[[], str | None]) -> Iterator[None]:
    """Wait for this process's turn to write, or until it is asked to stop; at once where rows can be locked.

    Raises:
        DatabaseFault: the database failed.
    """
    dialect = database.dialect
    if dialect.locks_rows:
        yield
        return
    name = f"retention:{identity}:turn"
    with guarded(database.label), database.engine.connect() as holder:
        while not dialect.try_lock(holder, name):
            if stop() is not None:
                yield
                return
            time.sleep(_AGAIN)
        try:
            yield
        finally:
            dialect.unlock(holder, name)
