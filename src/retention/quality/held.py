"""Due rows that a hold covers: they stay, and no check takes them for rows that were forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import FromClause, and_, literal, or_, select

from retention.database.connect import Database
from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import joined
from retention.matrix.binding import BoundPart
from retention.plan.clocks import sure
from retention.plan.going import count
from retention.plan.held import Held
from retention.plan.units import Unit
from retention.quality.independent import due_left, own_parts
from retention.quality.measure import Check
from retention.register import Hold

HeldDue = Mapping[tuple[str, str], int]
"""How many rows should be gone but for a hold, by rule and check."""


def held_due(
    database: Database,
    units: Sequence[Unit],
    days: Mapping[str, date],
    holds: Sequence[Hold],
    but: Collection[str] = (),
) -> HeldDue:
    """Count the rows that should be gone, as of each check's day, but for a hold; those of the rules ``but`` aren't.

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
            for rule in (one for one in unit.rules if one.id not in but):
                parts = own_parts(unit, rule)
                reached = (rule.table, *(table for part in parts for table in _tables(part)))
                for check, day in days.items() if any(map(held.reaches, reached)) else ():
                    covered = or_(held.covers(rule.table, rule.row), *_covered(unit, held, parts, rule.row))
                    stays = and_(sure(due_left(unit, rule, day)), covered)
                    found[rule.id, check] = count(connection, rule.row, stays)
            held.drop(connection)
    return found


def _covered(unit: Unit, held: Held, parts: Sequence[BoundPart], row: FromClause) -> Iterator[Sql]:
    """Yield whether a hold covers a part of the row: it keeps the whole record."""
    for part in parts:
        member = unit.binding.shape(part.table).sql.alias()
        within = or_(held.covers(part.table, member), *_covered(unit, held, part.parts, member))
        yield exists(select(literal(1)).where(joined(part.relation, member, row), within).correlate(row))


def _tables(part: BoundPart) -> Iterator[TableKey]:
    yield part.table
    for one in part.parts:
        yield from _tables(one)


def without_held(checks: Sequence[Check], held: HeldDue) -> list[Check]:
    """Return the checks with the rows that a hold keeps taken out of what they counted."""
    return [
        replace(one, count=max(0, one.count - number), note=f"beside {number:,} under a hold")
        if (number := held.get((one.rule, one.check), 0))
        else one
        for one in checks
    ]
