"""Which rules can be swept, and over which ranges: chosen by how many of the table's rows are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from retention.execute.along import cascades, go_along
from retention.execute.kept_clock import kept_clocks
from retention.execute.meeting import sides
from retention.execute.ranges import Blocks, Clock, Keys, Ranges
from retention.execute.seal import Seal
from retention.execute.second import worth_two
from retention.execute.sweep import Sweep
from retention.execute.sweeping import Sweeping
from retention.execute.throttle import Throttle
from retention.matrix.model import Action
from retention.plan.held import Covers
from retention.plan.rules import BoundRule
from retention.plan.statement import clock_query
from retention.plan.units import Unit

_MANY = 0.1
"""The share of a table's rows from which on reading all of it beats seeking the due ones by an index."""


def tells_for_itself(connection: Connection, unit: Unit, rule: BoundRule, covers: Covers) -> bool:
    """Whether the due rows of a rule can be told from the rows themselves and from what still refers to them.

    Their parts, where they have any, go along with them.
    """
    if rule.action is not Action.DELETE or unit.knot_of(rule.table) is not None:
        return False
    together = unit.table_rules(rule).rules
    if any(clock.steps for one in together for clock in one.clocks) or any(one.referencing for one in together):
        return False
    if kept_clocks(unit, rule) is not None:
        return False
    return go_along(unit, rule, covers) and cascades(connection, unit, rule)


@dataclass(frozen=True)
class _Chosen:
    ranges: Ranges
    density: float


def sweeps(
    connection: Connection,
    unit: Unit,
    rule: BoundRule,
    planned: int,
    as_of: date,
    covers: Covers,
    seal: Seal | None,
    throttle: Throttle,
) -> list[Sweep]:
    """Return the sweeps of a rule, one for each worker; none where seeking its few rows by their keys serves better.

    None either where a hold has come to cover parts that were to go along.
    """
    chosen = _choose(connection, rule, planned, as_of)
    if chosen is None or not go_along(unit, rule, covers):
        return []
    many = worth_two(planned)
    both = sides(chosen.ranges) if throttle.workers > 1 and many else None
    density, heaviest = chosen.density, throttle.context.batch_rows
    return [
        Sweep(Sweeping(unit, rule, as_of, covers, ranges, seal is not None), ranges, density, heaviest, seal, many)
        for ranges in both or (chosen.ranges,)
    ]


def _choose(connection: Connection, rule: BoundRule, planned: int, as_of: date) -> _Chosen | None:
    dialect, table, expected = rule.binding.database.dialect, rule.shape.sql, max(planned, 1)
    share = expected / max(dialect.rows_about(connection, table), expected)
    clock = _walkable(connection, rule, as_of) if share < _MANY or dialect.walks_clocks else None
    if clock is not None and (share < _MANY or clock.along_key(connection)):
        return _Chosen(clock, 1.0)
    blocks = dialect.blocks(connection, table)
    if blocks:
        return _Chosen(Blocks(dialect, blocks), expected / blocks)
    sorted_as_compared = all(one is rule.row.c[name] for name, one in zip(rule.key, rule.sorted_key, strict=True))
    return _Chosen(Keys(rule), share) if share >= _MANY and sorted_as_compared else None


def _walkable(connection: Connection, rule: BoundRule, as_of: date) -> Clock | None:
    """Return the ranges of the clock that alone keeps the rule's rows, if the engine walks its index."""
    found = [(column, keep) for keep in rule.keeps for column in keep.clock.columns if not keep.may_be_absent]
    if len(found) != 1:
        return None
    (clock, keep) = found[0]
    floor, cutoff = clock.clock.floor, keep.cutoff(as_of, rule.calendar)
    if not clock.reading.bounds(floor, cutoff) or not rule.shape.indexed((clock.column,)):
        return None
    if not rule.binding.database.dialect.indexes_used(connection, clock_query(rule, as_of)):
        return None
    column = rule.row.c[clock.column]
    return Clock(rule, clock, clock.reading.from_(column, floor), clock.reading.before(column, cutoff))
