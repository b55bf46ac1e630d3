"""A rule bound to a live table: what its row states are in SQL, for one as-of day.

The conditions of one rule, none of which is ever null: :meth:`BoundRule.selected`, ``alive``, ``done``, ``unreadable``,
``wanted`` (a statute still wants the row) and ``lapsed``. ``lapsed`` is written positively, as the statement that
destroys must have it; the others serve counting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property, partial

from sqlalchemy import FromClause, and_, false, literal, not_, or_, select, true

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.own_tables import CLOCK, DONE, row_key_text
from retention.database.reading import Sql
from retention.database.reflect import TableShape
from retention.database.relations import Relation, joined
from retention.law import OVERDUE_AFTER, Calendar, cutoff, last_day
from retention.matrix.binding import Binding, BoundPart
from retention.matrix.expression import compile_where
from retention.matrix.model import Action, Keep, Rule
from retention.plan.clocks import ClockColumn, ClockSql, sure
from retention.plan.ends import EndSql

Staying = Callable[["BoundRule", FromClause], Sql]
"""Whether a row that a rule selects stays, as the caller knows it: from a plan's sets, or from what remains."""


@dataclass(frozen=True, slots=True)
class BoundKeep:
    """A statutory period with its clock in SQL."""

    keep: Keep
    clock: ClockSql

    def cutoff(self, as_of: date, calendar: Calendar) -> date:
        """Return the first day whose events have not lapsed."""
        basis = self.keep.basis
        return cutoff(as_of, basis.keep, basis.roll_holidays, basis.computation, calendar)

    def last_day(self, events: Mapping[ClockColumn, date], calendar: Calendar) -> date | None:
        """Return the period's last day, counted from the latest of its events; None where none is known."""
        latest = max((events[column] for column in self.clock.columns if column in events), default=None)
        return None if latest is None else self.end_of(latest, calendar)

    def end_of(self, event: date, calendar: Calendar) -> date:
        """Return the period's last day from an event."""
        basis = self.keep.basis
        return last_day(event, basis.keep, basis.roll_holidays, basis.computation, calendar)

    @property
    def may_be_absent(self) -> bool:
        """Whether a null clock means that the period doesn't apply."""
        return self.keep.when_null == "not_applicable"


@dataclass(frozen=True, slots=True)
class Term:
    """One period or purpose of a rule: the event day it counts from, as text in SQL, and the day it ends by that."""

    event_day: Callable[[FromClause], Sql]
    end_of: Callable[[date], date]


