"""A connection beside the one that works: it only reads, briefly, and never fails for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import Connection, Engine

from retention.database.boundary import guarded, reaching
from retention.errors import DatabaseFault, Refused

Answer = TypeVar("Answer")
_AGAIN = 30.0
"""Seconds until somebody who couldn't be reached is tried again: trying may take seconds itself."""


@dataclass
class Watch:
    """Asks one database small questions. ``label`` names it in errors; ``make`` gives an engine made for watching."""

    label: str
    make: Callable[[], Engine]
    clock: Callable[[], float] = time.monotonic
    _engine: Engine | None = None
    _connection: Connection | None = None
    _refusal: DatabaseFault | None = None
    _tried: float = field(default=0.0)

    def ask(self, question: Callable[[Connection], Answer]) -> Answer:
        """Put one question in a transaction of its own that changes nothing.

        Raises:
            DatabaseFault: the database can't be reached, or refused; it may be asked again at any time.
        """
        connection = self._connected()
        try:
            with guarded(self.label), connection.begin() as transaction:
                answer = question(connection)
                transaction.rollback()
        except DatabaseFault as fault:
            if fault.lost:
                self.close()
            raise
        return answer

    def close(self) -> None:
        """Let the connection go; the next question opens another."""
        connection, self._connection = self._connection, None
        engine, self._engine = self._engine, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        if engine is not None:
            engine.dispose()

    def _connected(self) -> Connection:
        if self._connection is not None:
            return self._connection
        if self._refusal is not None and self.clock() - self._tried < _AGAIN:
            raise self._refusal
        try:
            with reaching(self.label):
                self._engine = self.make()
                self._connection = self._engine.connect()
        except (DatabaseFault, Refused) as fault:
            self.close()
            self._tried = self.clock()
            self._refusal = DatabaseFault(str(fault))
            raise self._refusal from None
        self._refusal = None
        return self._connection
