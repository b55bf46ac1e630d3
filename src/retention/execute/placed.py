"""The statements of a batch of clusters: lock, weigh, read, delete, and see that nothing is left.

Every statement names its clusters by two parameters, so that it is put together once for a knot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import (
    Connection,
    FromClause,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)

from retention.database.conjuncts import beside
from retention.database.keyset import columns_of
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import joined
from retention.errors import DatabaseFault
from retention.execute.done import Done
from retention.execute.kept_clock import KeptClocks
from retention.execute.seal import Seal
from retention.execute.walk import latest
from retention.plan.clocks import sure
from retention.plan.held import Covers
from retention.plan.rules import BoundRule
from retention.plan.statement import together
from retention.plan.units import Path, Unit, part_paths

CLUSTER, STEP, CIRCLED = "retention_cluster", "retention_step", "retention_circled"
_LOW, _HIGH, _TURN = "retention_low", "retention_high", "retention_turn"


@dataclass
class ClusterStatements:
    """The statements of one knot.

    ``covers`` tells which rows a hold covers, ``placed`` holds each table's keys with their clusters, and ``clocks``
    says by rule what counts from its rows.
    """

    unit: Unit
    as_of: date
    covers: Covers
    tables: frozenset[TableKey]
    rules: Sequence[BoundRule]
    placed: Mapping[TableKey, Table]
    clocks: Mapping[str, KeptClocks | None]
    _made: dict[tuple[object, ...], Any] = field(default_factory=dict)

    def batch(self, connection: Connection, low: int, high: int) -> Batch:
        """Return the work on clusters from ``low`` up to, not including, ``high``, in the open transaction."""
        return Batch(self, connection, {_LOW: low, _HIGH: high})

    def once(self, make: Callable[..., Any], *about: Any) -> Any:
        """Return a statement, made when it is asked for first."""
        name = (make.__name__, *(one.id if isinstance(one, BoundRule) else one for one in about))
        if name not in self._made:
            self._made[name] = make(*about)
        return self._made[name]

    def row(self, table: TableKey) -> Table:
        """Return a row of a table."""
        return self.unit.binding.shape(table).sql

    def leaving(self, table: TableKey, row: FromClause, *which: Callable[[FromClause], Sql]) -> Sql:
        """Return whether a row is one of the batch's, asked of one row."""
        if table not in self.placed:
            return false()
        placed = self.placed[table].alias()
        mine = [_here(placed), *(test(placed) for test in which), self.unit.same(table, placed, row)]
        return exists(select(literal(1)).where(*mine).correlate(row))

    def among(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a row is one of the batch's, as a list of keys that a query is best driven by."""
        placed = self.placed[table].alias()
        keys = select(*(placed.c[name] for name in self.unit.key(table))).where(_here(placed))
        return columns_of(row, self.unit.key(table)).in_(keys)

    def which(self, table: TableKey, row: FromClause, *which: Callable[[FromClause], Sql]) -> list[Sql]:
        """Return the same for a statement that changes the table."""
        placed = self.placed[table].alias()
        conditions = [_here(placed), *(test(placed) for test in which)]
        if self.unit.binding.database.dialect.deletes_by_join:
            return [*conditions, self.unit.same(table, placed, row)]
        keys = select(*(placed.c[name] for name in self.unit.key(table))).where(*conditions)
        return [columns_of(row, self.unit.key(table)).in_(keys)]

    def free(self, table: TableKey, row: FromClause) -> Sql:
        """Return whether a row may go, given that all of the batch go."""
        return together(self.unit, table, row, self.as_of, self.covers, self.leaving)

    def chosen(self, rule: BoundRule) -> Sql:
        """Return whether a row of the rule's table is one of the batch's that go under this rule."""
        return and_(self.among(rule.table, rule.row), self.unit.table_rules(rule).carried_under(rule, rule.row))

    def owned(self, row: FromClause, rule: BoundRule, path: Path) -> Sql:
        """Return whether a row belongs, over a path, to a row of the batch that goes under the rule."""
        above: FromClause = row
        conditions: list[Sql] = []
        for place in range(len(path) - 1, -1, -1):
            table = rule.table if place == 0 else path[place - 1].table
            owner = self.unit.binding.shape(table).sql.alias()
            conditions.append(joined(path[place].relation, above, owner))
            above = owner
        conditions.append(self.leaving(rule.table, above))
        conditions.append(self.unit.table_rules(rule).carried_under(rule, above))
        return exists(select(literal(1)).where(*conditions).correlate(row))


@dataclass
class Batch:
    """Some clusters in one open transaction."""

    all: ClusterStatements
    connection: Connection
    bounds: dict[str, int]

    def lock(self) -> None:
        """Lock the rows of every table, so that none of them changes and nobody comes to refer to them."""
        if not self.all.unit.binding.database.dialect.locks_rows:
            return
        for table in self.all.placed:
            self._run(self._lock, table).all()

    def stuck(self) -> list[int]:
        """Return clusters with a row that may not go."""
        found: set[int] = set()
        for table in self.all.placed:
            found.update(self._run(self._stuck, table).scalars())
        return sorted(found)

    def unapproved(self, seals: Mapping[str, Seal | None]) -> list[int]:
        """Return clusters with rows that a seal keeps out."""
        out: set[int] = set()
        for rule in self.all.rules:
            seal = seals[rule.id]
            found = self._run(self._ranked, rule).all() if seal is not None else ()
            if seal is not None and found:
                allowed = seal.among([tuple(one[1:]) for one in found])
                out.update(int(one[0]) for one, may in zip(found, allowed, strict=True) if not may)
        return sorted(out)

    def beyond(self, rule: BoundRule, room: int) -> Mapping[int, int]:
        """Return clusters with rows that are more than the rule may take, each with how many it has of the rule's."""
        found = [int(one[0]) for one in self._run(self._ranked, rule)]
        rows = Counter(found)
        # Of a cluster all rows go or none.
        return {cluster: rows[cluster] for cluster in found[room:]}

    def read(self) -> list[Done]:
        """Return what goes of each rule."""
        dones: list[Done] = []
        for rule in self.all.rules:
            found = self._run(self._keys, rule).all()
            if found:
                width = len(rule.key)
                days = latest(one[width:] for one in found)
                dones.append(Done(rule, len(found), [tuple(one[:width]) for one in found], days))
        return dones

    def keep(self, dones: Sequence[Done]) -> list[tuple[KeptClocks, Sequence[str]]]:
        """Write down what rows that stay have to know of those that go; return the keys that are to be forgotten."""
        found: list[tuple[KeptClocks, Sequence[str]]] = []
        for rule in (done.rule for done in dones):
            clocks = self.all.clocks[rule.id]
            if clocks is None:
                continue
            chosen = self.all.chosen(rule)
            clocks.keep(self.connection, rule.table, chosen, self.bounds)
            for table in dict.fromkeys(path[-1].table for path in part_paths(rule.parts)):
                clocks.keep(self.connection, table, self.all.among(table, self.all.row(table)), self.bounds)
            found.append((clocks, clocks.names(self.connection, chosen, self.bounds)))
        return found

    def count_parts(self, dones: Sequence[Done]) -> None:
        """Count the parts that go, each with the first rule that owns it."""
        for table in self.all.placed:
            row, before = self.all.row(table), list[Sql]()
            for done in dones:
                paths = [path for path in part_paths(done.rule.parts) if path[-1].table == table]
                if not paths:
                    continue
                owned = or_(*(self.all.owned(row, done.rule, path) for path in paths))
                mine = select(func.count()).select_from(row).where(self.all.among(table, row), owned)
                query = mine.where(*(not_(one) for one in before))
                before.append(owned)
                number = int(self.connection.execute(query, self.bounds).scalar_one())
                done.parts[str(self.all.unit.binding.name_of(table))] = number

    def forget(self, names: Sequence[tuple[KeptClocks, Sequence[str]]]) -> None:
        """Take what the pipeline kept of rows out of its own tables, once the rows are gone."""
        for clocks, keys in names:
            clocks.forget(self.connection, keys)

    def delete(self, turns: Sequence[tuple[int, TableKey]], *, circles: bool) -> None:
        """Delete the rows: all at once where the engine can, else in the order that its checks ask for."""
        dialect = self.all.unit.binding.database.dialect
        whole = self.all.once(self._together)
        if whole is not None:
            self.connection.execute(whole, self.bounds)
            return
        dialect.defer_checks(self.connection)
        if circles and dialect.checks_each_row:
            self._empty_circles()
        for step, table in turns:
            self.connection.execute(self.all.once(self._delete, table), {**self.bounds, _TURN: step})

    def require_gone(self) -> None:
        """See that nothing is left of what was to go: a cascade inside a cluster leaves no count behind.

        Raises:
            DatabaseFault: a row is still there.
        """
        left = sum(int(self._run(self._left, table).scalar_one()) for table in self.all.placed)
        if left:
            raise DatabaseFault(
                f"{left} rows that go together would not have gone; the batch was rolled back", retryable=True
            )

    # --- the statements -------------------------------------------------------------------------------------------

    def _run(self, make: Callable[..., Any], *about: Any) -> Any:
        return self.connection.execute(self.all.once(make, *about), self.bounds)

    def _lock(self, table: TableKey) -> Any:
        row = self.all.row(table)
        placed = self.all.placed[table].alias()
        keys = select(*(row.c[name] for name in self.all.unit.key(table)))
        mine = keys.where(_here(placed), self.all.unit.same(table, placed, row))
        return mine.with_for_update(of=row)

    def _stuck(self, table: TableKey) -> Any:
        row = self.all.row(table)
        placed = self.all.placed[table].alias()
        held = not_(sure(self.all.free(table, row)))
        return select(placed.c[CLUSTER]).where(_here(placed), self.all.unit.same(table, placed, row), held).distinct()

    def _ranked(self, rule: BoundRule) -> Any:
        placed, row = self.all.placed[rule.table].alias(), rule.row
        carried = self.all.unit.table_rules(rule).carried_under(rule, row)
        return (
            select(placed.c[CLUSTER], *(row.c[name] for name in rule.key))
            .where(_here(placed), self.all.unit.same(rule.table, placed, row), carried)
            .order_by(placed.c[CLUSTER])
        )

    def _keys(self, rule: BoundRule) -> Any:
        row = rule.row
        days = (clock.day(row) for clock in rule.clocks)
        return select(*(row.c[name] for name in rule.key), *days).where(self.all.chosen(rule))

    def _left(self, table: TableKey) -> Any:
        row = self.all.row(table)
        return select(func.count()).select_from(row).where(self.all.among(table, row))

    def _together(self) -> Any:
        rows = [(table, self.all.row(table)) for table in self.all.placed]
        statements = [delete(row).where(*self.all.which(table, row), self.all.free(table, row)) for table, row in rows]
        return self.all.unit.binding.database.dialect.together(statements)

    def _delete(self, table: TableKey) -> Any:
        row = self.all.row(table)
        free = self.all.free(table, row)
        if not self.all.unit.binding.database.dialect.joins_itself:
            free = beside(free, row)
        # Once a circle is being taken apart, its own rows no longer say what they said when they were weighed.
        weighed = self.all.leaving(table, row, lambda placed: placed.c[CIRCLED] == 1)
        turn = self.all.which(table, row, lambda placed: placed.c[STEP] == bindparam(_TURN))
        return delete(row).where(*turn, or_(weighed, free))

    def _empty_circles(self) -> None:
        """Empty the references of rows in circles, in the transaction that deletes these rows."""
        for relation in self.all.unit.inside(self.all.tables):
            if relation.declared and relation.nullable and relation.child in self.all.placed:
                row = self.all.row(relation.child)
                circled = self.all.which(relation.child, row, lambda placed: placed.c[CIRCLED] == 1)
                empty = update(row).values({name: null() for name in relation.nullable})
                self.connection.execute(empty.where(*circled), self.bounds)


def _here(placed: FromClause) -> Sql:
    return and_(placed.c[CLUSTER] >= bindparam(_LOW), placed.c[CLUSTER] < bindparam(_HIGH))
