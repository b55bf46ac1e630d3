"""Whether a run's process lives: a lock in each of its databases, from its opening to its closing, that dies with it.

A lease is held only while a unit is at work. Between two units, and during the checks after them, nothing else tells a
run that goes on from one that broke off.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from retention.database.boundary import guarded
from retention.database.connect import Database
from retention.database.lease import Holder
from retention.errors import DatabaseFault, Refused


@dataclass
class SignOfLife:
    """A run's lock in one database."""

    database: Database
    holder: Holder
    _lost: bool = False

    def keep(self) -> None:
        """Ask something of its session every now and then, so that it isn't let go as idle.

        A run goes on without it where it is lost: the leases guard every batch, and a run that somebody has settled
        meanwhile finds out when it is to be closed.
        """
        if self._lost:
            return
        try:
            with guarded(self.database.label):
                self.holder.keep()
        except DatabaseFault:
            self._lost = True


@contextmanager
def alive(database: Database, identity: str, run: str) -> Iterator[SignOfLife]:
    """Show that the run's process lives, until the end.

    Raises:
        Refused: somebody else holds the run's lock.
        DatabaseFault: the database failed before anything was begun.
    """
    dialect, name = database.dialect, _lock_name(identity, run)
    with guarded(database.label):
        plain = database.engine.connect()
    with plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        with guarded(database.label):
            held = dialect.try_lock(connection, name)
        if not held:
            raise _at_work(database, run)
        try:
            yield SignOfLife(database, Holder(connection))
        finally:
            # A session that is lost holds no lock any more.
            with suppress(DatabaseFault), guarded(database.label):
                dialect.unlock(connection, name)


def refuse_while_alive(database: Database, identity: str, run: str) -> None:
    """See that a run's process is dead.

    Raises:
        Refused: it lives.
        DatabaseFault: the database failed.
    """
    dialect, name = database.dialect, _lock_name(identity, run)
    with guarded(database.label), database.engine.connect() as plain:
        connection = plain.execution_options(isolation_level="AUTOCOMMIT")
        if not dialect.try_lock(connection, name):
            raise _at_work(database, run)
        dialect.unlock(connection, name)


def _at_work(database: Database, run: str) -> Refused:
    return Refused(f"{database.label}: run {run} is at work on it; wait until it has ended")


def _lock_name(identity: str, run: str) -> str:
    return f"retention:{identity}:run:{run}"
