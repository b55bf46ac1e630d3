"""Contestants in turn, each on a copy made fresh: A B C A B C A B C, and what a figure is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benching.places import Place
from benching.shapes import Shape


class Broken(Exception):
    """A contestant didn't do the work; a figure of it would say nothing."""


@dataclass(frozen=True)
class Figure:
    """One contestant in one round. Seconds by the wall; ``settled`` adds what the engine still had to do afterwards.

    ``rows`` is what ``seconds`` were spent on: a contestant that is tried on a sample has fewer.
    """

    rows: int
    seconds: float
    longest_ms: float | None = None
    started: float = 0.0
    ended: float = 0.0
    settled: float | None = None
    plan_seconds: float | None = None
    peak_mib: float | None = None
    batches: int | None = None

    @property
    def rate(self) -> float:
        """Return the rows per second."""
        return self.rows / self.seconds


Contestant = Callable[[str, int], Figure]
Rounds = Mapping[str, Sequence[Figure]]


def compete(place: Place, shape: Shape, rows: int, contestants: Mapping[str, Contestant], rounds: int) -> Rounds:
    """Let each contestant purge a fresh copy in each round, one after the other."""
    place.prepare(shape, rows)
    figures: dict[str, list[Figure]] = {name: [] for name in contestants}
    for number in range(1, rounds + 1):
        for name, contestant in contestants.items():
            with place.copy(shape, rows) as url:
                figure = place.settled(contestant(url, shape.due(rows)), shape)
            figures[name].append(figure)
            say(f"{place.name} · {shape.name} · round {number} · {name}: {figure.rate:,.0f} rows/s")
    return figures


def ratio(of: Sequence[Figure], to: Sequence[Figure]) -> float:
    """Return the median over the rounds of one's speed divided by the other's."""
    return median(mine.rate / other.rate for mine, other in zip(of, to, strict=True))


def settled_ratio(of: Sequence[Figure], to: Sequence[Figure]) -> float:
    """Return the same with what the engine does afterwards counted in, on both sides."""
    return median(
        (mine.rows / (mine.settled or mine.seconds)) / (other.rows / (other.settled or other.seconds))
        for mine, other in zip(of, to, strict=True)
    )


def say(line: str) -> None:
    """Tell how far the bench is, on standard error."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
