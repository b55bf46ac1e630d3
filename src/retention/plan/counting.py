"""Counting: how many rows of each rule are in which state, which rows hold them, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, FromClause, and_, case, false, func, literal, not_, or_, select, true
from sqlalchemy.sql.elements import True_

from retention.database.conjuncts import further, said
from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, joined
from retention.database.seekable import seekable
from retention.law import last_day
from retention.matrix.binding import BoundPart
from retention.plan.clocks import ClockColumn, sure
from retention.plan.going import Going, count
from retention.plan.held import Held
from retention.plan.rows import TableRules
from retention.plan.rules import BoundRule
from retention.plan.units import Unit, part_paths


@dataclass(frozen=True)
class Counts:
    """What one rule's rows are, as of a day. ``planned`` are the due rows carried out under this rule.

    ``holds`` tells of the held rows how many each hold covers.
    """

    planned: int
    due: int
    held: int
    referenced: int
    unreadable: int
    overdue: int
    oldest_due: date | None
    parts: tuple[Mapping[str, Any], ...]
    referenced_by: tuple[Mapping[str, Any], ...]
    full: Mapping[str, int] | None
    holds: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Counter:
    """Counts one unit's rules inside one planning transaction."""

    connection: Connection
    unit: Unit
    as_of: date
    full: bool
    going: Going
    held: Held
    _until: dict[TableKey, date | None] = field(default_factory=dict)

    def rule(self, rule: BoundRule) -> Counts:
        """Return the counts of one rule."""
        rules = self.unit.table_rules(rule)
        row = rules.row
        lapsed = and_(rule.selected(row), rules.lapsed(row, self.as_of, self.going.stays))
        covered = self.held.covers(rule.table, row)
        free = self.going.due(rule.table, row) if rule.table in self.going.sets and rule.action.on_rows else None
        also = not_(covered) if free is None else free
        alone = len(rules.rules) == 1
        first = true() if alone else sure(rules.carried_under(rule, row))
        overdue = rules.overdue(row, self.as_of, self.going.stays, self.unit.lasting(self.as_of))
        # Rows beside those that lapsed are left out first, so that each further condition is asked of few, and what
        # holds of all of them is asked once.
        known = said(lapsed)
        numbers = self.connection.execute(
            select(
                func.count(),
                *(_how_many(further(one, known)) for one in (also, and_(also, first), and_(also, overdue), covered)),
                *(_earliest(clock, row, also, known) for clock in rule.clocks),
            )
            .select_from(row)
            .where(lapsed)
        ).one()
        all_lapsed, due_rows, planned, late, held = (int(number) for number in numbers[:5])
        days = [date.fromisoformat(text) for text in numbers[5:] if text is not None]
        referenced = all_lapsed - due_rows - held
        return Counts(
            planned=planned,
            due=due_rows,
            held=held,
            referenced=referenced,
            unreadable=count(self.connection, row, self._unreadable(rule, rules)),
            overdue=late,
            oldest_due=min(days, default=None),
            parts=self._parts(rule),
            referenced_by=self._blockers(rule, rules, and_(lapsed, not_(covered))) if referenced else (),
            full=self._full(rule, rules, all_lapsed) if self.full else None,
            holds=self.held.counts(self.connection, rule.table, row, lapsed) if held else {},
        )

    def _unreadable(self, rule: BoundRule, rules: TableRules) -> Sql:
        row = rules.row
        broken = and_(
            rule.selected(row),
            sure(rules.unreadable(row)),
            not_(sure(rules.alive(row, self.as_of))),
            not_(sure(rules.done(row))),
        )
        return seekable(broken) if self.unit.binding.database.dialect.seeks_alternatives else broken

    def _full(self, rule: BoundRule, rules: TableRules, lapsed: int) -> dict[str, int]:
        row = rules.row
        alive, done = sure(rules.alive(row, self.as_of)), sure(rules.done(row))
        unreadable = sure(rules.unreadable(row))
        numbers = self.connection.execute(
            select(
                func.count(),
                func.count(case((alive, 1))),
                func.count(case((and_(not_(alive), done), 1))),
                func.count(case((and_(not_(alive), not_(done), unreadable), 1))),
            )
            .select_from(row)
            .where(rule.selected(row))
        ).one()
        selected, in_use, transformed, broken = (int(number) for number in numbers)
        return {
            "in_use": in_use,
            "done": transformed,
            "separate": selected - in_use - transformed - broken - lapsed,
            "selected": selected,
        }

    def _parts(self, rule: BoundRule) -> tuple[Mapping[str, Any], ...]:
        found: list[Mapping[str, Any]] = []
        for table in dict.fromkeys(path[-1].table for path in part_paths(rule.parts)):
            row = self.unit.binding.shape(table).sql
            # A part of several records goes, and counts, with the first rule that owns it.
            earlier = self.unit.rules[: self.unit.rules.index(rule)]
            mine = and_(
                self.going.goes(table, row),
                self._owned(rule, table, row),
                *(not_(self._owned(one, table, row)) for one in earlier if one.parts),
            )
            found.append({"table": str(self.unit.binding.name_of(table)), "rows": count(self.connection, row, mine)})
        return tuple(found)

    def _owned(self, rule: BoundRule, table: TableKey, row: FromClause) -> Sql:
        paths = (path for path in part_paths(rule.parts) if path[-1].table == table)
        return or_(false(), *(self.going.owned(row, rule, path) for path in paths))

    def _blockers(self, rule: BoundRule, rules: TableRules, lapsed: Sql) -> tuple[Mapping[str, Any], ...]:
        row = rules.row
        found: dict[TableKey, list[Sql]] = {}
        for child, blocked in self._holders(rule.table, row, rule.parts):
            found.setdefault(child, []).append(blocked)
        # What is no part under the rule that a row goes under holds it like any other row.
        told = [blocked for conditions in found.values() for blocked in conditions]
        for part in rule.parts:
            blocked = self.going.blocked_by(part.relation, row)
            found.setdefault(part.table, []).append(and_(blocked, *(not_(one) for one in told)))
        # Where nothing else holds a row that stays, it holds itself: an engine that checks each row keeps it.
        for relation in self.unit.referring(rule.table):
            if relation.to_itself:
                stays = not_(self.going.due(rule.table, row))
                alone = and_(joined(relation, row, row), stays, *(not_(one) for one in told))
                found.setdefault(rule.table, []).append(alone)
        blockers: list[Mapping[str, Any]] = []
        known: list[date | None] = []
        for child, conditions in found.items():
            number = count(self.connection, row, and_(lapsed, or_(*conditions)))
            if not number:
                continue
            entry: dict[str, Any] = {"table": str(self.unit.binding.name_of(child)), "rows": number}
            until = self._last_day(rule, rules, child)
            known.append(until)
            if until is not None:
                entry["until"] = until.isoformat()
            blockers.append(entry)
        self._until[rule.table] = max((day for day in known if day), default=None) if all(known) else None
        return tuple(blockers)

    def _holders(self, table: TableKey, row: FromClause, parts: Sequence[BoundPart]) -> Iterator[tuple[TableKey, Sql]]:
        """Yield what may hold a row, or a part of its record: a part itself only stays because its owner does."""
        own = {part.relation for part in parts}
        for relation in self.unit.referring(table):
            if relation not in own:
                yield relation.child, self.going.blocked_by(relation, row)
        for part in parts:
            member = self.unit.binding.shape(part.table).sql.alias()
            holders = list(self._holders(part.table, member, part.parts))
            holders.extend(
                (owner, self.going.owner_stays(owner, relation, member))
                for owner, relation in self.unit.part_owners[part.table]
                if (owner, relation) != (table, part.relation)
            )
            for child, blocked in holders:
                of_row = select(literal(1)).where(joined(part.relation, member, row), blocked).correlate(row)
                yield child, exists(of_row)
            if self.held.reaches(part.table):
                covered = self.held.covers(part.table, member)
                held = select(literal(1)).where(joined(part.relation, member, row), covered).correlate(row)
                yield part.table, exists(held)

    def _last_day(self, rule: BoundRule, rules: TableRules, child: TableKey) -> date | None:
        """Return the last day of the rows of ``child`` that hold the rule's rows; None where one of them has none."""
        holding = self.unit.row_rules.get(child)
        if holding is None:
            return self._parts_held_until(rule, rules, child)
        row = holding.row if child != rule.table else holding.row.alias()
        owner = rules.row.alias()
        owned = self._free(rule, rules, owner)
        relations = [relation for relation in self.unit.referring(rule.table) if relation.child == child]
        if any(self.unit.moves_along(relation) for relation in relations):
            return None
        keeps = and_(
            exists(
                select(literal(1))
                .where(or_(false(), *(self._refers(one, row, owner) for one in relations)), owned)
                .correlate(row)
            ),
            not_(self.going.goes(child, row)),
        )
        wanted = and_(
            not_(sure(holding.alive(row, self.as_of))),
            not_(sure(holding.unreadable(row))),
            sure(holding.wanted(row, self.as_of, self.going.stays)),
        )
        late = sure(holding.lapsed(row, self.as_of, self.going.stays))
        covered = self.held.covers(child, row)
        total, dated, deferred, held = self.connection.execute(
            select(
                func.count(),
                func.count(case((wanted, 1))),
                func.count(case((and_(late, not_(covered)), 1))),
                func.count(case((and_(late, covered), 1))),
            )
            .select_from(row)
            .where(keeps)
        ).one()
        any_held, hold_ends = self.held.until(self.connection, child, row, keeps)
        if total != dated + deferred + held or (any_held and hold_ends is None):
            return None
        days: list[date | None] = [hold_ends, *([self._until.get(child)] if deferred else [])]
        days.extend(
            latest_last_day(self.connection, one, row, and_(keeps, one.selected(row), wanted)) for one in holding.rules
        )
        return max((day for day in days if day), default=None) if not deferred or self._until.get(child) else None

    def _refers(self, relation: Relation, row: FromClause, owner: FromClause) -> Sql:
        """Return whether a row refers to another one: to itself is no reason to stay, unless the engine says so."""
        refers = joined(relation, row, owner)
        if not self.unit.lets_go_of_itself(relation):
            return refers
        return and_(refers, not_(self.unit.same(relation.child, row, owner)))

    def _parts_held_until(self, rule: BoundRule, rules: TableRules, part: TableKey) -> date | None:
        """Return the last day of the holds on parts that hold their owners, the rule's rows."""
        row, owner = self.unit.binding.shape(part).sql, rules.row.alias()
        mine = [joined(one.relation, row, owner) for one in rule.parts if one.table == part]
        if not mine:
            return None
        owned = exists(select(literal(1)).where(or_(*mine), self._free(rule, rules, owner)).correlate(row))
        return self.held.until(self.connection, part, row, owned)[1]

    def _free(self, rule: BoundRule, rules: TableRules, row: FromClause) -> Sql:
        """Return whether a row of the rule has lapsed and no hold covers it."""
        lapsed = rules.lapsed(row, self.as_of, self.going.stays)
        return and_(rule.selected(row), lapsed, not_(self.held.covers(rule.table, row)))


