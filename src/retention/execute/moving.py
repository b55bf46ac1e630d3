"""``then: separate``: before rows go, in the same transaction, they are copied to where they are kept apart.

All of them are locked by then, so that what is deleted is what was copied; as many rows have to have gone as have come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Insert, exc

from retention.database.boundary import is_of_a_row, is_taken, translate
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.errors import DatabaseFault, NotMoved, Refused
from retention.matrix.model import Action, TableName
from retention.plan.rules import BoundRule
from retention.plan.statement import moving
from retention.plan.units import moved_to


@dataclass(frozen=True, slots=True)
class Copy:
    """One statement, and from which table to which it copies."""

    table: TableName
    to: TableName
    statement: Insert


@dataclass(frozen=True)
class Moving:
    """Where one rule's rows and their parts are moved to."""

    rule: BoundRule
    to: Mapping[TableKey, TableKey]

    @classmethod
    def of(cls, rule: BoundRule) -> Moving | None:
        """Return it for a rule that moves rows, None for any other.

        Raises:
            Refused: the matrix doesn't say where to; nothing is deleted then.
        """
        if rule.action is not Action.SEPARATE:
            return None
        tables = moved_to(rule)
        for table, to in tables.items():
            if to is None:
                raise Refused(
                    f"rule {rule.id}: nothing says where {rule.binding.name_of(table)} is moved to; say `to:`"
                )
        return cls(rule, {table: to for table, to in tables.items() if to is not None})

    def copy(self, table: TableKey, chosen: Sql) -> Copy:
        """Return what copies the chosen rows of the rule's table, or of a part's."""
        binding, to = self.rule.binding, self.to[table]
        return Copy(binding.name_of(table), binding.name_of(to), moving(self.rule, table, to, chosen))

    def carry_out(self, connection: Connection, copies: Iterable[Copy], values: Mapping[str, Any]) -> dict[str, int]:
        """Copy the rows, owners before their parts; return how many of each table.

        Raises:
            NotMoved: the table they are moved to doesn't take one of them.
        """
        copied: dict[str, int] = {}
        for one in copies:
            try:
                # Without the option not every driver's count of inserted rows is kept.
                done = connection.execute(one.statement, values, execution_options={"preserve_rowcount": True})
            except exc.DBAPIError as error:
                if not is_of_a_row(error):
                    raise
                raise self._refused(one, error) from None
            copied[str(one.table)] = copied.get(str(one.table), 0) + done.rowcount
        return copied

    def require_same(self, copied: Mapping[str, int], gone: Mapping[str, int]) -> None:
        """See that as many rows have gone as were copied.

        Raises:
            DatabaseFault: another number has.
        """
        for table, number in copied.items():
            if number != gone.get(table, 0):
                raise DatabaseFault(
                    f"rule {self.rule.id}: {number} rows of {table} were copied where {gone.get(table, 0)} would have "
                    "gone; the batch was rolled back",
                    retryable=True,
                )

    def _refused(self, one: Copy, error: exc.DBAPIError) -> NotMoved:
        if is_taken(error):
            what = f"{one.to} has a row already with the key of one of {one.table}"
            do = "nothing of the batch was moved; see which of the two rows is the right one, and mend the other"
        else:
            what = f"{one.to} doesn't take a row of {one.table}"
            do = "nothing of the batch was moved; give the table the columns and types of that one"
        return NotMoved(f"{translate(error, f'rule {self.rule.id}: {what}')}; {do}")
