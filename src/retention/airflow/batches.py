"""Which mapped task carries out which plan units, and what it is called in Airflow's grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from retention.plan.plan import Plan

MOST = 500
_NAMED = 3


class Batch(TypedDict):
    """One mapped task: its units, the database they are in, and its label."""

    database: str
    units: list[str]
    label: str


def batches_of(plan: Plan, most: int = MOST) -> list[Batch]:
    """Return the plan's units as mapped tasks, at most ``most``: one unit each, several where there are more units."""
    by_database: dict[str, list[str]] = {}
    for unit in plan.units:
        by_database.setdefault(plan.of_unit(unit)[0].database, []).append(unit)
    room = max(most - len(by_database), 1)
    together = -(-len(plan.units) // room) if len(plan.units) > most else 1
    return [
        Batch(database=database, units=list(units), label=_label(plan, units))
        for database, members in by_database.items()
        for units in _chunks(members, together)
    ]


def _chunks(units: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(units), size):
        yield units[start : start + size]


def _label(plan: Plan, units: Sequence[str]) -> str:
    rules = [rule for unit in units for rule in plan.of_unit(unit)]
    names = [rule.id for rule in rules]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    shard = f" (shard {rules[0].shard})" if sum(one["name"] == rules[0].database for one in plan.databases) > 1 else ""
    return f"{', '.join(names[:_NAMED])}{more}{shard}: {sum(rule.planned for rule in rules):,} rows"
