"""``then: anonymize | pseudonymize | erase``: columns change, the row stays.

A transformed row is recognisable in the same transaction: by the rule's ``mark`` column, or in the pipeline's side
table; an erased one by its nulls.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import (
    Connection,
    FromClause,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    literal,
    null,
    select,
    update,
)

from retention.database.conjuncts import beside, looks_at, looks_elsewhere
from retention.database.own_tables import DONE, row_key_text
from retention.database.reading import Sql
from retention.database.temporary import Stage
from retention.errors import DatabaseFault, Refused
from retention.execute.ahead import Ahead
from retention.execute.context import RunContext
from retention.execute.done import Done
from retention.execute.kept_clock import rekey
from retention.execute.new_values import NewValues
from retention.execute.ranges import Range
from retention.execute.staging import stage
from retention.execute.stride import Stride
from retention.execute.sweeping import Again
from retention.execute.walk import Days, Found, Walk, days_of, latest
from retention.law import seoul_day
from retention.matrix.model import Action
from retention.plan.rules import BoundRule
from retention.surrogate import Transform

_EVENT = "retention_event_day"
_MARK = "retention_mark"
_VERSION = "retention_version"


def may_be_shared(rule: BoundRule) -> bool:
    """Whether each of a rule's rows tells for itself that it is due, and the key is a whole number that stays."""
    apart = not rule.referencing and not any(clock.steps for clock in rule.clocks)
    return apart and not rule.action.on_rows and rule.numbered and not set(rule.key) & set(rule.rule.columns)


