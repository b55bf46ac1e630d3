"""Keeping days of rows that go, for rows that stay and count from them, in the transaction that destroys.

Two kinds of rows count from others: those that are kept while others refer to them, whose last day is the latest last
day of those; and those with a ``latest_of``, whose clock is the latest day that any row on its path said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, and_, case, delete, func, insert, select, update

from retention.database.names import TableKey
from retention.database.own_tables import CLOCK, DONE, UNREADABLE, row_key_text
from retention.database.reading import Sql
from retention.database.relations import Relation, joined
from retention.errors import Refused
from retention.matrix.binding import Binding, BoundPart, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Rule
from retention.plan.clocks import ClockColumn, clock_columns, joins
from retention.plan.rules import BoundRule
from retention.plan.units import Unit

_CHUNK = 5_000


@dataclass(frozen=True)
class Waiting:
    """A table whose rows are kept while rows of ``rules`` refer to them over ``relation``."""

    table: TableKey
    key: tuple[str, ...]
    relation: Relation
    rules: tuple[str, ...]


@dataclass(frozen=True)
class KeptClocks:
    """For one rule whose rows go: what counts from them, whether its own rule is carried out tonight or not."""

    unit: Unit
    rule: BoundRule
    waiting: tuple[Waiting, ...]
    paths: tuple[ClockColumn, ...]
    forgets: bool

    def keep(self, connection: Connection, table: TableKey, chosen: Sql, bounds: Mapping[str, int]) -> None:
        """Write down, before the chosen rows of ``table`` go, what rows that stay have to know of them.

        ``table`` is the rule's own, or that of a part; ``bounds`` are the values of the parameters in ``chosen``.
        """
        if table == self.rule.table:
            for one in self.waiting:
                for rule_id, days in self._last_days(connection, chosen, bounds, one):
                    self._write(connection, one.table, rule_id, days)
        for clock in self.paths:
            for number, step in enumerate(clock.steps):
                if step.reached == table and clock.kept is not None:
                    days = self._days(connection, table, chosen, bounds, clock, number)
                    self._write(connection, clock.table, clock.kept.name, days)

    def names(self, connection: Connection, chosen: Sql, bounds: Mapping[str, int]) -> list[str]:
        """Return the keys of the chosen rows as the pipeline's own tables have them, while the rows are there."""
        if not self.forgets:
            return []
        query = select(self.rule.key_text(self.rule.row)).where(chosen)
        return list(connection.execute(query, bounds).scalars())

    def forget(self, connection: Connection, names: Sequence[str]) -> None:
        """Take what the pipeline kept of rows out of its own tables, once the rows are gone."""
        ids = column_rules(self.rule.binding, self.rule.table)
        for at in range(0, len(names), _CHUNK):
            some = names[at : at + _CHUNK]
            mine = CLOCK.c.table_name == str(self.rule.table)
            connection.execute(delete(CLOCK).where(mine, CLOCK.c.row_key.in_(some)))
            if ids:
                connection.execute(delete(DONE).where(DONE.c.rule.in_(ids), DONE.c.row_key.in_(some)))

    def _last_days(
        self, connection: Connection, chosen: Sql, bounds: Mapping[str, int], waiting: Waiting
    ) -> Iterator[tuple[str, dict[str, str]]]:
        """Yield, for each rule waited for, the latest last day of its rows by the key of the row they refer to."""
        dialect = self.rule.binding.database.dialect
        row, above = self.rule.row, self.rule.binding.shape(waiting.table).sql.alias()
        name = row_key_text(dialect, above, waiting.key).label("name")
        together = deciding(self.unit, self.rule)
        for one in together:
            if one.id not in waiting.rules:
                continue
            found: dict[str, str] = {}
            for other in together:
                terms = other.terms
                query = (
                    select(name, *(func.max(term.event_day(row)) for term in terms))
                    .select_from(row.join(above, joined(waiting.relation, row, above)))
                    .where(and_(chosen, one.selected(row), other.selected(row)))
                    .group_by(name)
                )
                for key, *texts in connection.execute(query, bounds):
                    events = zip(terms, texts, strict=True)
                    days = [term.end_of(date.fromisoformat(text)).isoformat() for term, text in events if text]
                    found[str(key)] = max([found.get(str(key), ""), *days])
            yield one.id, {key: day for key, day in found.items() if day}

    def _days(
        self,
        connection: Connection,
        table: TableKey,
        chosen: Sql,
        bounds: Mapping[str, int],
        clock: ClockColumn,
        number: int,
    ) -> dict[str, str]:
        """Return the latest day that the chosen rows, and rows reached through them, said for each counting row."""
        assert clock.kept is not None
        row = self.rule.binding.shape(table).sql
        start = self.rule.binding.shape(clock.table).sql.alias()
        before, met = clock.walk(start, clock.steps[:number])
        day, bad = clock.beyond(row, number + 1)
        name = row_key_text(clock.kept.dialect, start, clock.kept.key).label("name")
        query = (
            select(name, func.max(day), func.max(case((bad, 1), else_=0)))
            .where(*met, joins(clock.steps[number], before, row), chosen)
            .group_by(name)
        )
        found: dict[str, str] = {}
        for key, text, unreadable in connection.execute(query, bounds):
            if unreadable or text:
                found[str(key)] = UNREADABLE if unreadable else str(text)
        return found

    def _write(self, connection: Connection, table: TableKey, name: str, days: Mapping[str, str]) -> None:
        """Add days to those kept before; of two for one row the later stays."""
        keys = list(days)
        for at in range(0, len(keys), _CHUNK):
            some = {key: days[key] for key in keys[at : at + _CHUNK]}
            mine = and_(CLOCK.c.table_name == str(table), CLOCK.c.rule == name, CLOCK.c.row_key.in_(list(some)))
            for key, day in connection.execute(select(CLOCK.c.row_key, CLOCK.c.day).where(mine)):
                some[key] = max(some[key], day)
            connection.execute(delete(CLOCK).where(mine))
            connection.execute(
                insert(CLOCK),
                [{"table_name": str(table), "row_key": key, "rule": name, "day": day} for key, day in some.items()],
            )


