"""The part of an engine that looks on from beside: who waits for a run's locks, and how its replicas fare."""

from __future__ import annotations

import abc
from typing import ClassVar

from sqlalchemy import URL, Connection, Engine


class Onlooker(abc.ABC):
    """What :class:`retention.database.watch.Watch` asks an engine."""

    replicates: ClassVar[bool] = True
    """Whether the engine has replicas."""

    counts_writes: ClassVar[bool] = False
    """Whether the engine can tell how many transactions have written."""

    @abc.abstractmethod
    def watch_engine(self, url: URL) -> Engine:
        """Return an engine that only reads, and gives up after a second or so where it can."""

    def session_id(self, connection: Connection) -> int | None:
        """Return what :meth:`waiting` knows this session by, None where the engine can't tell who waits."""
        del connection
        return None

    def waiting(self, connection: Connection, session: int) -> int:
        """Return how many sessions wait for a lock that another session holds, as seen from a third one."""
        del connection, session
        return 0

    def changes_by_others(self, connection: Connection) -> int | None:
        """Return a number that is another one once somebody else has written; None where writers needn't take turns."""
        del connection
        return None

    def writes(self, connection: Connection) -> int | None:
        """Return how many transactions have written so far, whoever's; None where the engine doesn't count them."""
        del connection
        return None

    def replica_lag(self, connection: Connection) -> float | None:
        """Return how many seconds a replica is behind; None where it follows nobody, or has stopped to follow."""
        del connection
        return None
