"""Due rows that a hold covers: they stay, and no check takes them for rows that were forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import and_

from retention.database.connect import Database
from retention.plan.clocks import sure
from retention.plan.going import count
from retention.plan.held import Held
from retention.plan.units import Unit
from retention.quality.independent import due_left
from retention.quality.measure import Check
from retention.register import Hold

HeldDue = Mapping[tuple[str, str], int]
"""How many rows should be gone but for a hold, by rule and check."""


def held_due(database: Database, units: Sequence[Unit], days: Mapping[str, date], holds: Sequence[Hold]) -> HeldDue:
    """Count the rows that should be gone, as of each check's day, but for a hold.

    Whom a hold covers is no constant that may stand in a quality check's text: the rows are counted beside it.

    Raises:
        Refused: a hold can't be applied to this database.
    """
    found: dict[tuple[str, str], int] = {}
    if not holds:
        return found
    with database.planning() as connection:
        for unit in units:
            held = Held.copied(connection, unit, holds)
            for rule in unit.rules:
                for check, day in days.items() if held.reaches(rule.table) else ():
                    stays = and_(sure(due_left(unit, rule, day)), held.covers(rule.table, rule.row))
                    found[rule.id, check] = count(connection, rule.row, stays)
            held.drop(connection)
    return found


def without_held(checks: Sequence[Check], held: HeldDue) -> list[Check]:
    """Return the checks with the rows that a hold keeps taken out of what they counted."""
    return [
        replace(one, count=max(0, one.count - number), note=f"beside {number:,} under a hold")
        if (number := held.get((one.rule, one.check), 0))
        else one
        for one in checks
    ]
