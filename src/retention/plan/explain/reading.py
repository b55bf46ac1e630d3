"""What one query says of some rows under a rule: their states, and what each clock holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, FromClause, and_, case, func, literal, not_, null, select

from retention.database.own_tables import CLOCK, DONE
from retention.database.reading import Sql
from retention.plan.clocks import ClockColumn, sure
from retention.plan.explain.answer import Problem, Seen
from retention.plan.going import Going
from retention.plan.rules import BoundRule
from retention.plan.states import state
from retention.plan.units import Unit


@dataclass(frozen=True)
class RowRead:
    """One row under one rule that selects it. ``transformed_on`` is the day that a term is counted from."""

    key: tuple[Any, ...]
    state: str
    overdue: bool
    seen: Mapping[ClockColumn, Seen]
    ended: Sequence[bool]
    end_readable: Sequence[bool]
    transformed_on: date | None
    kept_day: date | None

    @property
    def events(self) -> dict[ClockColumn, date]:
        """Return the days of the clocks that have one."""
        return {clock: seen.event for clock, seen in self.seen.items() if seen.event is not None}


def read_states(
    connection: Connection, unit: Unit, rule: BoundRule, as_of: date, going: Going, chosen: Sql
) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Yield key and state of every chosen row that the rule selects."""
    row = rule.row
    query = select(*(row.c[name] for name in rule.key), state(unit, rule, row, as_of, going)).where(
        chosen, rule.selected(row)
    )
    for *key, found in connection.execute(query):
        yield tuple(key), found


def read_rows(
    connection: Connection, unit: Unit, rule: BoundRule, as_of: date, going: Going, chosen: Sql
) -> list[RowRead]:
    """Return what is to be said of every chosen row that the rule selects."""
    row = rule.row
    overdue = sure(unit.table_rules(rule).overdue(row, as_of, going.stays, unit.lasting(as_of)))
    columns: list[Sql] = [
        *(row.c[name] for name in rule.key),
        state(unit, rule, row, as_of, going),
        _flag(overdue),
        _transformed_on(rule, row),
        _kept_day(rule, row),
    ]
    for end in rule.ends:
        columns.extend([_flag(sure(end.ended(row, as_of))), _flag(not_(sure(end.unreadable(row))))])
    for clock in rule.clocks:
        columns.extend([_problem(clock, row), clock.day(row)])
    named = [column.label(f"c{number}") for number, column in enumerate(columns)]
    found = connection.execute(select(*named).select_from(row).where(chosen, rule.selected(row)))
    return [_row(rule, tuple(one)) for one in found]


def _row(rule: BoundRule, values: tuple[Any, ...]) -> RowRead:
    width = len(rule.key)
    key, (found, overdue, transformed, kept), rest = values[:width], values[width : width + 4], values[width + 4 :]
    ends, clocks = rest[: 2 * len(rule.ends)], rest[2 * len(rule.ends) :]
    seen = {
        clock: _seen(clock, problem, day)
        for clock, problem, day in zip(rule.clocks, clocks[::2], clocks[1::2], strict=True)
    }
    return RowRead(
        key=key,
        state=found,
        overdue=bool(overdue),
        seen=seen,
        ended=[bool(one) for one in ends[::2]],
        end_readable=[bool(one) for one in ends[1::2]],
        transformed_on=_day(transformed),
        kept_day=_day(kept),
    )


def _seen(clock: ClockColumn, problem: Problem | None, day: Any) -> Seen:
    if problem is not None or day is None:
        return Seen(clock, None, problem or "unreadable")
    return Seen(clock, _day(day))


def _problem(clock: ClockColumn, row: FromClause) -> Sql:
    return case(
        (sure(clock.orphaned(row)), "no_parent"),
        (sure(clock.unreadable(row)), "unreadable"),
        (sure(clock.null(row)), "null"),
        else_=null(),
    )


def _transformed_on(rule: BoundRule, row: FromClause) -> Sql:
    """Return when the row was transformed, by its mark or the side table; what follows a rule reads that rule's."""
    if rule.action.on_rows and rule.follows is None:
        return null()
    if rule.mark is not None:
        return rule.mark.columns[0].day(row)
    record = DONE.alias()
    mine = and_(record.c.rule == (rule.follows or rule.id), record.c.row_key == rule.key_text(row))
    return select(func.max(record.c.done_on)).where(mine).correlate(row).scalar_subquery()


def _kept_day(rule: BoundRule, row: FromClause) -> Sql:
    """Return the latest last day of rows that the pipeline destroyed and that referred to the row."""
    if not rule.referencing:
        return null()
    kept = CLOCK.alias()
    mine = and_(kept.c.table_name == str(rule.table), kept.c.row_key == rule.key_text(row))
    return select(func.max(kept.c.day)).where(mine).correlate(row).scalar_subquery()


def _flag(condition: Sql) -> Sql:
    return case((condition, literal(1)), else_=literal(0))


def _day(text: Any) -> date | None:
    return None if text is None else date.fromisoformat(str(text))
