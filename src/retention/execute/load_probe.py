"""The load probe: a query of the user's own that says how busy the database is."""

from __future__ import annotations

from dataclasses import dataclass, field

from retention.database.probe import probe
from retention.database.watch import Watch
from retention.errors import DatabaseFault
from retention.execute.drag import HARDEST, UNKNOWN, Drag, Turns, slower
from retention.matrix.model import LoadProbe

_EVERY = 1.0
_BACK_OFF = 2


@dataclass
class LoadSignal:
    """Backs off fast while the number is above the threshold, and recovers slowly.

    Where the probe fails nobody knows how busy the database is: the run goes on at a quarter of its batch. It doesn't
    stop, since rows whose period has lapsed have to go; it doesn't go on as if all were well, since somebody asked for
    care.
    """

    wish: LoadProbe
    watch: Watch
    turns: Turns = field(default_factory=lambda: Turns(_EVERY))
    level: int = 0
    drag: Drag = field(default_factory=Drag)

    def look(self) -> Drag:
        """Return how much the load holds the run back; the database is asked only once a second."""
        began = self.watch.clock()
        if self.turns.come(began):
            self.drag = self._asked()
            self.turns.took(began, self.watch.clock())
        return self.drag

    def _asked(self) -> Drag:
        try:
            load = self.watch.ask(lambda connection: probe(connection, self.wish.sql))
        except DatabaseFault as fault:
            self.level = max(self.level, UNKNOWN)
            return slower(UNKNOWN, "load probe fails", f"the load probe fails ({fault})")
        above = load > self.wish.threshold
        self.level = min(HARDEST, self.level + _BACK_OFF) if above else max(0, self.level - 1)
        why = f"load probe {load:g}" + (f" > {self.wish.threshold:g}" if above else ", recovering")
        return slower(self.level, "load" if above else "recovering", why)
