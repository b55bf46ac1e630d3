"""The keys of every rule's due rows, staged before anything of a unit goes.

Rows that others count from may go first, and rows that can only go together are told from others while all of them are
there; so the whole unit is weighed once, and each rule then walks its own keys.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, Index, Table, delete, func, insert, literal, select

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.temporary import empty_table
from retention.execute.sweeps import tells_for_itself
from retention.plan.going import Going
from retention.plan.rules import BoundRule
from retention.plan.statement import condition
from retention.plan.units import Unit


def stage(connection: Connection, rule: BoundRule, name: str, due: Sql) -> Table:
    """Make a temporary table of the keys of a rule's rows that are ``due``."""
    staged = empty_table(connection, name, rule.sorted_key)
    _fill(connection, rule, staged, due)
    Index(f"{name}_key", *staged.c).create(connection)
    return staged


def _fill(connection: Connection, rule: BoundRule, staged: Table, due: Sql) -> None:
    chosen = select(*rule.sorted_key).where(due)
    connection.execute(insert(staged).from_select(list(rule.key), chosen))
    rule.binding.database.dialect.weigh(connection, staged)


@dataclass
class Staging:
    """The staged keys of the rules that are carried out, as long as the session lasts."""

    going: Going
    keys: dict[str, Table] = field(default_factory=dict)
    _built: bool = False

    @property
    def _connection(self) -> Connection:
        return self.going.connection

    def prepare(self) -> None:
        """Stage every rule's due rows, none of which has gone yet, but for rules whose rows tell for themselves."""
        going = self.going
        with going.unit.binding.database.transaction(self._connection):
            for rule in going.unit.rules:
                if not tells_for_itself(self._connection, going.unit, rule, going.covers):
                    self._stage(rule)

    def again(self, rule: BoundRule) -> None:
        """Stage the rule's rows that are still there: what has gone may have set them free."""
        with self.going.unit.binding.database.transaction(self._connection):
            if rule.id not in self.keys:
                self._stage(rule)
                return
            self._connection.execute(delete(self.keys[rule.id]))
            _fill(self._connection, rule, self.keys[rule.id], self._due(rule))

    def left(self, tables: Collection[TableKey]) -> int:
        """Return how many rows of these tables were going and are still there."""
        with self.going.unit.binding.database.transaction(self._connection):
            return sum(self._left(table) for table in tables if table in self.going.sets)

    def drop(self) -> None:
        """Drop the keys; a pooled connection would keep them."""
        with self.going.unit.binding.database.transaction(self._connection):
            for staged in self.keys.values():
                staged.drop(self._connection)
            self.going.drop()

    def _build(self) -> None:
        if not self._built:
            self.going.build()
            self._built = True

    def _stage(self, rule: BoundRule) -> None:
        name = f"retention_walk_{self.going.unit.rules.index(rule)}"
        self.keys[rule.id] = stage(self._connection, rule, name, self._due(rule))

    def _due(self, rule: BoundRule) -> Sql:
        going = self.going
        if rule.action.on_rows and _alone(going.unit, rule):
            return condition(going.unit, rule, going.as_of, going.covers, parts_gone=False, staged=False)
        self._build()
        if not rule.action.on_rows:
            return rule.lapsed(rule.row, going.as_of, going.stays)
        rules = going.unit.table_rules(rule)
        return going.due(rule.table, rule.row) & rules.carried_under(rule, rule.row)

    def _left(self, table: TableKey) -> int:
        unit, staged = self.going.unit, self.going.sets[table]
        row = unit.binding.shape(table).sql.alias()
        there = exists(select(literal(1)).where(unit.same(table, staged, row)).correlate(staged))
        found = select(func.count()).select_from(staged).where(there)
        return int(self._connection.execute(found).scalar_one())


def _alone(unit: Unit, rule: BoundRule) -> bool:
    """Whether the rule's rows, their parts and what still refers to them tell which go: no other rule's rows matter."""
    return len(unit.rules) == 1 and unit.knot_of(rule.table) is None