def kept_clocks(unit: Unit, rule: BoundRule) -> KeptClocks | None:
    """Return what counts from the rows of a rule that deletes; None where nothing does."""
    binding = rule.binding
    tables = {rule.table, *part_tables(rule.parts)}
    ids = {one.id for one in deciding(unit, rule)}
    waiting = [one for other in binding.rules for one in _waiting(binding, other, rule.table, ids)]
    clocks = {
        (clock.table, clock.kept.name): clock
        for other in binding.rules
        for clock in _latest(binding, other)
        if clock.kept is not None
    }
    paths = [clock for clock in clocks.values() if any(step.reached in tables for step in clock.steps)]
    counts = any(table == rule.table for table, _name in clocks)
    mine = [other for other in binding.rules if table_key(other.table) == rule.table]
    forgets = counts or any(other.while_referenced for other in mine) or bool(column_rules(binding, rule.table))
    if not (waiting or paths or forgets):
        return None
    return KeptClocks(unit, rule, tuple(waiting), tuple(paths), forgets)


def part_tables(parts: Sequence[BoundPart]) -> Iterator[TableKey]:
    """Yield the tables of parts, and of their own parts."""
    for part in parts:
        yield part.table
        yield from part_tables(part.parts)


def deciding(unit: Unit, rule: BoundRule) -> tuple[BoundRule, ...]:
    """Return the rules that decide together over the rule's rows, and those whose transformed rows one deletes."""
    together = unit.table_rules(rule).rules
    return (*together, *(one.base for one in together if one.base is not None))


def column_rules(binding: Binding, table: TableKey) -> list[str]:
    """Return the ids of the table's column rules, whose transformed rows the side table may know."""
    return [one.id for one in binding.rules if table_key(one.table) == table and not one.action.on_rows]


def rekey(connection: Connection, binding: Binding, table: TableKey, old: Sql, new: Sql, but: str) -> None:
    """Give what the pipeline keeps of rows their new keys: a rule (``but``) is about to change the columns of the key.

    ``old`` and ``new`` are the keys as texts, from a table of the batch's rows.
    """
    ids = [one for one in column_rules(binding, table) if one != but]
    connection.execute(
        update(CLOCK).values(row_key=new).where(CLOCK.c.table_name == str(table), CLOCK.c.row_key == old)
    )
    if ids:
        connection.execute(update(DONE).values(row_key=new).where(DONE.c.rule.in_(ids), DONE.c.row_key == old))


def _waiting(binding: Binding, other: Rule, table: TableKey, ids: set[str]) -> Iterator[Waiting]:
    """Yield how the rule waits for rows of ``table`` that the rules named by ``ids`` select."""
    here = table_key(other.table)
    named = tuple(sorted(ids & {name for entry in other.while_referenced for name in entry.rules}))
    if named and here in binding.schema.tables and (key := binding.row_key(here)):
        for relation in binding.graph.between(table, here):
            if relation.holds:
                yield Waiting(here, key, relation, named)


def _latest(binding: Binding, other: Rule) -> list[ClockColumn]:
    """Return the rule's clocks that count rows which are gone; none where they can't be read, and nothing counts."""
    try:
        return [
            column
            for clock in clocks_of(other)
            if clock.latest
            for column in clock_columns(binding, table_key(other.table), clock)
        ]
    except Refused:
        return []
