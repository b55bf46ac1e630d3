"""The statements of a sweep, written once for all its ranges: only the values of their parameters differ."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Delete, and_, delete, not_

from retention.database.conjuncts import unbound, unchecked
from retention.database.keyset import among
from retention.execute.along import Along, go_along
from retention.execute.ranges import Range, Ranges
from retention.execute.told import Query, Telling, Told, require
from retention.plan.held import Covers
from retention.plan.rules import BoundRule
from retention.plan.statement import condition
from retention.plan.units import Unit

Statements = tuple[Sequence[Query], Query, Sequence[Query], Delete | None]
"""What weighs the rows with their parts, what tells of them, what counts the parts, and what deletes them; None where
the one that tells does that as well."""


class Again(Exception):
    """A batch can't be committed as it was: it is rolled back, and tried in another way."""


@dataclass
class Sweeping:
    """The statements of one rule. ``covers``: which rows a hold covers; ``sealed``: whether only approved ones go.

    ``strict``: a batch has told of rows that didn't go; from then on none is told of that may not.
    ``snapshot``: whether the session keeps one, in which rows are told of and then deleted, neither locked nor returned
    before they go: to return them takes twice as long as to look at them twice. Who changes one in between makes the
    statement fail, and the batch is tried again.
    """

    unit: Unit
    rule: BoundRule
    as_of: date
    covers: Covers
    ranges: Ranges
    sealed: bool
    strict: bool = False
    snapshot: bool = False
    _written: dict[tuple[bool, bool, bool], Statements] = field(default_factory=dict)

    def forget(self) -> None:
        """Write them anew the next time."""
        self._written.clear()

    def rehearse(self, connection: Connection) -> None:
        """Execute every statement over no rows: to write and to parse them takes longer than a batch may."""
        for ends in self.ranges.ends:
            # Nothing comes after null.
            nowhere = dict.fromkeys(unbound(self.ranges.condition(*ends)))
            weighing, telling, counting, deleting = self._statements(*ends)
            self._along.weigh(connection, weighing, nowhere, 1)
            for one in (telling, *counting, *([] if deleting is None else [deleting])):
                connection.execute(one, nowhere)

    def weigh(self, connection: Connection, here: Range, most: int) -> tuple[int, int]:
        """Return how many rows of a range may go, and how many those are with their parts; 0 where they have none.

        It counts no further than ``most`` calls for, and locks nothing.
        """
        return self._along.weigh(connection, self._statements(here.low, here.high)[0], here.values, most)

    def carry_out(
        self, connection: Connection, here: Range, but: Sequence[tuple[Any, ...]], certain: Callable[[Told], None]
    ) -> Told:
        """Delete the rows of a range, all but those with the keys ``but``.

        ``certain`` is called with what is told of them, which is before they go where one statement doesn't do it all.

        Raises:
            Again: it told of rows that stay, as their values are ill-formed, or a trigger keeps them.
            DatabaseFault: the statement took other rows than the locking read found.
        """
        ends = (here.low, here.high)
        _weighing, telling, counting, deleting = self._write(*ends, but) if but else self._statements(*ends)
        told = self._telling.read(connection.execute(telling, here.values))
        if not told.rows:
            return told
        certain(told)
        parts = self._along.counted(connection, counting, here.values)
        locked = time.monotonic() if self._looks else None
        if deleting is not None:
            deleted = connection.execute(deleting, here.values).rowcount
            if deleted < told.rows and not self.strict and (self._checks_once or self.snapshot):
                self.strict = True
                self.forget()
                raise Again
            require(told, deleted, self.rule)
        gone = parts if counting else self._along.gone(connection, told.beside)
        return replace(told, parts=self._along.named(gone), locked=locked)

    def _statements(self, low: bool, high: bool) -> Statements:
        which = (low, high, self._looks)
        if which not in self._written:
            self._written[which] = self._write(low, high, ())
        return self._written[which]

    def _write(self, low: bool, high: bool, but: Sequence[tuple[Any, ...]]) -> Statements:
        row = self.rule.shape.sql
        whole = condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=False, staged=False)
        clocks = {clock.column for clock in self.rule.clocks if not clock.steps}
        whole = self.rule.binding.database.dialect.without_seeking(whole, row, clocks)
        chosen = and_(self.ranges.condition(low, high), whole)
        if but:
            chosen = and_(chosen, not_(among(row, self.rule.key, but)))
        deleting = delete(row).where(chosen)
        weighing = self._along.weighing(chosen)
        if self._looks:
            return weighing, self._telling.looking(chosen), (), deleting
        if not self._at_once:
            told = unchecked(chosen) if self._checks_once and not self.strict else chosen
            return weighing, self._telling.locking(told), self._along.counting(chosen), deleting
        gone = deleting.returning(*self._telling.columns(row)).cte("gone")
        return weighing, self._telling.sums(list(gone.c)), (), None

    @property
    def may_look(self) -> bool:
        """Whether rows may be looked at first: no child can hold one, and the engine counts parts that go along."""
        dialect = self.rule.binding.database.dialect
        return not self._held and (not self.rule.parts or dialect.counts_deleted)

    @property
    def _looks(self) -> bool:
        return self.snapshot and not self.strict

    @property
    def along_goes(self) -> bool:
        """Whether all parts of the rows, if they have any, still go along with them."""
        return go_along(self.unit, self.rule, self.covers)

    @cached_property
    def _along(self) -> Along:
        return Along(self.unit, self.rule)

    @property
    def _checks_once(self) -> bool:
        """Whether the form of values needs to be checked but by the statement that deletes.

        Where nobody else can change a row meanwhile, that one takes a part of the rows that were told of; where it
        takes as many, it takes the same.
        """
        return not self.rule.binding.database.dialect.locks_rows

    @cached_property
    def _telling(self) -> Telling:
        return Telling(self.rule, self.sealed, self._along.before)

    @cached_property
    def _held(self) -> bool:
        """Whether a child may hold a row: what only parts refer to needs no lock before it is weighed again."""
        own = {part.relation for part in self.rule.parts}
        return any(relation not in own for relation in self.unit.referring(self.rule.table))

    @property
    def _at_once(self) -> bool:
        """Whether one statement does it all."""
        return self.rule.binding.database.dialect.tells_of_deleted and not self._held
