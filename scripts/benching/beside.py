"""How long others wait while a purge is at work beside them, and while none is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benching.contest import Broken, Figure, say
from benching.places import Place
from benching.product import Product
from benching.rivals import by_hand
from benching.shapes import LOGINS, lapsed

LOAD = Path(__file__).with_name("load.py")
SAME_RATE = 300.0
IDLE_SECONDS = 3.0


@dataclass(frozen=True)
class Waits:
    """What the others saw: milliseconds at the 99th percentile and at most, of so many updates."""

    p99_ms: float
    longest_ms: float
    updates: int


@dataclass(frozen=True)
class Beside:
    """One round: the others' waits at idle, beside the product, beside the statement by hand; for rows of both kinds.

    ``rate`` is how many updates of other rows were offered in a second.
    """

    rate: float
    idle: Waits
    product: Waits
    by_hand: Waits
    product_same: Waits
    by_hand_same: Waits


def beside(place: Place, rows: int, rounds: int) -> list[Beside]:
    """Measure as many rounds, each on fresh copies."""
    place.prepare(LOGINS, rows)
    rate, found = 0.0, []
    for number in range(1, rounds + 1):
        with place.copy(LOGINS, rows) as url, _load(url, "other", rows, rate) as others:
            time.sleep(IDLE_SECONDS)
            until = time.monotonic()
            rate, idle = others.waits(until - IDLE_SECONDS, until)
        waits: dict[tuple[str, str], Waits] = {}
        for mode in ("other", "same"):
            for name, purge in (("product", _product), ("by hand", _by_hand(place.name))):
                with place.copy(LOGINS, rows) as url:
                    figure, waits[name, mode] = purge(url, mode, rows, rate)
                    place.settled(figure, LOGINS)
        found.append(
            Beside(
                rate,
                idle,
                waits["product", "other"],
                waits["by hand", "other"],
                waits["product", "same"],
                waits["by hand", "same"],
            )
        )
        last = found[-1]
        say(
            f"{place.name} · beside {rate:.0f} updates/s · round {number} · p99 {last.idle.p99_ms:.2f} ms idle, "
            f"{last.product.p99_ms:.2f} beside the product, {last.by_hand.p99_ms:.2f} beside the statement; "
            f"longest wait for a row {last.product_same.longest_ms:.1f} and {last.by_hand_same.longest_ms:.1f} ms"
        )
    return found


def _product(url: str, mode: str, rows: int, rate: float) -> tuple[Figure, Waits]:
    product = Product(LOGINS)
    with product.ready(url) as client, _load(url, mode, rows, rate) as others:
        figure = product.begin(client, LOGINS.due(rows))
        return figure, others.waits(figure.started, figure.ended)[1]


def _by_hand(engine: str) -> Callable[[str, str, int, float], tuple[Figure, Waits]]:
    def purge(url: str, mode: str, rows: int, rate: float) -> tuple[Figure, Waits]:
        with _load(url, mode, rows, rate) as others:
            figure = by_hand(LOGINS, engine)(url, LOGINS.due(rows))
            return figure, others.waits(figure.started, figure.ended)[1]

    return purge


class _Others:
    """A load at work in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def waits(self, begin: float, end: float) -> tuple[float, Waits]:
        """End the load; return its rate, and the waits of what it began between two instants."""
        output, said = self.process.communicate("")
        if self.process.returncode:
            raise Broken(f"the load beside broke off:\n{said}")
        found = json.loads(output)
        times = sorted(took * 1000 for at, took in found["samples"] if begin - took <= at <= end)
        return found["rate"], Waits(_p99(times), times[-1] if times else 0.0, len(times))


@contextmanager
def _load(url: str, mode: str, rows: int, rate: float) -> Iterator[_Others]:
    low, high = (lapsed(rows) + 1, rows) if mode == "other" else (1, lapsed(rows))
    offered = SAME_RATE if mode == "same" else rate
    process = subprocess.Popen(
        [sys.executable, str(LOAD), url, mode, str(low), str(high), str(offered)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        if process.stderr.readline() != "ready\n":
            raise Broken("the load beside didn't begin:\n" + process.stderr.read())
        yield _Others(process)
    finally:
        process.kill()
        process.wait()


def _p99(times: Sequence[float]) -> float:
    return times[min(len(times) - 1, len(times) * 99 // 100)] if times else 0.0
