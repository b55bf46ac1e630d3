"""Getting past rows that a batch can't have now: others hold them locked, or a statement takes them for too long.

By halves a walk comes to them, leaves them for the end, and goes on behind them. One forgotten session would otherwise
keep a whole rule's rows, every night. On MariaDB the row before a locked one may stay with it: the engine looks at the
next one to see that a range has ended.
"""

from __future__ import annotations

from dataclasses import dataclass

_RETRIES = 5
_MOST = 20
_WIDER = 4
_WIDEST = 500


@dataclass
class Obstacle:
    """What one walk met.

    ``passes``: whether rows can be left at all; where a database is locked as a whole, the same is only tried again.
    ``last``: whether what is left stays. Rows are left one by one then; before, where one after the other has to be
    left, more and more at once, as somebody may hold many that lie together. ``left`` is how many times that was.
    """

    passes: bool
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

    def blocks(self) -> bool:
        """Note that a batch failed; return whether the walk has to end there."""
        self._failures += 1
        return self.left >= _MOST if self.passes else self._failures > _RETRIES

    def narrow(self, rows: int) -> bool:
        """Return whether the failed batch of about so many rows was small enough to be left."""
        self._ahead = rows
        return rows <= self._width

    def leave(self) -> None:
        """Go on behind the rows of the failed batch."""
        self.left, self._ahead = self.left + 1, 0
        self._width = 1 if self.last else min(self._width * _WIDER, _WIDEST)
