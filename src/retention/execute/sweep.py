"""``then: delete`` where a rule's rows can be told by themselves: range after range of the table, nothing staged.

One statement deletes the range's rows and tells how many there were, from which day to which, and their keys; where
the engine can't tell that of a DELETE, a locking read in the same transaction does, and has to agree with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, literal, select

from retention.errors import DatabaseFault
from retention.execute.ahead import Ahead
from retention.execute.done import Done
from retention.execute.ranges import END, Range, Ranges
from retention.execute.seal import Seal
from retention.execute.sweeping import Again, Sweeping
from retention.execute.told import Told

_FIRST_ROWS = 500
_GROWTH = 4.0
_MEMORY = 0.7
_MARGIN = 0.9
_ABOUT = 2
"""How many times as many rows a batch may have as it was to have, where parts count that nobody knew of."""


@dataclass
class Sweep:
    """Deletes one rule's rows by ranges. ``density`` is how many rows a step of a range is thought to have.

    With the parts that go along no batch has more than ``heaviest``, unless they are one row's.
    ``rehearses``: whether there are so many that its statements are tried over none of them first.

    ``position`` is where the next range begins. Rows that it can't take, because more lie together than may go at once,
    are left to a walk by their keys.
    """

    exact: ClassVar[bool] = False
    statements: Sweeping
    ranges: Ranges
    density: float
    heaviest: int
    sealed: Seal | None = None
    rehearses: bool = False
    position: Any = None
    _keeps: bool = False
    _steps: float = 0.0
    _again: Range | None = None
    _tried: tuple[Range, int] | None = None
    _strangers: Sequence[tuple[Any, ...]] = ()

    @property
    def ended(self) -> bool:
        """Whether no range is left."""
        return self.position is END

    def prepare(self, connection: Connection) -> None:
        """Set the isolation of the batches; nothing is to be staged."""
        database = self.statements.rule.binding.database
        if self.statements.may_look:
            self.statements.snapshot = self._keeps = database.keep_snapshot(connection)
        if self.rehearses:
            self._rehearse(connection)
            if self._keeps and database.dialect.snapshot_locks_all:
                self.heed(connection, others=True)
                self._rehearse(connection)

    def finish(self, connection: Connection) -> None:
        """Set the isolation back."""
        if self.statements.snapshot:
            self.statements.rule.binding.database.forget_snapshot(connection)
            self.statements.snapshot = False

    def heed(self, connection: Connection, *, others: bool) -> None:
        """Lock rows before they go, where a snapshot would have those locked as well that others are at work on."""
        database, statements = self.statements.rule.binding.database, self.statements
        keeps = self._keeps and not (others and database.dialect.snapshot_locks_all)
        if keeps and not statements.snapshot:
            statements.snapshot = database.keep_snapshot(connection)
        elif statements.snapshot and not keeps:
            database.forget_snapshot(connection)
            statements.snapshot = False

    def renew(self) -> None:
        """Make the statements anew: the holds in force have changed.

        Where one of them covers parts, which may stay alone now, the rest is left to a walk by keys as well.
        """
        self.statements.forget()
        if not self.statements.along_goes:
            self.position = END

    def batch(self, connection: Connection, ahead: Ahead, rows: int, most: int) -> list[Done]:
        """Delete the rows of the next range, with parts about ``rows``, alone never more than ``most``.

        Raises:
            Again: the range has more, or rows that nobody approved, or that only seemed due.
            DatabaseFault: the statement took other rows than the locking read found; nothing is to be committed.
        """
        started = time.monotonic()
        rule = self.statements.rule
        steps = self._reach(rows if rule.parts else min(rows, most))
        # Once only: after a failure the next range has to be a narrower one.
        again, self._again = self._again, None
        here = again or self.ranges.next(connection, self.position, steps)
        if here is None or (here.alike and self._beyond(connection, here, most)):
            self.position = END
            return []
        self._tried = here, steps
        heaviest = self.heaviest if steps == 1 else min(self.heaviest, _ABOUT * rows)
        owners, weight = self.statements.weigh(connection, here, heaviest)
        if owners > 1 and weight > heaviest:
            self._narrow(weight, heaviest, steps)

        def certain(told: Told) -> None:
            if told.rows > most:
                self._narrow(told.rows, most, steps)
            self._see_approved(here, told)
            # Of a row that only looks due, and that the statement won't take, the day may be none.
            with suppress(ValueError):
                if not rule.parts:
                    ahead(Done(rule, told.rows, told.keys, told.days))

        told = self.statements.carry_out(connection, here, self._strangers, certain)
        locked = told.locked or started
        looked, took = (locked - started) * 1000, (time.monotonic() - locked) * 1000
        self._learn(told.rows + sum(told.parts.values()), steps)
        self._strangers, self._tried = (), None
        self.position = here.end
        if not told.rows:
            return []
        longest = max(looked, took)
        return [Done(rule, told.rows, told.keys, told.days, told.parts, longest, locked=told.locked, looked_ms=looked)]

    def pass_over(self, *, must: bool) -> bool:
        """Go on behind the range that failed, if it must or was one block, or one row of a key or clock."""
        tried, self._tried = self._tried, None
        if tried is None:
            return must
        here, steps = tried
        if must or steps == 1:
            self.position = here.end
            return True
        return False

    def _rehearse(self, connection: Connection) -> None:
        try:
            with self.statements.rule.binding.database.rehearsal(connection):
                self.statements.rehearse(connection)
        except DatabaseFault as fault:
            # What it meets the first batch meets again, and can be tried again then.
            if fault.lost:
                raise

    def _beyond(self, connection: Connection, here: Range, most: int) -> bool:
        """Whether a range is known to have more than ``most`` rows, before any of them is told of and locked."""
        row, lies = self.statements.rule.shape.sql, self.ranges.condition(here.low, here.high)
        further = select(literal(1)).select_from(row).where(lies).offset(most).limit(1)
        return connection.execute(further, here.values).first() is not None

    def _reach(self, rows: int) -> int:
        steps = (rows if self._steps else min(rows, _FIRST_ROWS)) / max(self.density, 1e-6)
        if self._steps:
            steps = min(steps, self._steps * _GROWTH)
        return max(1, min(int(steps), self.ranges.most_steps))

    def _learn(self, rows: int, steps: int) -> None:
        keep = _MEMORY if self._steps else 0.0
        self.density = keep * self.density + (1 - keep) * rows / steps
        self._steps = steps

    def _narrow(self, rows: int, most: int, steps: int) -> None:
        """Take fewer steps the next time; where a single one is too many, leave the rest to a walk by keys."""
        if steps == 1:
            self.position = END
        self.density = max(self.density, rows / steps) / _MARGIN
        self._steps = steps * _MARGIN * most / rows / _GROWTH
        raise Again

    def _see_approved(self, here: Range, told: Told) -> None:
        """See that a person approved every one of the rows, where somebody had to."""
        strangers = self.sealed.strangers(told.keys) if self.sealed is not None and told.rows else ()
        if strangers:
            self._again, self._strangers = here, [*self._strangers, *strangers]
            raise Again
