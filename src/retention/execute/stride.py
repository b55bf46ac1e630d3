"""How many staged keys a batch looks through: where few of their rows are free, many keys for each row that may go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Stride:
    """What one walk has learnt. ``target_ms`` is how long a batch should take.

    ``width`` is how many keys are looked through for each row that a batch may take.
    """

    target_ms: float
    width: int = 1

    def keys(self, rows: int, most: int) -> int:
        """Return how many keys to look through for so many rows, at ``most`` so many unless there are more rows."""
        return max(rows, min(rows * self.width, most))

    def fits(self, number: int, rows: int, milliseconds: float, *, most: int) -> bool:
        """Learn from having found ``number`` rows where ``rows`` may go; return whether the batch can go on.

        Else it has to begin again where it began, with fewer keys.
        """
        if number > rows and self.width > 1:
            self.width = 1
            return False
        # What finds nothing keeps nothing locked: it may take longer than a batch that somebody waits for.
        if number or milliseconds > 2 * self.target_ms:
            self.width = max(1, self.width // 2)
        elif rows * self.width < most:
            self.width *= 2
        return True

    def narrowed(self) -> bool:
        """Go back to a key for each row, as a batch has failed; return whether that is fewer."""
        wide, self.width = self.width > 1, 1
        return wide