@dataclass(frozen=True)
class BoundRule:
    """One rule on one live table. ``base`` is set where it deletes what that rule transformed (``<id>.after``).

    ``to`` is the table its rows are moved to, where they are.
    """

    id: str
    rule: Rule
    binding: Binding
    table: TableKey
    key: tuple[str, ...]
    action: Action
    keeps: tuple[BoundKeep, ...]
    ends: tuple[EndSql, ...]
    referencing: tuple[tuple[BoundRule, Relation], ...]
    parts: tuple[BoundPart, ...]
    to: TableKey | None = None
    mark: ClockSql | None = None
    base: BoundRule | None = None

    @cached_property
    def staged(self) -> BoundRule:
        """Return the rule with clocks that count as read where the rows they lie in have gone."""
        keeps = tuple(replace(keep, clock=keep.clock.staged()) for keep in self.keeps)
        return replace(self, keeps=keeps, ends=tuple(end.staged() for end in self.ends))

    @property
    def shape(self) -> TableShape:
        """Return the live table."""
        return self.binding.shape(self.table)

    @property
    def row(self) -> FromClause:
        """Return the table itself, the row that conditions are about."""
        return self.shape.sql

    @cached_property
    def numbered(self) -> bool:
        """Whether a row's key is a single whole number of 64 bits, whatever the row."""
        if len(self.key) != 1:
            return False
        column = self.shape.sql.c[self.key[0]]
        return self.binding.database.dialect.counts(column, self.shape.columns[self.key[0]])

    @property
    def sorted_key(self) -> list[Sql]:
        """Return the columns of a row's key, each so that it is sorted as it is compared."""
        return [self.binding.database.dialect.in_order(self.row.c[name]) for name in self.key]

    @property
    def follows(self) -> str | None:
        """Return the id of the rule whose transformed rows this one deletes; None for a rule of the matrix."""
        return None if self.base is None else self.base.id

    @property
    def place(self) -> tuple[int, bool]:
        """Return the rule's place in the matrix's order; what follows a rule comes right after it."""
        return (self.binding.matrix.rules.index(self.rule), self.follows is not None)

    @property
    def calendar(self) -> Calendar:
        """Return the holidays in force."""
        return self.binding.matrix.calendar

    def with_referencing(self) -> Iterator[BoundRule]:
        """Yield the rule and those whose rows keep its own by ``while_referenced_by``, however far away."""
        yield self
        for other, _relation in self.referencing:
            yield from other.with_referencing()

    @property
    def clocks(self) -> tuple[ClockColumn, ...]:
        """Return every clock column of the rule, purposes' ends included."""
        found = [column for keep in self.keeps for column in keep.clock.columns]
        found.extend(column for end in self.ends for column in end.columns)
        return tuple(dict.fromkeys(found))

    @property
    def terms(self) -> tuple[Term, ...]:
        """Return every period and purpose of the rule: a row's last day is the latest that any of them ends with."""
        keeps = [Term(keep.clock.latest_day, partial(keep.end_of, calendar=self.calendar)) for keep in self.keeps]
        return (*keeps, *(Term(end.event_day, end.end_of) for end in self.ends))

    def recorded_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return what the side table records of a row whose clocks say so: the latest event or purpose's end."""
        days = [events.get(column) for keep in self.keeps for column in keep.clock.columns]
        days.extend(end.last_day(events) for end in self.ends)
        return max((day for day in days if day is not None), default=None)

    def last_day(self, events: Mapping[ClockColumn, date]) -> date | None:
        """Return the last day of a row whose clocks say ``events``: the latest of its periods and purposes."""
        days = [keep.last_day(events, self.calendar) for keep in self.keeps]
        days.extend(end.last_day(events) for end in self.ends)
        return max((day for day in days if day is not None), default=None)

    def key_text(self, row: FromClause) -> Sql:
        """Return the row's key as the pipeline's own tables store it: each value with its length before it."""
        return row_key_text(self.binding.database.dialect, row, self.key)

    # --- states -------------------------------------------------------------------------------------------------

    def selected(self, row: FromClause) -> Sql:
        """Return whether the rule's ``where`` selects the row; one without a key can't be found again, and stays."""
        conditions = self.shape.named(row, self.key)
        if self.rule.where is not None:
            conditions.append(sure(compile_where(self.rule.where, row)))
        if self.base is not None:
            conditions.append(self.base.done(row))
        return and_(true(), *conditions)

    def alive(self, row: FromClause, as_of: date) -> Sql:
        """Return whether a purpose is alive."""
        living = [and_(not_(sure(end.ended(row, as_of))), not_(sure(end.unreadable(row)))) for end in self.ends]
        if self.base is not None:
            living.append(self.base.alive(row, as_of))
        return or_(false(), *living)

    def done(self, row: FromClause) -> Sql:
        """Return whether the row was transformed and nothing lies later than what was recorded then."""
        if self.action.on_rows:
            return false()
        if self.action is Action.ERASE:
            return and_(*(row.c[name].is_(None) for name in self.rule.columns))
        if self.mark is not None:
            return and_(not_(self.mark.null(row)), self._nothing_later(row, self.mark.columns[0].day(row)))
        record = DONE.alias()
        return exists(
            select(literal(1))
            .where(
                record.c.rule == self.id,
                record.c.row_key == self.key_text(row),
                self._nothing_later(row, record.c.event_day),
            )
            .correlate(row)
        )

    def _nothing_later(self, row: FromClause, recorded: Sql) -> Sql:
        """Return whether no readable clock of a period and no purpose's end lies after the recorded day."""
        days = [keep.clock.latest_day(row) for keep in self.keeps]
        days.extend(end.day(row) for end in self.ends)
        return and_(true(), *(not_(sure(day > recorded)) for day in days))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether a clock or an end can't be read."""
        found: list[Sql] = [sure(end.unreadable(row)) for end in self.ends]
        for keep in self.keeps:
            if keep.may_be_absent:
                found.append(sure(keep.clock.unreadable(row)))
            else:
                found.append(not_(keep.clock.all_readable(row)))
        return or_(false(), *found)

    def wanted(self, row: FromClause, as_of: date, staying: Staying) -> Sql:
        """Return whether a statute still wants the row, given that everything of it is readable."""
        periods = [
            and_(
                not_(sure(keep.clock.lapsed(row, keep.cutoff(as_of, self.calendar)))), not_(sure(keep.clock.null(row)))
            )
            for keep in self.keeps
        ]
        if self.base is not None:
            periods.append(self.base.running(row, as_of))
        return or_(false(), *periods, self.referenced_by_rule(row, staying))

    def running(self, row: FromClause, as_of: date) -> Sql:
        """Return whether a period is known to run; what the rule itself has made unreadable tells of none."""
        periods = (keep.clock.latest_day(row) >= keep.cutoff(as_of, self.calendar).isoformat() for keep in self.keeps)
        return or_(false(), *map(sure, periods))

    def lapsed(self, row: FromClause, as_of: date, staying: Staying | None) -> Sql:
        """Return whether every purpose has ended and every period has lapsed: what the destroying statement holds.

        ``staying`` is None where the rows of ``while_referenced_by`` are left out of account.
        """
        return and_(self.selected(row), self.past(row, as_of, staying), self.counted(row))

    def clocks_lapsed(self, row: FromClause, as_of: date) -> Sql:
        """Return whether every purpose's end is past and every period is, or doesn't apply."""
        conditions: list[Sql] = [end.ended(row, as_of) for end in self.ends]
        for keep in self.keeps:
            over = keep.clock.lapsed(row, keep.cutoff(as_of, self.calendar))
            conditions.append(or_(over, keep.clock.null(row)) if keep.may_be_absent else over)
        return and_(true(), *conditions)

    def past(self, row: FromClause, as_of: date, staying: Staying | None) -> Sql:
        """Return whether nothing that is set keeps the row any longer, positively written."""
        conditions = [self.clocks_lapsed(row, as_of)]
        if self.referencing and staying is not None:
            conditions.append(not_(self.referenced_by_rule(row, staying)))
        if not self.action.on_rows:
            conditions.append(not_(self.done(row)))
        if self.base is not None:
            # A statute may have come, or become longer, since the row was changed; a mark may be somebody else's.
            conditions.extend((not_(self.base.alive(row, as_of)), not_(self.base.running(row, as_of))))
        return and_(true(), *conditions)

    def counted(self, row: FromClause) -> Sql:
        """Return whether at least one clock or end is set to count from."""
        if self.ends or not all(keep.may_be_absent for keep in self.keeps):
            return true()
        return or_(false(), *(not_(sure(keep.clock.null(row))) for keep in self.keeps))

    def overdue(self, row: FromClause, as_of: date, staying: Staying, lasting: Staying) -> Sql:
        """Return whether a row that is due should have gone days ago (표준지침 제10조).

        Its last day lies more than those days back if and only if it had lapsed as of so many days earlier.
        ``lasting``: whether a row that is due as well had not lapsed then.
        """
        day = as_of - timedelta(days=OVERDUE_AFTER)
        conditions = [self.past(row, day, staying)]
        if self.referencing:
            kept = CLOCK.alias()
            late = (
                select(literal(1))
                .where(
                    kept.c.table_name == str(self.table),
                    kept.c.row_key == self.key_text(row),
                    kept.c.rule.in_(sorted({other.id for other, _relation in self.referencing})),
                    kept.c.day >= day.isoformat(),
                )
                .correlate(row)
            )
            # A row that goes tonight as well hasn't left its last day behind yet.
            conditions.extend((not_(exists(late)), not_(self.referenced_by_rule(row, lasting))))
        return and_(*conditions)

    def referenced_by_rule(self, row: FromClause, staying: Staying) -> Sql:
        """Return whether a row that the rules of ``while_referenced_by`` select, and that stays, refers to this one."""
        found: list[Sql] = []
        for other, relation in self.referencing:
            child = other.shape.sql.alias()
            found.append(
                exists(
                    select(literal(1))
                    .where(joined(relation, child, row), other.selected(child), staying(other, child))
                    .correlate(row)
                )
            )
        return or_(false(), *found)