def _how_many(condition: Sql) -> Sql:
    """Return how many of the rows that are counted a condition is true of."""
    return func.count() if isinstance(condition, True_) else func.count(case((condition, 1)))


def _earliest(clock: ClockColumn, row: FromClause, condition: Sql, known: Sequence[Sql]) -> Sql:
    """Return the Seoul day of a clock's earliest event among some of the rows of which this is ``known``."""
    if clock.steps or not clock.reading.grows:
        return func.min(case((condition, clock.day(row))))
    column = row.c[clock.column]
    wanted = further(and_(condition, clock.reading.readable(column, clock.clock.floor)), known)
    return clock.reading.day(func.min(column if isinstance(wanted, True_) else case((wanted, column))))


def latest_days(connection: Connection, rule: BoundRule, row: FromClause, condition: Sql) -> list[date | None]:
    """Return, for each clock of the rule, the Seoul day of the latest event among the rows."""
    clocks = rule.clocks
    if not clocks:
        return []
    inner = (
        select(*(clock.day(row).label(f"c{n}") for n, clock in enumerate(clocks)))
        .select_from(row)
        .where(condition)
        .subquery()
    )
    found = connection.execute(select(*(func.max(column) for column in inner.c))).one()
    return [None if text is None else date.fromisoformat(text) for text in found]


def latest_last_day(connection: Connection, rule: BoundRule, row: FromClause, condition: Sql) -> date | None:
    """Return the latest last day of the rule's statutory periods among the rows: expiry never falls as events move."""
    latest: dict[ClockColumn, date | None] = dict(
        zip(rule.clocks, latest_days(connection, rule, row, condition), strict=True)
    )
    days = [
        last_day(event, keep.keep.basis.keep, keep.keep.basis.roll_holidays, keep.keep.basis.computation, rule.calendar)
        for keep in rule.keeps
        for event in (latest[column] for column in keep.clock.columns)
        if event is not None
    ]
    return max(days, default=None)
