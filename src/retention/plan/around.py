"""The rows that some rows' fate depends on, so that a few rows can be judged exactly without staging whole tables.

Whether a row goes depends on the rows that refer to it, on the parts of its record, on the owners of a part, and on
nothing else: gathering these until nothing is added gives a set that no row outside of it can influence. The greatest
fixpoint within such a set is the greatest fixpoint of the whole, seen there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Index,
    Select,
    Table,
    and_,
    exists,
    false,
    insert,
    literal,
    not_,
    select,
)

from retention.database.keyset import columns_of
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import joined
from retention.database.temporary import empty_table
from retention.matrix.binding import Step
from retention.plan.clocks import ClockColumn
from retention.plan.held import Held
from retention.plan.rules import BoundRule
from retention.plan.sets import GoingAgain
from retention.plan.units import Unit
from retention.register import Hold

_DAY = timedelta(days=1)


@dataclass
class Around:
    """The keys of some rows of one unit, and of all rows that their fate depends on, staged by table.

    ``sets`` are the tables that the days asked about use one after another. All of them live as long as the
    transaction of ``connection``, or until :meth:`drop`.
    """

    connection: Connection
    unit: Unit
    staged: dict[TableKey, Table] = field(default_factory=dict)
    sets: dict[TableKey, Table] = field(default_factory=dict)
    _rows: dict[TableKey, int] = field(default_factory=dict)
    _steps: dict[TableKey, tuple[Step, ...]] = field(default_factory=dict)

    def gather(self, table: TableKey, chosen: Sql) -> None:
        """Stage the rows of ``table`` that satisfy ``chosen``, and go on from there until nothing is added."""
        row = self.unit.binding.shape(table).sql
        self._add(table, select(*(row.c[name] for name in self._key(table))).where(chosen))
        waiting = [table]
        while waiting:
            here = waiting.pop(0)
            for step in self._dependences(here):
                if self._follow(here, step) and step.reached not in waiting:
                    waiting.append(step.reached)

    @cached_property
    def nearby(self) -> Unit:
        """Return the unit with those of its rules only whose tables have a row staged: no other has a say here."""

        def has_rows(rule: BoundRule) -> bool:
            return bool(self._rows.get(rule.table))

        return replace(
            self.unit,
            rules=tuple(rule for rule in self.unit.rules if has_rows(rule)),
            silent=tuple(rule for rule in self.unit.silent if has_rows(rule)),
        )

    def covers(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a row is one of those staged."""
        staged = self.staged.get(table)
        if staged is None:
            return false()
        return columns_of(row, self._key(table)).in_(select(*staged.c))

    @cached_property
    def turns(self) -> tuple[date, ...]:
        """Return the days on which a period or a purpose of a staged row is over, in order."""
        found: set[date] = set()
        for rule in all_rules(self.nearby):
            row = rule.shape.sql
            for clock in rule.clocks:
                day = clock.day(row).label("day")
                query = select(day).distinct().select_from(row).where(self.covers(rule.table, row), clock.readable(row))
                for text in self.connection.execute(query).scalars():
                    last_days = _last_days(rule, clock, date.fromisoformat(str(text)))
                    found.update(last + _DAY for last in last_days if last < date.max)
        return tuple(sorted(found))

    def drop(self) -> None:
        """Drop what was staged; a pooled connection would keep it."""
        for table in (*self.staged.values(), *self.sets.values()):
            table.drop(self.connection)
        self.staged.clear()
        self.sets.clear()

    def _follow(self, here: TableKey, step: Step) -> int:
        """Stage the rows that ``step`` leads to from what is staged of ``here``; return how many are new."""
        near, far = self.unit.binding.shape(here).sql.alias(), self.unit.binding.shape(step.reached).sql.alias()
        child, parent = (near, far) if step.up else (far, near)
        reached = (
            select(*(far.c[name] for name in self._key(step.reached)))
            .distinct()
            .select_from(far)
            .where(joined(step.relation, child, parent), self.covers(here, near))
        )
        if step.reached in self.staged:
            known = self.staged[step.reached].alias()
            same = and_(*(known.c[name] == far.c[name] for name in self._key(step.reached)))
            reached = reached.where(not_(exists(select(literal(1)).where(same).correlate(far))))
        return self._add(step.reached, reached)

    def _add(self, table: TableKey, rows: Select[*tuple[Any, ...]]) -> int:
        if table not in self.staged:
            shape = self.unit.binding.shape(table)
            name = f"retention_around_{len(self.staged)}"
            staged = empty_table(self.connection, name, [shape.sql.c[column] for column in self._key(table)])
            Index(f"{name}_key", *staged.c).create(self.connection)
            self.staged[table] = staged
        adding = insert(self.staged[table]).from_select(self._key(table), rows)
        # Without the option not every driver's count of inserted rows is kept.
        added = self.connection.execute(adding, execution_options={"preserve_rowcount": True}).rowcount
        self._rows[table] = self._rows.get(table, 0) + added
        return added

    def _dependences(self, table: TableKey) -> tuple[Step, ...]:
        if table not in self._steps:
            steps = dict.fromkeys(dependences(self.unit, table))
            self._steps[table] = tuple(step for step in steps if self._key(step.reached) and self._may_go(step.reached))
        return self._steps[table]

    def _may_go(self, table: TableKey) -> bool:
        """Whether rows of the table ever go or change; all others stay, and need not be looked at."""
        return table in self.unit.part_owners or any(rule.table == table for rule in all_rules(self.unit))

    def _key(self, table: TableKey) -> tuple[str, ...]:
        rules = self.unit.row_rules.get(table)
        return rules.key if rules is not None else self.unit.binding.row_key(table)


