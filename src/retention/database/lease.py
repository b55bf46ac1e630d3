"""Who may destroy: a lease with an epoch in the database itself, and a lock that dies with its holder.

Every batch checks run and epoch under a row lock, so that a task whose retry has begun can't commit. A second run is
refused while the first one's locks are held; where they are free its holder is dead, and the lease is taken over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from retention.database.boundary import guarded
from retention.database.connect import Database
from retention.database.dialect import PATIENCE_S
from retention.database.identity import require_identity
from retention.database.own_tables import IDENTITY, LEASE
from retention.errors import BrokeOff, DatabaseFault, Refused

# Asked by every batch, so written once.
_HELD = select(LEASE.c.epoch).where(
    LEASE.c.unit == bindparam("of_unit"),
    LEASE.c.run == bindparam("of_run"),
    LEASE.c.epoch == bindparam("of_epoch"),
    LEASE.c.released == 0,
)
# Two workers of one task hold it together; who takes the lease over changes the row, and waits for both.
_SHARED = _HELD.with_for_update(read=True)

_PATIENCE_MS = PATIENCE_S * 1000
_IDLE = 15.0
"""For how many seconds the session that holds a lock is left alone."""


class Fenced(BrokeOff):
    """Another task has taken the lease over; this one must not commit."""


@dataclass
class Holder:
    """The session that holds the lease's lock, and does nothing else: servers and gateways let idle ones go."""

    connection: Connection
    _asked: float = field(default_factory=time.monotonic)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def keep(self) -> None:
        """Ask something of it every now and then, whichever worker comes by.

        Raises:
            DatabaseFault: it is lost, and with it the lock.
        """
        if time.monotonic() - self._asked < _IDLE or not self._turn.acquire(blocking=False):
            return
        try:
            self.connection.execute(select(1)).scalar()
            self._asked = time.monotonic()
        finally:
            self._turn.release()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to destroy in one unit, as long as the epoch is the newest."""

    unit: str
    run: str
    epoch: int
    locks_rows: bool
    holder: Holder

    def check(self, connection: Connection) -> None:
        """Hold the lease's row for this transaction, as this task's other worker may at the same time.

        Raises:
            Fenced: the lease has gone to another task.
        """
        self.holder.keep()
        self.require(connection)

    def require(self, connection: Connection) -> None:
        """Hold the lease's row for this transaction, whatever has become of the session that holds the lock.

        Raises:
            Fenced: the lease has gone to another task.
        """
        query = _SHARED if self.locks_rows else _HELD
        values = {"of_unit": self.unit, "of_run": self.run, "of_epoch": self.epoch}
        if connection.execute(query, values).scalar() is None:
            raise Fenced(f"unit {self.unit}: another task has taken it over; this one stops without a change")


@contextmanager
def leased(database: Database, identity: str, unit: str, run: str, now: Callable[[], datetime]) -> Iterator[Lease]:
    """Take the unit's lease and keep the holder's lock until the end.

    Raises:
        Refused: another run is at work on this database, or the database is not the one the matrix names.
        DatabaseFault: the database failed.
    """
    with guarded(database.label), database.engine.connect() as holder:
        holder = holder.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901 - the same connection
        try:
            with database.session() as connection, connection.begin():
                lease = _take(database, identity, unit, run, now, connection, holder)
        except DatabaseFault as fault:
            if fault.retryable:
                raise Refused(str(fault)) from None
            raise
        try:
            yield lease
        finally:
            _release(database, lease)


def refuse_while_at_work(database: Database, identity: str) -> None:
    """See that nobody is destroying in this database, whichever ledger they write to.

    Raises:
        Refused: the holder of a lease is alive.
    """
    dialect = database.dialect
    with guarded(database.label), database.engine.connect() as holder:
        holder = holder.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901 - the same connection
        with database.planning() as connection:
            leases = connection.execute(select(LEASE).where(LEASE.c.released == 0)).all()
        for lease in leases:
            name = _lock_name(identity, lease.unit, lease.epoch)
            if not dialect.try_lock(holder, name):
                raise _occupied(database, lease.run, lease.unit)
            dialect.unlock(holder, name)


def fence(database: Database, run: str) -> None:
    """Let no task of a run that broke off commit any more, and wait for what the database is still committing for it.

    A process that was killed leaves its last word to the server, which may need a while for it: a commit that waits for
    a replica, say. Only then do the markers tell all.

    Raises:
        Refused: it takes too long.
        DatabaseFault: the database failed.
    """
    try:
        with database.session() as connection:
            # A session of its own: it is more patient than whoever has it next should be.
            connection.detach()
            with database.rehearsal(connection):
                database.dialect.lock_timeout(connection, _PATIENCE_MS)
            with connection.begin():
                connection.execute(update(LEASE).where(LEASE.c.run == run).values(epoch=LEASE.c.epoch + 1, released=1))
    except DatabaseFault as fault:
        if fault.retryable:
            raise Refused(f"{database.label}: it is still busy with a batch of run {run}; run it again later") from None
        raise


def _occupied(database: Database, run: str, unit: str) -> Refused:
    return Refused(f"{database.label}: run {run} is at work on it (unit {unit}); wait until it has ended")


def _take(
    database: Database,
    identity: str,
    unit: str,
    run: str,
    now: Callable[[], datetime],
    connection: Connection,
    holder: Connection,
) -> Lease:
    dialect = database.dialect
    require_identity(connection, database, identity)
    gate = select(IDENTITY.c.identity)
    connection.execute(gate.with_for_update() if dialect.locks_rows else gate)
    for lease in connection.execute(select(LEASE).where(LEASE.c.run != run, LEASE.c.released == 0)).all():
        name = _lock_name(identity, lease.unit, lease.epoch)
        if not dialect.try_lock(holder, name):
            raise _occupied(database, lease.run, lease.unit)
        dialect.unlock(holder, name)
        connection.execute(update(LEASE).where(LEASE.c.unit == lease.unit).values(released=1))
    last = connection.execute(select(LEASE.c.epoch).where(LEASE.c.unit == unit)).scalar()
    epoch = (last or 0) + 1
    values = {"run": run, "epoch": epoch, "released": 0, "taken_at": now().isoformat()}
    if last is None:
        connection.execute(insert(LEASE).values(unit=unit, **values))
    else:
        connection.execute(update(LEASE).where(LEASE.c.unit == unit).values(**values))
    if not dialect.try_lock(holder, _lock_name(identity, unit, epoch)):
        raise Refused(f"{database.label}: the lock of unit {unit} is held by somebody else; try again")
    return Lease(unit, run, epoch, dialect.locks_rows, Holder(holder))


def _release(database: Database, lease: Lease) -> None:
    with database.session() as connection, connection.begin():
        connection.execute(
            update(LEASE).where(LEASE.c.unit == lease.unit, LEASE.c.epoch == lease.epoch).values(released=1)
        )
        identity = connection.execute(select(IDENTITY.c.identity)).scalar_one()
    if lease.holder.connection.invalidated:
        return
    try:
        with guarded(database.label):
            database.dialect.unlock(lease.holder.connection, _lock_name(identity, lease.unit, lease.epoch))
    except DatabaseFault as fault:
        # A session that is lost holds no lock any more, and all that was to be done is done.
        if not fault.lost:
            raise


def _lock_name(identity: str, unit: str, epoch: int) -> str:
    return f"retention:{identity}:{unit}:{epoch}"
