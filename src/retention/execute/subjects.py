"""Whose row it is, read with the row itself: what transforms by subject are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, case, literal, not_, or_, select

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.own_tables import DONE, row_key_text
from retention.database.reading import Sql
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Action, Rule
from retention.plan.rules import BoundRule
from retention.plan.subjects import SubjectPath, subject_paths
from retention.plan.units import Unit
from retention.surrogate.base import plain

_ALONE = "\0"
"""What the name of a row without a subject begins with: no database stores it in a text that names a person."""


@dataclass(frozen=True)
class Subjects:
    """The subjects of one rule's rows. ``columns`` are what the locking read has to fetch of each row."""

    rule: BoundRule
    columns: tuple[Sql, ...]

    @classmethod
    def of(cls, unit: Unit, rule: BoundRule) -> Subjects:
        """Return how a rule's rows name their subject; with no columns where the matrix names none.

        Raises:
            Refused: the path to the subject leads nowhere, or in more than one way.
        """
        paths = subject_paths(unit, rule.table)
        if len(paths) != 1:
            return cls(rule, ())
        (path,) = paths
        here, conditions = path.reached(rule.row)
        columns = _named(path, path.steps[-1].reached if path.steps else rule.table, here)
        if not path.steps:
            return cls(rule, columns)
        # A path may reach several rows; the least of them is the same one every time.
        found = (select(column).where(*conditions).order_by(column).limit(1) for column in columns)
        return cls(rule, tuple(one.correlate(rule.row).scalar_subquery() for one in found))

    def names(self, keys: Sequence[tuple[Any, ...]], found: Sequence[Sequence[Any]]) -> list[str]:
        """Return each row's subject as a text, from its columns; where there is none, a text of the row alone."""
        alone = f"{_ALONE}{self.rule.binding.identity} {self.rule.binding.name_of(self.rule.table)} "
        if all(len(parts) == 1 and type(parts[0]) is str for parts in found):
            return [parts[0] for parts in found]
        return [
            alone + _joined(key) if not parts or None in parts else _joined(parts)
            for key, parts in zip(keys, found, strict=True)
        ]


def _joined(parts: Sequence[Any]) -> str:
    if len(parts) == 1:
        return plain(parts[0])
    return "".join(f"{len(text)}:{text}" for text in map(plain, parts))


def _named(path: SubjectPath, table: TableKey, row: FromClause) -> tuple[Sql, ...]:
    """Return the subject's columns on a row, null once a rule has changed one of them: it names nobody any more."""
    names = [column.name for column in path.columns]
    changed = [
        _was_changed(path.binding, table, row, rule)
        for rule in path.binding.rules
        if rule.action in (Action.ANONYMIZE, Action.PSEUDONYMIZE)
        and table_key(rule.table) == table
        and any(rule.columns[name].name != "keep" for name in names if name in rule.columns)
    ]
    return tuple(case((not_(or_(*changed)), row.c[name])) if changed else row.c[name] for name in names)


def _was_changed(binding: Binding, table: TableKey, row: FromClause, rule: Rule) -> Sql:
    if rule.mark is not None:
        return row.c[rule.mark].is_not(None)
    record = DONE.alias()
    key = row_key_text(binding.database.dialect, row, binding.row_key(table))
    return exists(select(literal(1)).where(record.c.rule == rule.id, record.c.row_key == key).correlate(row))
