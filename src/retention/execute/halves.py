"""Two workers on a rule that changes columns: the second one has the keys behind the middle.

Each walks keys that are staged in a session of its own. A row's columns take long to read, to make anew and to write,
by the client as much as by the engine, so that one worker leaves either of them waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select

from retention.database.reading import Sql
from retention.execute.batch import Done
from retention.execute.columns import ChangeColumns
from retention.execute.staging import stage
from retention.plan.rules import BoundRule


def may_be_halved(rule: BoundRule) -> bool:
    """Whether each half of a rule's rows tells for itself which are due, and the key is a whole number that stays."""
    apart = not rule.referencing and not any(clock.steps for clock in rule.clocks)
    return apart and not rule.action.on_rows and rule.numbered and not set(rule.key) & set(rule.rule.columns)


def halve(connection: Connection, rule: BoundRule, staged: Table) -> Sql | None:
    """Leave only the first half of the staged keys, and return whether a row lies behind them; None where none is."""
    key = staged.c[rule.key[0]]
    half = connection.execute(select(func.count()).select_from(staged)).scalar_one() // 2
    middle = connection.execute(select(key).order_by(key).offset(half).limit(1)).scalar()
    if middle is None:
        return None
    connection.execute(delete(staged).where(key > middle))
    behind: Sql = rule.row.c[rule.key[0]] > middle
    return behind


@dataclass
class SecondHalf:
    """The rows behind the middle, as work for another session.

    ``due`` tells which they are; ``make`` gives what changes those whose keys are staged.
    """

    rule: BoundRule
    due: Sql
    make: Callable[[Table], ChangeColumns]
    _staged: Table | None = None
    _change: ChangeColumns | None = None

    @property
    def position(self) -> Any:
        """Return the key after which the next batch begins."""
        return self._work.position

    @position.setter
    def position(self, key: Any) -> None:
        self._work.position = key

    @property
    def ended(self) -> bool:
        """Whether no key is left: a walk gives a batch as long as there are any."""
        return True

    def renew(self) -> None:
        """Make the condition anew: the holds in force have changed."""
        self._work.renew()

    def prepare(self, connection: Connection) -> None:
        """Stage the keys in this session."""
        database = self.rule.binding.database
        with database.transaction(connection):
            self._staged = stage(connection, self.rule, "retention_walk_behind", self.due)
        self._change = self.make(self._staged)
        self._change.prepare(connection)

    def finish(self, connection: Connection) -> None:
        """Drop what was staged."""
        if self._change is not None:
            self._change.finish(connection)
        if self._staged is not None:
            with self.rule.binding.database.transaction(connection):
                self._staged.drop(connection)

    def batch(self, connection: Connection, rows: int, most: int) -> Sequence[Done]:
        """Change the next batch."""
        return self._work.batch(connection, rows, most)

    @property
    def _work(self) -> ChangeColumns:
        assert self._change is not None
        return self._change
