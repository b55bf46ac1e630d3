"""Getting past rows that a batch can't have: locked ones, ones that take too long, and ones that the database refuses.

By halves a walk comes to them, leaves them for the end, and goes on behind them. One forgotten session, or one row that
a trigger of the shop keeps, would otherwise keep a whole rule's rows, every night. On MariaDB the row before a locked
one may stay with it: the engine looks at the next one to see that a range has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

from retention.errors import DatabaseFault

_RETRIES = 5
_MOST = 20
_WIDER = 4
_WIDEST = 500


@dataclass
class Obstacle:
    """What one walk met.

    ``locks_rows``: whether others hold rows; where they lock a database as a whole, the same is only tried again.
    ``last``: whether what is left stays. Rows are left one by one then; before, where one after the other has to be
    left, more and more at once, as somebody may hold many that lie together. ``left`` is how many times that was.
    """

    locks_rows: bool
    last: bool
    left: int = 0
    _failures: int = 0
    _ahead: int = 0
    _width: int = 1

    def rows(self, fitting: int) -> int:
        """Return how many rows are to be tried next, of those that would fit."""
        if self._width > 1:
            return self._width
        return max(1, min(fitting, self._ahead // 2)) if self._ahead else fitting

    def took(self, rows: int) -> None:
        """Note that a batch of about so many rows was carried out."""
        self._failures, self._width = 0, 1
        self._ahead = max(0, self._ahead - rows)

    def passes(self, fault: DatabaseFault) -> bool:
        """Return whether rows can be left for this."""
        return self.locks_rows or fault.of_a_row

    def blocks(self, fault: DatabaseFault) -> bool:
        """Note that a batch failed; return whether the walk has to end there."""
        if fault.lost or not (fault.retryable or fault.of_a_row):
            return True
        if self.passes(fault):
            return self.left >= _MOST
        self._failures += 1
        return self._failures > _RETRIES

    def narrow(self, rows: int) -> bool:
        """Return whether the failed batch of about so many rows was small enough to be left."""
        self._ahead = rows
        return rows <= self._width

    def leave(self) -> None:
        """Go on behind the rows of the failed batch."""
        self.left, self._ahead = self.left + 1, 0
        self._width = 1 if self.last else min(self._width * _WIDER, _WIDEST)