@dataclass
class ChangeColumns:
    """Changes one rule's columns, a batch at a time.

    A batch is read without locks where the statement can tell a row that has changed since: its new values are made
    and staged before anybody has to wait for them. Where it finds such a row, the batch begins again with locks.

    ``due``: which rows' keys are first to be staged in this session, where they lie in another one only.

    ``snapshot``: whether the session keeps one, in which rows are read and then changed: the engine itself fails the
    statement where somebody has changed one in between, and no version has to be told apart.
    """

    exact: ClassVar[bool] = True
    walk: Walk
    context: RunContext
    transforms: Mapping[str, Transform]
    key_id: str | None
    due: Sql | None = None
    stage: Stage | None = None
    snapshot: bool = False
    _new: dict[str, str] = field(default_factory=dict)
    _careful: bool = False
    _staged_here: bool = False
    _written: dict[tuple[bool, bool], Update] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.values = NewValues(self.walk.unit, self.walk.rule, self.transforms)
        self.stride = Stride(self.walk.unit.binding.target_ms)

    @property
    def position(self) -> Any:
        """Return the key after which the next batch begins."""
        return self.walk.last

    @position.setter
    def position(self, key: Any) -> None:
        self.walk.last = key

    @property
    def ended(self) -> bool:
        """Whether no key is left where a batch took nothing."""
        return self.walk.ended

    def renew(self) -> None:
        """Make the condition anew: the holds in force have changed."""
        self.walk.renew()
        self.__dict__.pop("_locks_first", None)
        self._written.clear()

    def prepare(self, connection: Connection) -> None:
        """Make the temporary table of a batch's new values, and that of the keys where it isn't there."""
        rule, row = self.walk.rule, self.walk.rule.row
        database = self.walk.unit.binding.database
        if self.due is not None:
            with database.transaction(connection):
                stage(connection, rule, self.walk.staged.name, self.due)
            self._staged_here = True
        for transform in self.transforms.values():
            transform.prepare()
        self.walk.extra = self.values.fetched
        self._keep_snapshot(connection)
        self.walk.version = self._version()
        self._new = {name: f"retention_new_{number}" for number, name in enumerate(self.transforms)}
        columns = [row.c[name] for name in rule.key]
        columns += [self.values.read(name).label(new) for name, new in self._new.items()]
        columns += [version.label(_VERSION) for version in self.walk.version]
        if self._remembers:
            columns.append(select(DONE.c.event_day).limit(1).scalar_subquery().label(_EVENT))
        with database.transaction(connection):
            self.stage = Stage(connection, database.dialect, "retention_batch_values", columns)

    def finish(self, connection: Connection) -> None:
        """Drop the temporary tables, and set the isolation back."""
        database = self.walk.unit.binding.database
        if self.stage is not None:
            with database.transaction(connection):
                self.stage.drop(connection)
        if self._staged_here:
            with database.transaction(connection):
                self.walk.staged.drop(connection)
        if self.snapshot:
            database.forget_snapshot(connection)

    def heed(self, connection: Connection, *, others: bool) -> None:
        """Nothing is done in another way: no row is locked but those that were staged."""
        del connection, others

    def batch(self, connection: Connection, ahead: Ahead, rows: int, most: int) -> list[Done]:
        """Change the next batch of at most ``rows`` rows inside the open transaction; none may be due in its range.

        Raises:
            Again: a row has changed since it was read without a lock, or more rows are due than may go.
            DatabaseFault: the statement took other rows than the locking read found; nothing is to be committed.
        """
        assert self.stage is not None
        rule, here = self.walk.rule, self.walk.last
        locks, most = self._careful or self._locks_first, self.context.batch_rows
        began = time.monotonic()
        locked = began if locks else None
        found = self.walk.next(connection, self.stride.keys(rows, most), locks=locks)
        number = 0 if found is None else len(found.keys)
        if not self.stride.fits(number, rows, (time.monotonic() - began) * 1000, most=most):
            self.walk.last = here
            raise Again
        if found is None:
            return []
        keys = np.array(found.key_columns[0], dtype=np.int64) if rule.numbered else found.keys
        done = Done(rule, len(found.keys), keys, latest(set(found.texts)), key_id=self.key_id)
        ahead(done)
        self._load(self.stage, connection, self._values(found))
        staged = self.stage.table
        done.locked = locked = locked or time.monotonic()
        changed = connection.execute(self._changing(found.here), {**found.here.values, **self._mark()}).rowcount
        if changed != len(found.keys) and not locks:
            self.walk.last, self._careful = here, True
            raise Again
        if changed != len(found.keys):
            raise DatabaseFault(
                f"rule {rule.id}: a statement would have changed {changed} rows where {len(found.keys)} were read; "
                "the batch was rolled back",
                retryable=True,
            )
        if self._remembers:
            self._remember(connection, staged)
        if set(rule.key) & set(self._new):
            old, new = self._keys(staged)
            rekey(connection, rule.binding, rule.table, old, new, but=rule.id)
        self._careful = False
        done.statement_ms = (time.monotonic() - locked) * 1000
        return [done]

    def pass_over(self, *, must: bool) -> bool:
        """Go on behind the keys of the batch that failed, if it must and had no more keys than rows."""
        return must and not self.stride.narrowed()

    @cached_property
    def _remembers(self) -> bool:
        """Whether the side table tells that a row was changed: neither a column of its own nor its nulls do."""
        rule = self.walk.rule
        return rule.mark is None and (rule.action is not Action.ERASE or rule.rule.then_after is not None)

    @cached_property
    def _locks_first(self) -> bool:
        """Whether rows have to be locked as they are read: the statement can't weigh all of what they were read by."""
        dialect, row = self.walk.unit.binding.database.dialect, self.walk.rule.shape.sql
        if self.snapshot:
            return looks_elsewhere(self.walk.whole)
        return not self.walk.version or (not dialect.joins_itself and looks_at(self.walk.whole, row))

    def _keep_snapshot(self, connection: Connection) -> None:
        """Set the isolation of the batches, where each row is weighed by itself and nothing is written down beside it.

        A row of the side table that isn't there yet would be locked as a gap, in which others' rows may lie.
        """
        database = self.walk.unit.binding.database
        if not self._remembers and not looks_elsewhere(self.walk.whole):
            self.snapshot = database.keep_snapshot(connection)

    def _version(self) -> list[Sql]:
        """Return what tells whether a row is still what was read, where something does and has to."""
        if self.snapshot:
            return []
        rule = self.walk.rule
        row = rule.shape.sql
        read = [*(row.c[name] for name in rule.key), *(clock.day(row) for clock in rule.clocks), *self.walk.extra]
        version = self.walk.unit.binding.database.dialect.version(row, read)
        return [] if version is None else [version]

    def _changing(self, here: Range) -> Update:
        """Return the statement: it joins the very rows that were read and locked, and weighs them again."""
        assert self.stage is not None
        ends = (here.low, here.high)
        if ends not in self._written:
            rule, row, staged = self.walk.rule, self.walk.rule.shape.sql, self.stage.table
            same = and_(
                *(row.c[name] == staged.c[name] for name in rule.key),
                *(version == staged.c[_VERSION] for version in self.walk.version),
            )
            values: dict[str, Any] = {name: self.values.written(name, staged.c[new]) for name, new in self._new.items()}
            if rule.rule.mark is not None:
                values[rule.rule.mark] = bindparam(_MARK, type_=row.c[rule.rule.mark].type)
            values.update(
                {name: row.c[name] for name, one in rule.shape.columns.items() if one.on_update and name not in values}
            )
            whole = self.walk.whole
            if not rule.binding.database.dialect.joins_itself:
                whole = beside(whole, row)
            self._written[ends] = update(row).values(values).where(self.walk.ranges.around(row, *ends), same, whole)
        return self._written[ends]

    def _load(self, stage: Stage, connection: Connection, values: Sequence[tuple[Any, ...]]) -> None:
        """Send the new values to the database.

        Raises:
            Refused: the driver can't send one: half a character, a mapping, a number beyond all bounds.
        """
        try:
            stage.load(connection, values)
        except (TypeError, ValueError, OverflowError) as error:
            what = f"a new value can't be sent to the database ({type(error).__name__})"
            raise Refused(f"rule {self.walk.rule.id}: {what}; see what its transforms give") from None

    def _values(self, found: Found) -> list[tuple[Any, ...]]:
        columns = [*found.key_columns, *self.values.of(found.keys, found.extra), *found.versions]
        if self._remembers:
            known = {texts: self._recorded(days_of(texts)).isoformat() for texts in set(found.texts)}
            columns.append([known[texts] for texts in found.texts])
        return list(zip(*columns, strict=True))

    def _recorded(self, days: Days) -> date:
        """Return the event day that the side table records of a row."""
        rule = self.walk.rule
        known = {clock: day for clock, day in zip(rule.clocks, days, strict=True) if day is not None}
        return rule.recorded_day(known) or self.context.as_of

    def _mark(self) -> dict[str, Any]:
        """Return the parameter of the rule's ``mark`` column: the instant of the change, as its type holds it."""
        rule = self.walk.rule
        if rule.rule.mark is None:
            return {}
        binding = rule.binding
        instant = self.context.now()
        kind = rule.shape.columns[rule.rule.mark].kind
        return {_MARK: binding.database.dialect.timestamp(instant, kind, binding.entry.zone or "UTC")}

    def _remember(self, connection: Connection, staged: Table) -> None:
        rule = self.walk.rule
        after = staged.alias()
        _old, key = self._keys(after)
        self._forget(connection, DONE, DONE.c.rule == rule.id, key)
        day = seoul_day(self.context.now()).isoformat()
        key_id: Sql = null() if self.key_id is None else literal(self.key_id)
        chosen = select(literal(rule.id), key, after.c[_EVENT], literal(day), key_id)
        columns = ["rule", "row_key", "event_day", "done_on", "key_id"]
        connection.execute(insert(DONE).from_select(columns, chosen))

    def _keys(self, staged: FromClause) -> tuple[Sql, Sql]:
        """Return the keys of the batch's rows as texts: as they were, and as they are once the columns are changed."""
        rule = self.walk.rule
        dialect = rule.binding.database.dialect
        changed = [self._new.get(name, name) for name in rule.key]
        return row_key_text(dialect, staged, rule.key), row_key_text(dialect, staged, changed)

    def _forget(self, connection: Connection, own: Table, which: Sql, key: Sql) -> None:
        """Delete the batch's rows of one of the pipeline's own tables."""
        named = (
            own.c.row_key == key
            if self.walk.rule.binding.database.dialect.deletes_by_join
            else own.c.row_key.in_(select(key))
        )
        connection.execute(delete(own).where(which, named))
