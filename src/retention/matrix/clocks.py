"""Every column clock of a rule, wherever it stands, and which columns are none by their name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retention.matrix.model import AfterEnd, Clock, ClockList, ColumnClock, End, EndList, Rule

_SAVED = re.compile(
    r"(^|_)(updated?|modified|modification|changed?|edit(ed)?|touched|mtime|last_seen)(_|$)|수정|변경|갱신",
    re.IGNORECASE,
)


def is_saved(column: str) -> bool:
    """Whether a column's name says that it moves whenever its row is saved."""
    return _SAVED.search(column) is not None


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
