"""From which day a row is due, and until when others keep it: the plan's own conditions, asked of later days.

Nothing is computed a second time here. Every condition only ever turns one way as the day moves on, so the first day
is found by halving.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from retention.database.names import TableKey

HORIZON = date(8999, 12, 31)
"""Days after it never lapse."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """A row on one day: whether it is due, and how many rows of each table keep it."""

    due: bool
    holding: Mapping[TableKey, int]


@dataclass
class Future:
    """A row on the days from ``as_of`` on.

    ``look`` judges one day, and is asked no day twice. ``turns`` are days on which something may change, in order: they
    make the search short, and a day that they lack is found all the same.
    """

    as_of: date
    look: Callable[[date], Outlook]
    turns: Callable[[], Sequence[date]]
    _seen: dict[date, Outlook] = field(default_factory=dict)

    def on(self, day: date) -> Outlook:
        """Return how the row stands on a day."""
        if day not in self._seen:
            self._seen[day] = self.look(day)
        return self._seen[day]

    def first(self, test: Callable[[Outlook], bool], start: date) -> date | None:
        """Return the first day from ``start`` on at which ``test`` holds; it then holds on every later day.

        None where it doesn't hold up to :data:`HORIZON`.
        """

        def holds(day: date) -> bool:
            return test(self.on(day))

        if holds(start):
            return start
        days = [start, *(day for day in self.turns() if start < day < HORIZON), HORIZON]
        no, yes = 0, len(days) - 1
        while yes - no > 1:
            middle = (no + yes) // 2
            no, yes = (no, middle) if holds(days[middle]) else (middle, yes)
        before, day = days[no], days[yes]
        if not holds(day):
            return None
        return day if not holds(day - _DAY) else _between(holds, before, day)


def _between(holds: Callable[[date], bool], no: date, yes: date) -> date:
    while yes - no > _DAY:
        middle = no + (yes - no) // 2
        no, yes = (no, middle) if holds(middle) else (middle, yes)
    return yes
