"""How many rows a batch takes: as many as fit the target time of a statement, halved after a timeout."""

from __future__ import annotations

from dataclasses import dataclass

_FIRST = 500
_SMALLEST = 1
_GROWTH = 2.0


@dataclass
class Pace:
    """The batch size of one rule. ``target_ms`` is how long its statements should take."""

    target_ms: float
    most: int
    rows: int = _FIRST

    def __post_init__(self) -> None:
        self.rows = min(self.rows, self.most)

    def took(self, rows: int, milliseconds: float) -> None:
        """Move towards the target after a batch: at most double, at once down as far as needed."""
        if rows < self.rows and milliseconds < self.target_ms:
            return
        factor = min(self.target_ms / max(milliseconds, 0.1), _GROWTH)
        self.rows = max(_SMALLEST, min(self.most, int(self.rows * factor)))

    def halve(self) -> None:
        """Take half as many after a timeout: the same batch would time out again."""
        self.rows = max(_SMALLEST, self.rows // 2)
