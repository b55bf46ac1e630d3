"""What holds a run back: by how much a batch is halved, how long the run pauses after it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HARDEST = 5
UNKNOWN = 2
"""How often a batch is halved where nobody knows how the database fares: a quarter of its rows, not a standstill."""
_FIRST_PAUSE = 0.05
AIM = 0.125
"""The share of its target time that a batch may take while others are at work: as long as it takes they wait."""


@dataclass(frozen=True, slots=True)
class Drag:
    """``halvings`` of a batch, a ``pause`` in seconds before it, and whether it should ``wait`` altogether.

    ``aim`` is the share of its target time that a batch may take. ``kinds`` name the reasons without their figures, so
    that a new reason is told from another figure. A ``gap`` is a pause without a reason, too short to speak of, and an
    aim without one is as short-lived. ``others``: whether anybody else may be writing, be it too little to matter here.
    """

    halvings: int = 0
    pause: float = 0.0
    wait: bool = False
    kinds: tuple[str, ...] = ()
    why: str = ""
    gap: float = 0.0
    aim: float = 1.0
    others: bool = False

    def shrunk(self, rows: int) -> int:
        """Return how many of a batch's rows it leaves."""
        return max(1, rows >> self.halvings)


def slower(level: int, kind: str, why: str) -> Drag:
    """Return what level by level makes batches smaller and pauses longer; level 0 is nothing."""
    return Drag(level, _FIRST_PAUSE * 2 ** (level - 1), False, (kind,), why) if level else Drag()


def together(drags: Sequence[Drag]) -> Drag:
    """Return the hardest of several, with all their reasons."""
    felt = [one for one in drags if one.kinds]
    return Drag(
        max((one.halvings for one in felt), default=0),
        max((one.pause for one in felt), default=0.0),
        any(one.wait for one in felt),
        tuple(kind for one in felt for kind in one.kinds),
        ", ".join(one.why for one in felt),
        max((one.gap for one in drags), default=0.0),
        min((one.aim for one in drags), default=1.0),
        any(one.others for one in drags),
    )


@dataclass
class Turns:
    """When something is asked again: after ``every`` seconds, and so that asking takes a small share of the time."""

    every: float
    share: int = 10
    due: float = float("-inf")

    def come(self, now: float) -> bool:
        """Whether it is time."""
        return now >= self.due

    def took(self, began: float, now: float) -> None:
        """Note that it was asked."""
        self.due = now + max(self.every, self.share * (now - began))
