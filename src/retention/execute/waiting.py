"""Sessions of the shop that wait for the run's own locks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from retention.database.dialect import Dialect
from retention.database.watch import Watch
from retention.errors import DatabaseFault
from retention.execute.drag import HARDEST, Drag, Turns

_EVERY = 0.5
_SHARE = 20


@dataclass
class WaitingSignal:
    """Halves the batch each time somebody is seen waiting; there is no pause, since between batches nobody waits.

    ``say`` is told where the engine lets nobody see who waits; the run goes on without knowing.
    """

    dialect: Dialect
    watch: Watch
    say: Callable[[str], None]
    turns: Turns = field(default_factory=lambda: Turns(_EVERY, _SHARE))
    session: int | None = None
    blind: bool = False
    level: int = 0
    drag: Drag = field(default_factory=Drag)

    def begin(self, connection: Connection) -> None:
        """Learn which session the run works in, and open the other one while no lock is held."""
        self.session = self.dialect.session_id(connection)
        if self.session is not None:
            self._ask(self.session)

    def look(self) -> None:
        """Look who waits, while the batch's locks are still held; at most twice a second."""
        began = self.watch.clock()
        if self.session is None or self.blind or not self.turns.come(began):
            return
        self._ask(self.session)
        self.turns.took(began, self.watch.clock())

    def _ask(self, session: int) -> None:
        try:
            number = self.watch.ask(lambda connection: self.dialect.waiting(connection, session))
        except DatabaseFault as fault:
            self.blind, self.drag = True, Drag()
            self.say(f"sessions that wait for its locks can't be seen ({fault})")
            return
        self.level = min(HARDEST, self.level + 1) if number else max(0, self.level - 1)
        why = f"{number} waiting for its locks" if number else "somebody waited for its locks"
        self.drag = Drag(self.level, 0.0, False, ("waiting",), why) if self.level else Drag()
