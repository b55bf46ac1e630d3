"""Two workers on one walk: from its two ends towards each other, until they meet.

Neither knows where the middle lies, and neither waits for the other. What one has taken, the other leaves alone; what
one gives back, because its batch failed, is its own again.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from sqlalchemy import Connection, Table, select

from retention.database.dialect import Dialect
from retention.database.reading import Sql
from retention.execute.ranges import END, Blocks, Keys, Range, Ranges, Staged

FIRST, LAST = -(2**70), 2**70
"""The cuts before the first row and after the last one, below and above whatever a key of 64 bits may be."""


class Line(Protocol):
    """Rows in an order, with whole numbers for cuts between them."""

    @property
    def ranges(self) -> Ranges:
        """Return the ranges that one worker alone would take."""

    def forward(self, connection: Connection, cut: int, steps: int) -> int:
        """Return the cut that lies ``steps`` blocks or rows behind another one."""

    def backward(self, connection: Connection, cut: int, steps: int) -> int:
        """Return the cut that lies ``steps`` blocks or rows before another one."""

    def between(self, low: int, high: int) -> Range:
        """Return what lies between two cuts."""


@dataclass(frozen=True)
class BlockLine:
    """Blocks in the order of their addresses: a cut is the number of the block behind it."""

    dialect: Dialect
    total: int

    @property
    def ranges(self) -> Ranges:
        """Return the ranges that one worker alone would take."""
        return Blocks(self.dialect, self.total)

    def forward(self, _connection: Connection, cut: int, steps: int) -> int:
        """Return the cut that lies ``steps`` blocks behind another one."""
        found = max(cut, 0) + steps
        return found if found < self.total else LAST

    def backward(self, _connection: Connection, cut: int, steps: int) -> int:
        """Return the cut that lies ``steps`` blocks before another one."""
        found = min(cut, self.total) - steps
        return found if found > 0 else FIRST

    def between(self, low: int, high: int) -> Range:
        """Return the blocks between two cuts."""
        return Range(True, True, self.dialect.block_range(max(low, 0), min(high, self.total)), END)


@dataclass(frozen=True)
class KeyLine:
    """Rows in the order of a key that is one whole number: a cut lies behind the row that has its number.

    ``ranges`` are those that one worker alone would take of ``table``: of all rows, or of the keys that are staged by
    that name in each worker's own session.
    """

    ranges: Keys | Staged
    table: Table

    def forward(self, connection: Connection, cut: int, steps: int) -> int:
        """Return the cut that lies ``steps`` rows behind another one."""
        key = self._key
        query = select(key).order_by(key).offset(steps - 1).limit(1)
        found = connection.execute(query if cut == FIRST else query.where(key > cut)).scalar()
        return LAST if found is None else int(found)

    def backward(self, connection: Connection, cut: int, steps: int) -> int:
        """Return the cut that lies ``steps`` rows before another one."""
        key = self._key
        query = select(key).order_by(key.desc()).offset(steps).limit(1)
        found = connection.execute(query if cut == LAST else query.where(key <= cut)).scalar()
        return FIRST if found is None else int(found)

    def between(self, low: int, high: int) -> Range:
        """Return the rows between two cuts."""
        ends = {"low_0": low, "high_0": high}
        values = {name: cut for name, cut in ends.items() if cut not in (FIRST, LAST)}
        return Range(low != FIRST, high != LAST, values, END)

    @property
    def _key(self) -> Sql:
        return self.table.c[self.ranges.rule.key[0]]


@dataclass
class Meeting:
    """How far two workers have come: before ``front`` all is the first one's, behind ``back`` the second one's."""

    line: Line
    front: int = FIRST
    back: int = LAST
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Side(Ranges):
    """One side of a meeting. A position is the cut up to which its rows are done with; None is its end of the walk."""

    meeting: Meeting

    @property
    def most_steps(self) -> int:
        """Return how many blocks or rows a range may have."""
        return self.meeting.line.ranges.most_steps

    @property
    def ends(self) -> Sequence[tuple[bool, bool]]:
        """Return the kinds of ranges a walk has."""
        return self.meeting.line.ranges.ends

    def condition(self, low: bool, high: bool) -> Sql:
        """Return whether a row lies in a range."""
        return self.meeting.line.ranges.condition(low, high)


class FromFront(Side):
    """The first worker's."""

    def next(self, connection: Connection, position: Any, steps: int) -> Range | None:
        """Return the range of about ``steps`` blocks or rows from a position on; None where the other one has begun."""
        if position is END:
            return None
        meeting, low = self.meeting, FIRST if position is None else position
        cut = meeting.line.forward(connection, low, steps)
        with meeting.lock:
            if low >= meeting.back:
                return None
            meeting.front = high = min(cut, meeting.back)
        return _up_to(meeting.line.between(low, high), high)


class FromBack(Side):
    """The second worker's."""

    def next(self, connection: Connection, position: Any, steps: int) -> Range | None:
        """Return the range of about ``steps`` blocks or rows before a position; None where the other one has begun."""
        if position is END:
            return None
        meeting, high = self.meeting, LAST if position is None else position
        cut = meeting.line.backward(connection, high, steps)
        with meeting.lock:
            if high <= meeting.front:
                return None
            meeting.back = low = max(cut, meeting.front)
        return _up_to(meeting.line.between(low, high), low)


def sides(ranges: Ranges) -> tuple[Ranges, Ranges] | None:
    """Return the two sides of a walk; None where it can't be cut by numbers."""
    line: Line
    if isinstance(ranges, Blocks):
        line = BlockLine(ranges.dialect, ranges.total)
    elif isinstance(ranges, Keys | Staged) and ranges.rule.numbered:
        line = KeyLine(ranges, ranges.staged if isinstance(ranges, Staged) else ranges.rule.shape.sql)
    else:
        return None
    meeting = Meeting(line)
    return FromFront(meeting), FromBack(meeting)


def _up_to(found: Range, cut: int) -> Range:
    return replace(found, end=END if cut in (FIRST, LAST) else cut)