@dataclass
class GoingAround(GoingAgain):
    """The sets of a unit as far as they concern the rows of ``around``; beyond those they say nothing."""

    around: Around | None = None
    held: Held | None = None

    @classmethod
    def of(cls, around: Around, day: date, holds: Sequence[Hold]) -> GoingAround:
        """Build the sets of a day on which these holds are in force."""
        held = Held.copied(around.connection, around.nearby, holds)
        going = cls(around.connection, around.nearby, day, held.covers, kept=around.sets, around=around, held=held)
        going.build()
        return going

    def holds(self, table: TableKey, row: FromClause, chosen: Sql) -> tuple[Hold, ...]:
        """Return the holds that cover a chosen row."""
        assert self.held is not None
        found = self.held.counts(self.connection, table, row, chosen) if self.held.reaches(table) else {}
        return tuple(hold for hold in self.held.holds if hold.id in found)

    def drop(self) -> None:
        """Leave the tables to the next day, and drop the copied keys of the holds."""
        super().drop()
        if self.held is not None:
            self.held.drop(self.connection)

    def _fill(self, table: TableKey, row: FromClause, condition: Sql) -> None:
        assert self.around is not None
        if table in self.around.staged:
            super()._fill(table, row, and_(self.around.covers(table, row), condition))


def dependences(unit: Unit, table: TableKey) -> Iterator[Step]:
    """Yield the steps from a row of ``table`` to every row that may keep it: who refers to it, parts, and owners."""
    for relation in unit.referring(table):
        yield Step(relation, up=False)
    for _owner, relation in unit.part_owners.get(table, ()):
        yield Step(relation, up=True)
    for rule in all_rules(unit):
        if rule.table != table:
            continue
        for _other, relation in rule.referencing:
            yield Step(relation, up=False)
        for part in rule.parts:
            yield Step(part.relation, up=False)


def _last_days(rule: BoundRule, clock: ClockColumn, event: date) -> Iterator[date]:
    days = [keep.last_day({clock: event}, rule.calendar) for keep in rule.keeps if clock in keep.clock.columns]
    days.extend(end.last_day({clock: event}) for end in rule.ends if clock in end.columns)
    return (day for day in days if day is not None)


def all_rules(unit: Unit) -> Iterator[BoundRule]:
    """Yield every rule that has a say in the unit, those included that ``while_referenced_by`` names."""
    for rule in (*unit.rules, *unit.silent):
        yield from rule.with_referencing()
