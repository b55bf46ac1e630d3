"""Explaining rows by the conditions that decide in bulk, asked of those rows alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from retention.database.keyset import among
from retention.database.names import TableKey
from retention.database.relations import joined
from retention.matrix.binding import BoundPart
from retention.plan.around import Around, GoingAround
from retention.plan.explain.answer import Part, Referring, RowAnswer, RuleAnswer
from retention.plan.explain.future import HORIZON, Future, Outlook
from retention.plan.explain.holders import Holder, holders, holding
from retention.plan.explain.periods import counted, ended, own_last_day
from retention.plan.explain.reading import RowRead, read_rows, read_states
from retention.plan.rules import BoundRule
from retention.plan.states import due
from retention.plan.units import Unit
from retention.register import Hold

Key = tuple[Any, ...]
_CHUNK = 1_000
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Explainer:
    """Explains rows of one unit as of a day, inside one planning transaction. ``holds`` are those in force."""

    connection: Connection
    unit: Unit
    as_of: date
    holds: Sequence[Hold] = ()

    def states(self, table: TableKey, keys: Sequence[Key]) -> dict[str, dict[Key, str]]:
        """Return, per rule of the table, the state of every row of ``keys`` that the rule selects."""
        found: dict[str, dict[Key, str]] = {rule.id: {} for rule in self._rules(table)}
        for begin in range(0, len(keys), _CHUNK):
            some = keys[begin : begin + _CHUNK]
            with self._around(table, some) as around, self._going(around, self.as_of) as going:
                for rule in self._rules(table):
                    chosen = among(rule.row, rule.key, some)
                    states = read_states(self.connection, self.unit, rule, self.as_of, going, chosen)
                    found[rule.id].update(states)
        return found

    def row(self, table: TableKey, key: Key) -> RowAnswer:
        """Return everything that is to be said of the row of ``key``."""
        with self._around(table, [key]) as around:
            return RowAnswer(self._answers(around, table, key), tuple(self._part_of(around, table, key)))

    # --- one row ------------------------------------------------------------------------------------------------

    def _answers(self, around: Around, table: TableKey, key: Key) -> tuple[RuleAnswer, ...]:
        reads: list[tuple[BoundRule, RowRead]] = []
        row = self.unit.binding.shape(table).sql
        with self._going(around, self.as_of) as going:
            holds = going.holds(table, row, among(row, self.unit.binding.row_key(table), [key]))
            for rule in self._rules(table):
                chosen = among(rule.row, rule.key, [key])
                found = read_rows(self.connection, self.unit, rule, self.as_of, going, chosen)
                reads.extend((rule, read) for read in found)
        on_rows = [one for one in reads if one[0].action.on_rows]
        groups = [*([on_rows] if on_rows else []), *([one] for one in reads if one not in on_rows)]
        answers = [answer for group in groups for answer in self._decided(around, key, group, holds)]
        return tuple(sorted(answers, key=lambda answer: answer.rule.place))

    def _decided(
        self, around: Around, key: Key, group: Sequence[tuple[BoundRule, RowRead]], holds: tuple[Hold, ...]
    ) -> Iterator[RuleAnswer]:
        """Yield the answers of rules that decide together over the row."""
        rules = [rule for rule, _read in group]
        bases = [counted(rule, read, self.as_of) for rule, read in group]
        purposes = [ended(rule, read) for rule, read in group]
        some = holders(self.unit, rules)
        future = Future(
            self.as_of, lambda day: self._outlook(around, rules[0], key, some, day), lambda: self._turns(around)
        )
        referring = self._referring(future, some)
        state = group[0][1].state
        goes_on = None
        if state == "due":
            goes_on = self.as_of
        elif state not in ("done", "unreadable"):
            own = own_last_day([one for each in bases for one in each], [one for each in purposes for one in each])
            goes_on = self._goes_on(own, future, some, holds, blocked=state == "referenced" or bool(referring))
        named = {str(self.unit.binding.name_of(one.table)) for one in some if one.named is not None}
        for number, (rule, read) in enumerate(group):
            yield RuleAnswer(
                rule=rule,
                state=read.state,
                overdue=read.overdue and read.state == "due",
                goes_on=goes_on,
                bases=bases[number],
                purposes=purposes[number],
                holds=holds,
                referenced_by=referring,
                carried_under=rules[0].id,
                needed_by=tuple(one for one in referring if one.table in named),
                needed_before=read.kept_day,
                done_on=read.transformed_on,
            )

    def _goes_on(
        self, own: date | None, future: Future, some: Sequence[Holder], holds: Sequence[Hold], *, blocked: bool
    ) -> date | None:
        """Return the first day on which the row is due; None where nobody knows it."""
        if own is None or any(hold.until is None for hold in holds):
            return None
        start = max(own + _DAY, self.as_of)
        if start > HORIZON:
            return None
        if not blocked and not holds:
            return start
        now = future.on(self.as_of).holding
        if any(one.table in now and not one.leaves(self.unit) for one in some):
            return None
        return future.first(lambda outlook: outlook.due, start)

    def _referring(self, future: Future, some: Sequence[Holder]) -> tuple[Referring, ...]:
        if not some:
            return ()
        found = []
        for table, rows in future.on(self.as_of).holding.items():
            until = None
            if all(one.leaves(self.unit) for one in some if one.table == table):
                free = future.first(partial(_lets_go, table), self.as_of)
                until = None if free is None else free - _DAY
            found.append(Referring(str(self.unit.binding.name_of(table)), rows, until))
        return tuple(found)

    def _turns(self, around: Around) -> list[date]:
        ends = {hold.until + _DAY for hold in self.holds if hold.until is not None}
        return sorted({*around.turns, *ends})

    def _outlook(self, around: Around, rule: BoundRule, key: Key, some: Sequence[Holder], day: date) -> Outlook:
        with self._going(around, day) as going:
            condition = due(self.unit, rule, rule.row, day, going)
            query = select(*(rule.row.c[name] for name in rule.key)).where(among(rule.row, rule.key, [key]), condition)
            is_due = self.connection.execute(query).first() is not None
            return Outlook(is_due, holding(self.connection, self.unit, rule.table, key, some, going))

    # --- records ------------------------------------------------------------------------------------------------

    def _part_of(self, around: Around, table: TableKey, key: Key) -> Iterator[Part]:
        """Yield the records that the row is part of, by the rules that name it so."""
        asked: dict[tuple[TableKey, Key], tuple[RuleAnswer, ...]] = {}
        for rule in self.unit.rules:
            owners = (owner for path in _paths(rule.parts, table) for owner in self._owners(rule, path, table, key))
            answers: list[RuleAnswer] = []
            for owner in dict.fromkeys(owners):
                if (rule.table, owner) not in asked:
                    asked[rule.table, owner] = self._answers(around, rule.table, owner)
                answers.extend(answer for answer in asked[rule.table, owner] if answer.rule.id == rule.id)
            if answers:
                yield _part(str(self.unit.binding.name_of(rule.table)), answers)

    def _owners(self, rule: BoundRule, path: Sequence[BoundPart], table: TableKey, key: Key) -> list[Key]:
        near = self.unit.binding.shape(table).sql.alias()
        conditions = [among(near, self.unit.binding.row_key(table), [key])]
        for part in reversed(path):
            above = self.unit.binding.shape(part.relation.parent).sql.alias()
            conditions.append(joined(part.relation, near, above))
            near = above
        found = self.connection.execute(select(*(near.c[name] for name in rule.key)).distinct().where(*conditions))
        return [tuple(one) for one in found]

    # --- sets ---------------------------------------------------------------------------------------------------

    def _rules(self, table: TableKey) -> list[BoundRule]:
        found = [rule for rule in (*self.unit.rules, *self.unit.silent) if rule.table == table]
        return sorted(found, key=lambda rule: rule.place)

    @contextmanager
    def _around(self, table: TableKey, keys: Sequence[Key]) -> Iterator[Around]:
        around = Around(self.connection, self.unit)
        row = self.unit.binding.shape(table).sql
        around.gather(table, among(row, self.unit.binding.row_key(table), keys))
        yield around
        around.drop()

    @contextmanager
    def _going(self, around: Around, day: date) -> Iterator[GoingAround]:
        going = GoingAround.of(around, day, self._in_force(day))
        yield going
        going.drop()

    def _in_force(self, day: date) -> Sequence[Hold]:
        """Return the holds of a day: today's on as-of, whichever day that is, and those that haven't ended later."""
        return self.holds if day == self.as_of else [hold for hold in self.holds if hold.live(day)]


def _part(table: str, answers: Sequence[RuleAnswer]) -> Part:
    """Return the records of one rule as one; a part goes once the last of its owners does."""
    days = [answer.goes_on for answer in answers]
    known = [day for day in days if day is not None]
    goes_on = max(known) if len(known) == len(days) else None
    return Part(answers[0].rule.id, table, Counter(answer.state for answer in answers), goes_on)


def _paths(parts: Sequence[BoundPart], table: TableKey) -> Iterator[tuple[BoundPart, ...]]:
    """Yield the parts that lead from a record's owner to ``table``, outermost first."""
    for part in parts:
        if part.table == table:
            yield (part,)
        for deeper in _paths(part.parts, table):
            yield (part, *deeper)


def _lets_go(table: TableKey, outlook: Outlook) -> bool:
    return table not in outlook.holding
