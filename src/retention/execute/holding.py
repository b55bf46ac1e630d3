"""Holds as a unit at work follows them: staged before its first statement, and again whenever the register moved."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy import Connection, FromClause, and_

from retention.database.lease import Fenced, Lease
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.execute.context import RunContext, TaskChain
from retention.plan.going import count
from retention.plan.held import Held
from retention.plan.rules import BoundRule
from retention.plan.statement import remaining
from retention.plan.units import Unit


class HoldsMoved(Exception):
    """Somebody added or released a hold while a batch was open: it is rolled back, and tried under the new holds."""


@dataclass
class UnitHolds:
    """The holds in force on one unit. ``held`` is what they cover, as it was staged last."""

    context: RunContext
    unit: Unit
    lease: Lease
    chain: TaskChain
    held: Held = field(init=False)
    _version: int | None = None

    def __post_init__(self) -> None:
        self.held = Held(self.unit, ())

    def follow(self, connection: Connection) -> None:
        """Stage the holds in force where the register has moved since they were staged.

        Raises:
            Refused: a hold can't be applied to this database.
            Fenced: the lease is another task's.
            DatabaseFault, LedgerFault: nothing was staged; nothing may be destroyed.
        """
        if self._version == self.context.holds.version():
            return
        binding = self.unit.binding
        with binding.database.transaction(connection):
            # Behind the lease's lock, so that a task that was taken over can't put old keys in place of newer ones.
            self.lease.check(connection)
            version = self.context.holds.version()
            held = Held(self.unit, self.context.holds.of(binding.entry.name, binding.identity))
            keys = held.stage(connection)
        if held.holds or self.held.holds:
            covering = [hold.id for hold in held.holds]
            self.chain.append("holds", {"unit": self.unit.id, "version": version, "holds": covering, "keys": keys})
        # In this order: another thread that sees the version has to meet what belongs to it.
        self.held = held
        self._version = version

    def covers(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a hold in force covers a row, as they were staged last."""
        return self.held.covers(table, row)

    def kept(self, connection: Connection, rule: BoundRule) -> tuple[int, Mapping[str, int]]:
        """Return how many rows of the rule are kept by holds alone, and how many of them by each."""
        if not self.held.reaches(rule.table):
            return 0, {}
        row, as_of = rule.row, self.context.as_of
        lapsed = and_(rule.selected(row), self.unit.table_rules(rule).lapsed(row, as_of, remaining(as_of, self.covers)))
        every = count(connection, row, and_(lapsed, self.covers(rule.table, row)))
        return every, self.held.counts(connection, rule.table, row, lapsed) if every else {}

    @property
    def version(self) -> int | None:
        """Return the version of the register that is staged: whoever wrote statements under another writes them anew.

        Workers and rules of one unit share what is staged, and only one of them finds that it has moved.
        """
        return self._version

    def require(self, under: int | None) -> None:
        """See, before a batch commits, that the version its statements were written under is in force.

        Raises:
            HoldsMoved: the register has moved since then.
        """
        if under != self.context.holds.version():
            raise HoldsMoved

    def forget(self, connection: Connection) -> None:
        """Take the staged keys out: nobody needs them when the unit is at rest."""
        if self.held.holds:
            with suppress(Fenced), self.unit.binding.database.transaction(connection):
                self.lease.check(connection)
                self.held.clear(connection)
