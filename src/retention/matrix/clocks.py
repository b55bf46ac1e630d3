"""Every column clock of a rule, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator

from retention.matrix.model import AfterEnd, Clock, ClockList, ColumnClock, End, EndList, Rule


def clocks_of(rule: Rule) -> Iterator[ColumnClock]:
    """Yield the clocks of the rule's periods, then those of its purposes' ends."""
    for keep in rule.keeps:
        yield from _columns(keep.since)
    for use in rule.purposes:
        yield from _columns(use.ends)


def _columns(clock: Clock | End) -> Iterator[ColumnClock]:
    match clock:
        case ColumnClock():
            yield clock
        case ClockList(clocks):
            for one in clocks:
                yield from _columns(one)
        case AfterEnd(since):
            yield from _columns(since)
        case EndList(ends):
            for end in ends:
                yield from _columns(end)
