"""Every column clock of a rule, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterator

from retention.matrix.model import AfterEnd, Clock, ClockList, ColumnClock, End, EndList, Rule


def clocks_of(rule: Rule) -> Iterator[ColumnClock]:
    """Yield the clocks of the rule's periods, then those of its purposes' ends."""
    for keep in rule.keeps:
        yield from columns_of_clock(keep.since)
    for use in rule.purposes:
        yield from columns_of_clock(use.ends)


def columns_of_clock(clock: Clock | End) -> Iterator[ColumnClock]:
    """Yield the column clocks that a clock or an end is made of."""
    match clock:
        case ColumnClock():
            yield clock
        case ClockList(clocks):
            for one in clocks:
                yield from columns_of_clock(one)
        case AfterEnd(since):
            yield from columns_of_clock(since)
        case EndList(ends):
            for end in ends:
                yield from columns_of_clock(end)
