"""Letting a run's closing and what is appended to the run wait for each other: one of the two comes first."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, func, select

from retention.ledger.entry import genesis
from retention.ledger.tables import ENTRY, RUN_TASK

# An advisory lock asks for no right to change rows, which a ledger's role need not have.
_SHARED = select(func.pg_advisory_xact_lock_shared(bindparam("of_run")))
_ALONE = select(func.pg_advisory_xact_lock(bindparam("of_run")))
_FIRST = select(ENTRY.c.seq).where(ENTRY.c.run == bindparam("of_run"), ENTRY.c.task == RUN_TASK, ENTRY.c.seq == 1)
_SHARED_ROW, _ALONE_ROW = _FIRST.with_for_update(read=True), _FIRST.with_for_update()


def enter(connection: Connection, run: str, *, alone: bool = False) -> None:
    """Wait until nobody is closing the run; with ``alone``, until nobody writes to it either. Lasts to the commit.

    Those who append don't wait for each other. What is read afterwards has seen all that was waited for, at READ
    COMMITTED. A file's writing transactions are alone in any case.
    """
    name = connection.dialect.name
    if name == "postgresql":
        number = int.from_bytes(bytes.fromhex(genesis(run, RUN_TASK))[:8], signed=True)
        connection.execute(_ALONE if alone else _SHARED, {"of_run": number})
    elif name != "sqlite":
        connection.execute(_ALONE_ROW if alone else _SHARED_ROW, {"of_run": run}).first()
