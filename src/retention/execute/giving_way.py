"""Giving way to others where an engine lets one write at a time, and nobody can see who waits.

Who waits for the whole file asks for it again and again, at most 25 ms apart at first and 100 ms later; where the run
takes it anew the moment that it has let it go, others come to write by chance only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from retention.database.dialect import Dialect
from retention.execute.drag import AIM, Drag

GAP = 0.025
"""How long the file is left alone after every batch, so that who has just begun to wait asks for it meanwhile."""
LONG_GAP = 0.11
"""How long it is left alone now and then, for whoever may have waited for long."""
LISTENING = 5
"""After how many batches gaps are left at first, as though others were at work: soon enough they are seen."""
_SOON = 0.02
"""What is done by then has kept nobody waiting."""
_EVERY = 1.5
_REMEMBERED = 5.0


@dataclass
class GivingWay:
    """Leaves a gap after every batch while others were seen to write, and a longer one now and then while they weren't.

    So it does at first, before it can know.

    ``connection`` is the one that the run writes by.
    """

    dialect: Dialect
    connection: Connection
    clock: Callable[[], float] = time.monotonic
    _seen: int | None = None
    _until: float = float("-inf")
    _listens: int = LISTENING
    _begun: float | None = None
    _due: float = float("inf")

    def look(self) -> Drag:
        """Return what the next batch owes to others."""
        changes, now = self.dialect.changes_by_others(self.connection), self.clock()
        if changes is None:
            return Drag()
        if self._seen not in (None, changes):
            self._until = now + _REMEMBERED
        self._seen = changes
        if self._begun is None:
            self._begun, self._due = now, now + _EVERY
        if now < self._until:
            return Drag(0, GAP, False, ("others",), "others write to it", aim=AIM)
        if self._listens and now >= self._begun + _SOON:
            self._listens -= 1
            return Drag(gap=GAP)
        if now >= self._due:
            self._due = now + _EVERY
            return Drag(gap=LONG_GAP)
        return Drag()
