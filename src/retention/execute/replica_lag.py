"""Replicas: a run waits until they have caught up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from retention.database.dialect import Dialect
from retention.database.watch import Watch
from retention.errors import DatabaseFault
from retention.execute.drag import HARDEST, UNKNOWN, Drag, Turns, slower, together

DEFAULT_LAG = 5.0
_EVERY = 1.0
_PATIENCE = 60.0
"""How many seconds in a row a replica is waited for: one that is still behind then is broken, or means to be."""


@dataclass
class ReplicaSignal:
    """Asks each replica how far it is behind; ``limit`` is in seconds.

    A replica that can't be asked, or follows nobody, slows the run and doesn't stop it: it may be down for repair. So
    does one that a minute's wait hasn't brought nearer, until it has caught up.
    """

    replicas: Sequence[tuple[str, Watch]]
    dialect: Dialect
    limit: float
    turns: Turns = field(default_factory=lambda: Turns(_EVERY))
    drag: Drag = field(default_factory=Drag)
    _behind: dict[str, float] = field(default_factory=dict)

    def look(self) -> Drag:
        """Return how much the replicas hold the run back; they are asked only once a second."""
        clock = self.replicas[0][1].clock
        began = clock()
        if self.turns.come(began):
            self.drag = together([self._asked(name, watch) for name, watch in self.replicas])
            self.turns.took(began, clock())
        return self.drag

    def _asked(self, name: str, watch: Watch) -> Drag:
        try:
            lag = watch.ask(self.dialect.replica_lag)
        except DatabaseFault as fault:
            return slower(UNKNOWN, f"{name} can't be asked", f"replica {name} can't be asked ({fault})")
        if lag is None:
            return slower(UNKNOWN, f"{name} doesn't follow", f"replica {name} follows nobody, or has stopped to")
        if lag <= self.limit:
            self._behind.pop(name, None)
            return Drag()
        why = f"replica {name} is {lag:.1f} s behind, more than {self.limit:g}"
        now = watch.clock()
        if now - self._behind.setdefault(name, now) >= _PATIENCE:
            return slower(UNKNOWN, f"{name} stays behind", why)
        return Drag(HARDEST, 0.0, True, (f"{name} is behind",), why)
