"""What is found about one row: days, counts and states, never a value of the row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from retention.law import Reckoning
from retention.matrix.model import Keep, Purpose
from retention.plan.clocks import ClockColumn
from retention.plan.rules import BoundRule
from retention.register import Hold

Problem = Literal["null", "unreadable", "no_parent"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a clock says: the Seoul day of its event, or why there is none."""

    clock: ClockColumn
    event: date | None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """A statutory period on the row. ``reckoning`` is None where nothing can be counted from.

    ``applies`` is False where a null clock means that the period doesn't. ``provisional``: the last day rests on a
    holiday later than the year after as-of.
    """

    keep: Keep
    seen: tuple[Seen, ...]
    reckoning: Reckoning | None
    applies: bool
    lapsed: bool
    provisional: bool

    @property
    def endless(self) -> bool:
        """Whether the event lies so far ahead that the period never ends."""
        return self.reckoning is not None and self.reckoning.last_day == date.max

    @property
    def last_day(self) -> date | None:
        """Return the period's last day, if it has one."""
        return None if self.reckoning is None or self.endless else self.reckoning.last_day


@dataclass(frozen=True, slots=True)
class Ended:
    """A purpose on the row, or the term of transformed data where ``purpose`` is None.

    ``ends``: its last day, None where none is set, it can't be read, or it is ``endless``. ``reckoning`` and
    ``period``: how that day was counted, where it lies a period after an event. ``among``: whether ends of several
    kinds were compared.
    """

    purpose: Purpose | None
    seen: tuple[Seen, ...]
    ends: date | None
    alive: bool
    readable: bool
    reckoning: Reckoning | None = None
    period: str = ""
    among: bool = False
    endless: bool = False

    @property
    def event(self) -> date | None:
        """Return the day that the end is counted from: the end itself where no period lies between."""
        return self.ends if self.reckoning is None else self.reckoning.event


@dataclass(frozen=True, slots=True)
class Referring:
    """Rows of one table that stay and keep this one; ``until`` is the last day they do, None where it isn't known."""

    table: str
    rows: int
    until: date | None


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """The row under one rule that selects it.

    ``holds``: those in force that cover the row. ``goes_on``: the first day on which it is due, if nothing changes but
    the day; None where that isn't known.
    ``carried_under``: the rule under which it is carried out. ``needed_by``: those of ``referenced_by`` that
    ``while_referenced_by`` names; ``needed_before``: the latest last day of such rows that the pipeline destroyed.
    ``done_on``: when it was transformed.
    """

    rule: BoundRule
    state: str
    overdue: bool
    goes_on: date | None
    bases: tuple[Counted, ...]
    purposes: tuple[Ended, ...]
    holds: tuple[Hold, ...]
    referenced_by: tuple[Referring, ...]
    carried_under: str
    needed_by: tuple[Referring, ...] = ()
    needed_before: date | None = None
    done_on: date | None = None

    @property
    def needed_until(self) -> date | None:
        """Return the last day that ``while_referenced_by`` keeps the row; None where it isn't known, or never did."""
        days = [one.until for one in self.needed_by]
        known = [day for day in [*days, self.needed_before] if day is not None]
        return None if None in days else max(known, default=None)


@dataclass(frozen=True, slots=True)
class Part:
    """The records of one rule that the row is part of: how many owners are in each state, and when the last goes."""

    rule: str
    table: str
    states: Mapping[str, int]
    goes_on: date | None


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """One row under every rule that selects it, and the records it is part of."""

    rules: tuple[RuleAnswer, ...]
    part_of: tuple[Part, ...]
