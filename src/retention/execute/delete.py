"""``then: delete | separate``: the row goes, its parts before it, in one transaction; what is moved is copied first."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

from sqlalchemy import Connection, Table, delete, func, literal, not_, or_, select
from sqlalchemy import Delete as Deletion

from retention.database.conjuncts import beside
from retention.database.exists import exists
from retention.database.keyset import among, as_one
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import compared, joined
from retention.errors import DatabaseFault
from retention.execute.ahead import Ahead
from retention.execute.along import Along
from retention.execute.done import Done
from retention.execute.kept_clock import KeptClocks
from retention.execute.moving import Copy, Moving
from retention.execute.ranges import Range, Staged
from retention.execute.seal import Seal
from retention.execute.stride import Stride
from retention.execute.sweeping import Again
from retention.execute.told import Query, Telling, Told, require
from retention.plan.held import Covers
from retention.plan.record import Record
from retention.plan.rules import BoundRule
from retention.plan.statement import condition, part_condition
from retention.plan.units import Path, Unit


@dataclass(frozen=True)
class _Statements:
    """What a batch of a range is carried out by, in this order."""

    weighing: Sequence[Query]
    look: Query
    staged: Query
    unstage: Deletion
    locks: Sequence[Query]
    weigh: Query
    copies: Sequence[Copy]
    parts: Sequence[tuple[str, Deletion]]
    rows: Deletion


@dataclass
class Delete:
    """Deletes one rule's staged rows, a batch at a time, those alone that ``sealed`` holds where a person approved.

    ``covers`` tells which rows a hold covers; :meth:`renew` when it changes. The staged keys are those of the rows that
    were due before anything of the unit went; what becomes due later is left to the next plan. ``moving`` copies what
    is moved.
    """

    exact: ClassVar[bool] = False
    unit: Unit
    rule: BoundRule
    as_of: date
    covers: Covers
    staged: Table
    kept_clocks: KeptClocks | None
    sealed: Seal | None = None
    moving: Moving | None = None
    position: Any = None
    ended: bool = False
    stride: Stride = field(init=False)
    _keys: int = 1
    _weight: float = 1.0
    _written: dict[tuple[bool, bool], _Statements] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stride = Stride(self.unit.binding.target_ms)

    def renew(self) -> None:
        """Make the statements anew: the holds in force have changed."""
        self._written.clear()

    def prepare(self, connection: Connection) -> None:
        """Nothing more is to be staged."""
        del connection

    def finish(self, connection: Connection) -> None:
        """Nothing more was staged."""
        del connection

    def heed(self, connection: Connection, *, others: bool) -> None:
        """Nothing is done in another way: no row is locked but those that were staged."""
        del connection, others

    def batch(self, connection: Connection, ahead: Ahead, rows: int, most: int) -> list[Done]:
        """Delete the next batch of at most ``rows`` rows with their parts, or of one row, in the open transaction.

        None may be free in its range.

        Raises:
            Again: more than ``rows`` are, as it looked through more keys than that.
            DatabaseFault: the statement took other rows than the locking read found; nothing is to be committed.
        """
        started, begun = time.monotonic(), self.position
        here = self._next(connection, rows, most)
        self.ended = here is None
        if here is None:
            return []
        locked, self.position = time.monotonic(), here.end
        statements = self._of(here)
        told = self._look(connection, statements, here)
        if not self.stride.fits(told.rows, min(rows, most), (time.monotonic() - started) * 1000, most=most):
            self.position = begun
            raise Again
        if not told.rows:
            return []
        if told.rows > most:
            raise DatabaseFault(
                f"rule {self.rule.id}: a range of {self._keys} keys has {told.rows} rows: the engine sorts its key in "
                "another way than it compares it; the batch was rolled back"
            )
        if statements.locks:
            for lock in statements.locks:
                connection.execute(lock, here.values).all()
            require(told, int(connection.execute(statements.weigh, here.values).scalar_one()), self.rule)
        looked = (locked - started) * 1000
        done = Done(self.rule, told.rows, told.keys, told.days, locked=locked, looked_ms=looked)
        if not statements.parts:
            ahead(done)
        names = self._keep(connection, here) if self.kept_clocks is not None else ()
        copied = self.moving.carry_out(connection, statements.copies, here.values) if self.moving else {}
        for name, part in statements.parts:
            done.parts[name] = done.parts.get(name, 0) + connection.execute(part, here.values).rowcount
        require(told, connection.execute(statements.rows, here.values).rowcount, self.rule)
        if self.moving is not None:
            own = str(self.unit.binding.name_of(self.rule.table))
            self.moving.require_same(copied, {**done.parts, own: told.rows})
        if self.kept_clocks is not None:
            self.kept_clocks.forget(connection, names)
        done.statement_ms = (time.monotonic() - locked) * 1000
        return [done]

    def pass_over(self, *, must: bool) -> bool:
        """Go on behind the keys of the batch that failed, if it must or was one key, and had no more keys than rows."""
        return (must or self._keys == 1) and not self.stride.narrowed()

    def _next(self, connection: Connection, rows: int, most: int) -> Range | None:
        """Return the next range whose rows are at most ``rows`` with their parts, or one row; none is locked yet."""
        self._keys = self.stride.keys(max(1, min(most, int(rows / self._weight))), most)
        while (here := self._ranges.next(connection, self.position, self._keys)) is not None:
            owners, weight = self._along.weigh(connection, self._of(here).weighing, here.values, rows)
            if owners:
                self._weight = weight / owners
            if weight <= rows or self._keys == 1:
                return here
            self._keys = max(1, min(self._keys - 1, int(rows / self._weight)))
        return None

    def _look(self, connection: Connection, statements: _Statements, here: Range) -> Told:
        """Lock and tell of the range's rows that may go; only their keys stay staged."""
        told = self._telling.read(connection.execute(statements.look, here.values))
        if self.sealed is not None and told.rows:
            strangers = self.sealed.strangers(told.keys)
            if strangers:
                connection.execute(delete(self.staged).where(among(self.staged, self.rule.key, strangers)))
                told = self._telling.read(connection.execute(statements.look, here.values))
        if int(connection.execute(statements.staged, here.values).scalar_one()) != told.rows:
            connection.execute(statements.unstage, here.values)
        return told

    def _of(self, here: Range) -> _Statements:
        ends = (here.low, here.high)
        if ends not in self._written:
            self._written[ends] = self._write(*ends)
        return self._written[ends]

    def _write(self, low: bool, high: bool) -> _Statements:
        row, staged = self.rule.shape.sql, self.staged
        chosen, staged_in = self._ranges.condition(low, high), self._ranges.staged_in(low, high)
        whole = condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=False)
        parted = condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=True)
        there = row.alias()
        stays = condition(self.unit, self.rule, self.as_of, self.covers, parts_gone=False, row=there)
        same = select(literal(1)).where(self.unit.same(self.rule.table, staged, there), stays).correlate(staged)
        return _Statements(
            weighing=self._along.weighing(chosen),
            look=self._telling.locking(chosen & whole),
            staged=select(func.count()).select_from(staged).where(staged_in),
            unstage=delete(staged).where(staged_in, not_(exists(same))),
            locks=list(self._locks(chosen)) if self.unit.binding.database.dialect.locks_rows else (),
            weigh=select(func.count()).select_from(row).where(chosen & whole),
            copies=list(self._copies(chosen, whole)),
            parts=list(self._parts(chosen)),
            rows=delete(row).where(chosen, parted),
        )

    @cached_property
    def _ranges(self) -> Staged:
        return Staged(self.rule, self.staged)

    @cached_property
    def _along(self) -> Along:
        return Along(self.unit, self.rule)

    @cached_property
    def _telling(self) -> Telling:
        return Telling(self.rule, sealed=self.sealed is not None)

    @cached_property
    def _paths(self) -> tuple[Path, ...]:
        """Return the ways to the parts, those first that have to go first."""
        record = Record(self.unit, self.rule, self.rule.row)
        return tuple(sorted(record.paths, key=lambda path: (record.order[path[-1].table], -len(path))))

    def _locks(self, chosen: Sql) -> Iterator[Query]:
        """Yield what locks parts that rows beside the record may refer to, or share, so that nobody comes to do so.

        Of what is moved every part is locked: a change between copy and deletion would be lost.
        """
        record = Record(self.unit, self.rule, self.rule.row)
        for path in self._paths:
            if self.moving is not None or record.beside(path):
                member, mine = self._part_of(path, chosen)
                locked = select(*(member.c[name] for name in path[-1].relation.columns)).where(mine)
                yield locked.with_for_update(of=member)

    def _keep(self, connection: Connection, here: Range) -> Sequence[str]:
        """Write down what rows that stay have to know of the record; return the keys of the rows."""
        kept, chosen = self.kept_clocks, self._ranges.literal(here)
        assert kept is not None
        kept.keep(connection, self.rule.table, chosen, {})
        for path in self._paths:
            _member, mine = self._part_of(path, chosen, by_join=False)
            kept.keep(connection, path[-1].table, mine, {})
        return kept.names(connection, chosen, {})

    def _copies(self, chosen: Sql, whole: Sql) -> Iterator[Copy]:
        """Yield what copies the chosen rows and their parts, in the order in which rows of one refer to the other."""
        if self.moving is None:
            return
        yield self.moving.copy(self.rule.table, chosen & whole)
        mine: dict[TableKey, list[Sql]] = {}
        for path in reversed(self._paths):
            table = path[-1].table
            mine.setdefault(table, []).append(self._part_of(path, chosen, by_join=False)[1])
        yield from (self.moving.copy(table, or_(*ways)) for table, ways in mine.items())

    def _parts(self, chosen: Sql) -> Iterator[tuple[str, Deletion]]:
        """Yield what deletes the parts of the chosen rows, with the table's name."""
        binding = self.unit.binding
        for path in self._paths:
            member, mine = self._part_of(path, chosen)
            guard = part_condition(self.unit, path[-1].table, member, self.covers)
            if not binding.database.dialect.joins_itself:
                guard = beside(guard, member)
            yield str(binding.name_of(path[-1].table)), delete(member).where(mine, guard)

    def _part_of(self, path: Path, chosen: Sql, *, by_join: bool | None = None) -> tuple[Table, Sql]:
        """Return the table at the end of a path, and whether a row of it is a part of a chosen row."""
        binding = self.unit.binding
        by_join = binding.database.dialect.deletes_by_join if by_join is None else by_join
        owner = self.rule.shape.sql
        for part in path:
            member, relation = binding.shape(part.table).sql, part.relation
            if by_join and part is path[-1]:
                return member, joined(relation, member, owner) & chosen
            mine, owners = compared(relation, member, owner)
            chosen = as_one(mine).in_(select(*owners).where(chosen))
            owner = member
        return owner, chosen
