"""What a rule has taken and may still take, for workers that take at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from retention.execute.context import Outcome, RunContext
from retention.execute.done import Done

_TELL_EVERY = 3.0


@dataclass
class Tally:
    """The numbers of one rule's outcome, within what its plan and the run's budget leave to be taken."""

    outcome: Outcome
    context: RunContext
    most: int = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _claimed: int = 0
    _told: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.most = self.context.most(self.outcome.plan)

    @property
    def left(self) -> int:
        """Return how many rows the rule may still take."""
        return self.most - self.outcome.done

    @contextmanager
    def claimed(self, most: int) -> Iterator[int]:
        """Give how many rows one batch may take, at most ``most``: what it doesn't take others may, afterwards."""
        with self._lock:
            some = max(0, min(most, self.left - self._claimed))
            self._claimed += some
        try:
            yield some
        finally:
            with self._lock:
                self._claimed -= some

    def took(self, done: Done) -> None:
        """Add what a batch did."""
        outcome = self.outcome
        with self._lock:
            outcome.done += done.rows
            outcome.batches += 1
            outcome.longest_ms = max(outcome.longest_ms, done.statement_ms)
            outcome.saw(done.days)
            for name, number in done.parts.items():
                outcome.parts[name] = outcome.parts.get(name, 0) + number
            tell = time.monotonic() - self._told >= _TELL_EVERY
            if tell:
                self._told = time.monotonic()
        if tell:
            self.context.progress(f"{outcome.plan.id}: {outcome.done:,} of {outcome.plan.planned:,}")
