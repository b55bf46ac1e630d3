"""What a changed matrix would newly destroy, and what it would newly keep: exact counts on the same rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, FromClause, and_, case, false, func, or_, select

from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.matrix.binding import Binding
from retention.matrix.model import Place, Rule
from retention.plan.going import Going
from retention.plan.rules import BoundRule
from retention.plan.sets import sets
from retention.plan.states import due
from retention.plan.units import Unit
from retention.register import Hold

Change = str
"""``added``, ``removed``, ``changed`` or ``same``."""

_ASPECTS: Mapping[str, Callable[[Rule], Any]] = {
    "table": lambda rule: rule.table,
    "where": lambda rule: rule.where,
    "purpose": lambda rule: rule.purposes,
    "keep": lambda rule: (rule.keeps, rule.while_referenced),
    "then": lambda rule: rule.action,
    "to": lambda rule: rule.to,
    "columns": lambda rule: dict(rule.columns),
    "mark": lambda rule: rule.mark,
    "for": lambda rule: rule.for_,
    "then_after": lambda rule: rule.then_after,
    "with": lambda rule: rule.parts,
    "limit": lambda rule: rule.limit,
    "approval": lambda rule: rule.approval,
    "tolerate": lambda rule: rule.tolerate,
    "proof": lambda rule: rule.proof,
    "file": lambda rule: rule.file,
    "copies": lambda rule: rule.copies,
}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows due under each matrix; ``both`` under both."""

    old: int
    new: int
    both: int

    @property
    def newly_due(self) -> int:
        """Return the rows that only the new matrix lets go."""
        return self.new - self.both

    @property
    def no_longer_due(self) -> int:
        """Return the rows that only the old matrix lets go."""
        return self.old - self.both


@dataclass(frozen=True, slots=True)
class RuleDiff:
    """One rule under both matrices; ``old`` or ``new`` is None where a matrix hasn't got it."""

    old: BoundRule | None
    new: BoundRule | None
    change: Change
    changed: tuple[str, ...]
    rows: Rows

    @property
    def rule(self) -> BoundRule:
        """Return the rule as it is, or as it was."""
        found = self.new or self.old
        assert found is not None
        return found


@dataclass(frozen=True)
class Side:
    """One matrix on one database, with the sets of rows that it lets go."""

    units: tuple[Unit, ...]
    goings: tuple[Going, ...]

    @cached_property
    def rules(self) -> dict[str, tuple[BoundRule, Unit, Going]]:
        """Return every rule by its id, with what it is judged by."""
        return {
            rule.id: (rule, unit, going)
            for unit, going in zip(self.units, self.goings, strict=True)
            for rule in unit.rules
        }

    def due(self, rule_id: str, as_of: date) -> Sql:
        """Return whether a row is due under the rule, false where the matrix hasn't got it."""
        if rule_id not in self.rules:
            return false()
        rule, unit, going = self.rules[rule_id]
        return due(unit, rule, rule.row, as_of, going)

    def goes(self, table: TableKey, as_of: date) -> Sql:
        """Return whether a row of ``table`` goes, under whichever rule."""
        rules = [name for name, (rule, _unit, _going) in self.rules.items() if rule.table == table]
        return or_(false(), *(self.due(name, as_of) for name in rules if self.rules[name][0].action.on_rows))


@contextmanager
def side(
    connection: Connection, units: Sequence[Unit], as_of: date, holds: Sequence[Hold], name: str
) -> Iterator[Side]:
    """Build the sets of every unit of one matrix; ``name`` tells them from those of the other one."""
    with ExitStack() as stack:
        goings = [
            stack.enter_context(sets(connection, unit, as_of, holds, f"{name}_{number}"))
            for number, unit in enumerate(units)
        ]
        yield Side(tuple(units), tuple(goings))


def rule_diffs(connection: Connection, old: Side, new: Side, as_of: date) -> Iterator[RuleDiff]:
    """Yield every rule of either matrix, in the new one's order, then those that it lacks."""
    for rule_id in dict.fromkeys([*new.rules, *old.rules]):
        before = old.rules[rule_id][0] if rule_id in old.rules else None
        after = new.rules[rule_id][0] if rule_id in new.rules else None
        change, changed = _change(before, after)
        if before is not None and after is not None and before.table == after.table:
            rows = _rows(connection, after.row, old.due(rule_id, as_of), new.due(rule_id, as_of))
        else:
            was = 0 if before is None else _rows(connection, before.row, old.due(rule_id, as_of), false()).old
            will = 0 if after is None else _rows(connection, after.row, false(), new.due(rule_id, as_of)).new
            rows = Rows(was, will, 0)
        yield RuleDiff(before, after, change, changed, rows)


def table_diffs(connection: Connection, old: Side, new: Side, as_of: date) -> Iterator[tuple[Binding, TableKey, Rows]]:
    """Yield every table from which rows go, with the rows that go from it under whichever rule."""
    rules = [rule for one in (new, old) for rule, _unit, _going in one.rules.values() if rule.action.on_rows]
    bindings: dict[TableKey, Binding] = {}
    for rule in rules:
        bindings.setdefault(rule.table, rule.binding)
    for table, binding in bindings.items():
        row = binding.shape(table).sql
        yield binding, table, _rows(connection, row, old.goes(table, as_of), new.goes(table, as_of))


def _rows(connection: Connection, row: FromClause, old: Sql, new: Sql) -> Rows:
    numbers = connection.execute(
        select(func.count(case((old, 1))), func.count(case((new, 1))), func.count(case((and_(old, new), 1))))
        .select_from(row)
        .where(or_(old, new))
    ).one()
    return Rows(*(int(number) for number in numbers))


def _change(old: BoundRule | None, new: BoundRule | None) -> tuple[Change, tuple[str, ...]]:
    if old is None or new is None:
        return ("added" if old is None else "removed"), ()
    changed = [name for name, of in _ASPECTS.items() if _meaning(of(old.rule)) != _meaning(of(new.rule))]
    one, other = old.binding, new.binding
    if _meaning(one.table_entry(old.table)) != _meaning(other.table_entry(new.table)):
        changed.append("tables")
    if one.entry.zone != other.entry.zone:
        changed.append("databases")
    if one.matrix.calendar != other.matrix.calendar:
        changed.append("holidays")
    return ("changed" if changed else "same"), tuple(changed)


def _meaning(value: Any) -> Any:
    """Return a part of the matrix without the lines it is written on."""
    if isinstance(value, Place):
        return None
    if dataclasses.is_dataclass(value):
        return tuple((one.name, _meaning(getattr(value, one.name))) for one in dataclasses.fields(value))
    if isinstance(value, tuple | list):
        return tuple(_meaning(one) for one in value)
    if isinstance(value, Mapping):
        return {name: _meaning(one) for name, one in value.items()}
    return value
