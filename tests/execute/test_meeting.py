"""Two workers that come towards each other take every row between them once, whatever fails meanwhile."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from retention.execute.meeting import BlockLine, FromBack, FromFront, Meeting
from retention.execute.ranges import END


class Numbered:
    """A dialect as far as a line of blocks asks."""

    def block_range(self, start: int, end: int) -> Mapping[str, Any]:
        return {"low": start, "high": end}


def taken_of(total: int, chance: random.Random) -> list[int]:
    """Let both take turns until nothing is left: batches overlap in time, and some fail and are begun anew."""
    meeting = Meeting(BlockLine(Numbered(), total))  # type: ignore[arg-type]
    sides = [FromFront(meeting), FromBack(meeting)]
    positions: list[Any] = [None, None]
    at_work: list[range | None] = [None, None]
    ends: list[Any] = [None, None]
    taken: list[int] = []
    while positions != [END, END] or any(at_work):
        who = chance.randrange(2)
        batch, at_work[who] = at_work[who], None
        if batch is not None and chance.random() < 0.8:
            taken.extend(batch)
            positions[who] = ends[who]
        found = sides[who].next(None, positions[who], chance.randint(1, 12))  # type: ignore[arg-type]
        if found is None:
            positions[who] = END
        else:
            at_work[who], ends[who] = range(found.values["low"], found.values["high"]), found.end
        first, second = at_work
        assert first is None or second is None or not set(first) & set(second)
    return taken


def test_every_block_is_taken_once() -> None:
    for seed in range(2000):
        chance = random.Random(seed)
        total = chance.randint(1, 40)
        assert sorted(taken_of(total, chance)) == list(range(total)), seed
