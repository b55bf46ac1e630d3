"""Two workers on a rule that changes columns, from the two ends of its staged keys towards each other.

Each has them in a table of its own session. A row's columns take long to read, to make anew and to write, by the client
as much as by the engine, so that one worker leaves either of them waiting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, Table

from retention.database.reading import Sql
from retention.execute.batch import Done
from retention.execute.columns import ChangeColumns
from retention.execute.staging import stage
from retention.plan.rules import BoundRule


def may_be_shared(rule: BoundRule) -> bool:
    """Whether each of a rule's rows tells for itself that it is due, and the key is a whole number that stays."""
    apart = not rule.referencing and not any(clock.steps for clock in rule.clocks)
    return apart and not rule.action.on_rows and rule.numbered and not set(rule.key) & set(rule.rule.columns)


@dataclass
class OtherEnd:
    """What changes the rows from the last one on, as work for another session.

    ``due`` tells which they are, and ``name`` what their staged keys are called there.
    """

    exact: ClassVar[bool] = True
    rule: BoundRule
    due: Sql
    name: str
    change: ChangeColumns
    _staged: Table | None = None

    @property
    def position(self) -> Any:
        """Return the key after which the next batch begins."""
        return self.change.position

    @position.setter
    def position(self, key: Any) -> None:
        self.change.position = key

    @property
    def ended(self) -> bool:
        """Whether no key is left: a walk gives a batch as long as there are any."""
        return True

    def renew(self) -> None:
        """Make the condition anew: the holds in force have changed."""
        self.change.renew()

    def prepare(self, connection: Connection) -> None:
        """Stage the keys in this session."""
        database = self.rule.binding.database
        with database.transaction(connection):
            self._staged = stage(connection, self.rule, self.name, self.due)
        self.change.prepare(connection)

    def finish(self, connection: Connection) -> None:
        """Drop what was staged."""
        self.change.finish(connection)
        if self._staged is not None:
            with self.rule.binding.database.transaction(connection):
                self._staged.drop(connection)

    def batch(self, connection: Connection, rows: int, most: int) -> Sequence[Done]:
        """Change the next batch."""
        return self.change.batch(connection, rows, most)
