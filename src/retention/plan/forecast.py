"""Which rows will become due, month by month, as the database stands: the plan's own conditions on later days.

Nothing is estimated. A month's number is what a plan as of its last day counts as due beyond what one as of the last
day before counts, deferral by references included.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from sqlalchemy import Connection, and_, case, func, not_, select

from retention.plan.clocks import sure
from retention.plan.going import Going, count
from retention.plan.held import Held
from retention.plan.rules import BoundRule
from retention.plan.sets import sets
from retention.plan.states import due, state
from retention.plan.units import Unit
from retention.register import Hold

_DAY = timedelta(days=1)
_TOGETHER = 4
"""So many days are asked for in one statement: engines bound how long one may be."""


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of a forecast; the first one begins with the day after as-of."""

    first: date
    last: date

    @property
    def name(self) -> str:
        """Return the month as ``YYYY-MM``."""
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True, slots=True)
class RuleForecast:
    """One rule: the rows due as of the day, those that become due in each month, and the states of the rest then."""

    rule: BoundRule
    due: int
    by_month: tuple[int, ...]
    stays: Mapping[str, int]


def months_after(as_of: date, number: int) -> tuple[Month, ...]:
    """Return the next ``number`` calendar months, that of the day after ``as_of`` being the first.

    They are fewer where the calendar ends with the year 9999.
    """
    found: list[Month] = []
    before = as_of
    while len(found) < number and before < date.max:
        first = before + _DAY
        before = first.replace(day=monthrange(first.year, first.month)[1])
        found.append(Month(first, before))
    return tuple(found)


def forecast(
    connection: Connection, unit: Unit, as_of: date, months: Sequence[Month], holds: Sequence[Hold]
) -> list[RuleForecast]:
    """Return the forecast of every rule of the unit, counted inside one planning transaction.

    ``holds`` are those in force today; each counts through its last day.
    """
    days = [as_of, *(month.last for month in months)]
    moving = Held(unit, [hold for hold in holds if hold.until is not None])
    counted: dict[str, list[int]] = {}
    stays: dict[str, Mapping[str, int]] = {}

    def standing(day: date) -> list[Hold]:
        return [hold for hold in holds if hold.live(day)]

    with (
        sets(connection, unit, as_of, holds, "first") as first,
        sets(connection, unit, days[-1], standing(days[-1]), "last") as last,
    ):
        for rule in unit.rules:
            stays[rule.id] = _states(connection, unit, rule, days[-1], last)
            if not _depends(unit, rule, last) and not moving.reaches(rule.table):
                counted[rule.id] = _at_once(connection, unit, rule, days, last)
        waiting = [rule for rule in unit.rules if rule.id not in counted]
        for rule in waiting:
            counted[rule.id] = [count(connection, rule.row, due(unit, rule, rule.row, as_of, first))]
        for day in days[1:-1] if waiting else ():
            with sets(connection, unit, day, standing(day), "between") as going:
                for rule in waiting:
                    counted[rule.id].append(count(connection, rule.row, due(unit, rule, rule.row, day, going)))
        for rule in waiting if months else ():
            counted[rule.id].append(count(connection, rule.row, due(unit, rule, rule.row, days[-1], last)))
    return [
        RuleForecast(
            rule,
            counted[rule.id][0],
            tuple(after - before for before, after in pairwise(counted[rule.id])),
            stays[rule.id],
        )
        for rule in unit.rules
    ]


def _depends(unit: Unit, rule: BoundRule, going: Going) -> bool:
    """Whether the rows' going depends on other rows, which the sets of each day hold."""
    staged = rule.action.on_rows and rule.table in going.sets
    return staged or any(one.referencing for one in unit.table_rules(rule).rules)


def _at_once(connection: Connection, unit: Unit, rule: BoundRule, days: Sequence[date], going: Going) -> list[int]:
    """Return how many rows are due on each day: what is due stays due, so few rows are asked for the days between."""
    row = rule.row
    first, *later = [due(unit, rule, row, day, going) for day in days]
    numbers = [count(connection, row, first)]
    if not later:
        return numbers
    between, last = later[:-1], later[-1]
    open_ = and_(last, not_(sure(first)))
    for begin in range(0, len(between), _TOGETHER):
        counts = [func.count(case((condition, 1))) for condition in between[begin : begin + _TOGETHER]]
        found = connection.execute(select(*counts).select_from(row).where(open_)).one()
        numbers.extend(numbers[0] + int(number) for number in found)
    return [*numbers, count(connection, row, last)]


def _states(connection: Connection, unit: Unit, rule: BoundRule, day: date, going: Going) -> dict[str, int]:
    row = rule.row
    name = state(unit, rule, row, day, going).label("state")
    found = connection.execute(select(name, func.count()).select_from(row).where(rule.selected(row)).group_by(name))
    return {str(one): int(rows) for one, rows in found if one != "due"}
