"""How many rows a batch takes, parts counted with them: as many as fit the target time, halved after a timeout.

A batch costs something however few rows it takes: a commit, the ledger's write, the parsing of a long condition. Making
it smaller doesn't buy that back, it only pays it more often; so the pace learns both, what a batch costs and what a row
costs, by least squares over the last batches, and shrinks a batch only by what its rows cost.
"""

from __future__ import annotations

from dataclasses import dataclass, field

_FIRST = 500
_SMALLEST = 1
_GROWTH = 2.0
_MEMORY = 0.8
_ALIKE = 3.0
_SHORT = 4.0


@dataclass
class Pace:
    """The batch size of one rule. ``target_ms`` is how long a batch should take; ``most`` the rows it may have.

    ``busy``: whether others are at work. A batch is short then even where what it costs by itself is paid more often.
    """

    target_ms: float
    most: int
    rows: int = _FIRST
    busy: bool = False
    _sums: list[float] = field(default_factory=lambda: [0.0] * 5)

    def __post_init__(self) -> None:
        self.rows = max(_SMALLEST, min(self.rows, self.most))

    def took(self, rows: int, milliseconds: float) -> None:
        """Learn from a batch and move towards the target: at most double, at once down as far as needed."""
        seen = (1.0, float(rows), milliseconds, float(rows) ** 2, rows * milliseconds)
        self._sums = [_MEMORY * old + new for old, new in zip(self._sums, seen, strict=True)]
        batch, row = self._costs()
        # Where the batch itself costs more than the target allows, its rows may cost as much again: in vain otherwise.
        room = max(self.target_ms - batch, self.target_ms / 2 if self.busy else batch, 0.1)
        fitting = self.most if row * self.most <= room else room / row
        self.rows = max(_SMALLEST, min(self.most, int(fitting), int(self.rows * _GROWTH)))

    def halve(self) -> None:
        """Take half as many after a timeout: the same batch would time out again."""
        self.rows = max(_SMALLEST, self.rows // 2)

    def _costs(self) -> tuple[float, float]:
        """Return what a batch and what a row costs, in milliseconds; all is the rows' where sizes didn't differ."""
        count, rows, time, squares, products = self._sums
        spread = squares * count - rows * rows
        if spread <= 1e-9 * squares * count:
            # Batches of one size, such as one block each, don't tell what a row costs: short ones grow until they do.
            tells = not self.busy or count < _ALIKE or time / count > _SHORT * self.target_ms
            return (0.0, time / rows) if tells else (time / count, 0.0)
        row = (products * count - rows * time) / spread
        batch = (time - row * rows) / count
        if batch < 0:
            return 0.0, products / squares
        return (batch, row) if row > 0 else (time / count, 0.0)
