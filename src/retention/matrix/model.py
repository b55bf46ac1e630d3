"""The matrix as the rest of the product sees it: frozen, typed, every name resolved.

``matrix.document`` holds the YAML's grammar, ``matrix.load`` turns it into these classes. Days are
``datetime.date``; a period is the ISO 8601 text of the matrix (``P5Y``).
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from retention.database.names import spelled
from retention.law import Calendar, Computation
from retention.matrix.condition import WhereExpression

Source = Literal["V", "S", "M", "O"]
FLOOR = date(1990, 1, 1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the matrix something is written."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class TableName:
    """A table as the matrix spells it; ``schema`` is None for the connection's default schema."""

    database: str
    schema: str | None
    table: str

    def __str__(self) -> str:
        return ".".join(map(spelled, [self.database, *([self.schema] if self.schema else []), self.table]))


@dataclass(frozen=True, slots=True)
class Person:
    """A role printed on reports, as a line to sign."""

    role: str
    name: str
    department: str = ""


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who runs the pipeline; nothing here is guessed."""

    name: str
    officer: Person | None = None
    in_charge: Person | None = None


@dataclass(frozen=True, slots=True)
class DatabaseEntry:
    """A database of the matrix: ``connections`` and ``identities`` have one entry per shard, in the same order."""

    name: str
    connections: tuple[str, ...]
    identities: tuple[str, ...]
    zone: str | None
    replicas: Mapping[str, tuple[str, ...]]
    execute: Execution
    place: Place


@dataclass(frozen=True, slots=True)
class LoadProbe:
    """A query of one number that says how busy a database is; above ``threshold`` a run slows down."""

    sql: str
    threshold: float


@dataclass(frozen=True, slots=True)
class Execution:
    """A database's own settings of execution; a None leaves the product's default.

    ``window`` is the minutes after midnight in Seoul between which a run may work, the second below the first where it
    goes over midnight. ``rows`` bounds a rule in one night, ``target_ms`` and ``lock_timeout_ms`` are milliseconds,
    ``stop`` is a file that ends a run cleanly while it
    exists, seen from the matrix's folder; ``replica_lag`` is seconds. ``workers`` bounds how many work on one table.
    """

    window: tuple[int, int] | None = None
    rows: int | None = None
    target_ms: float | None = None
    lock_timeout_ms: int | None = None
    stop: str | None = None
    load_probe: LoadProbe | None = None
    replica_lag: float | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A statute's minimum: the record must be kept for ``keep`` from its clock's event."""

    id: str
    statute: str
    article: str
    record: str
    keep: str
    roll_holidays: bool
    computation: Computation
    read: date | None
    source_mark: Source | None
    place: Place


@dataclass(frozen=True, slots=True)
class Purpose:
    """What the operator may hold data for, with the policy's items; a maximum."""

    id: str
    name: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    statute: str
    article: str
    read: date | None
    place: Place


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path: a table (``child`` None, direction found from the graph) or a relation's name.

    ``up`` is False where the matrix wrote ``^name``: from parent to children.
    """

    table: TableName | None
    relation: str | None
    up: bool = True


ClockFormat = Literal["date", "timestamp", "instant", "epoch_s", "epoch_ms", "yyyymmdd"]


@dataclass(frozen=True, slots=True)
class ColumnClock:
    """One column read as a clock, of the row itself or, over ``via``, of other rows.

    ``latest`` is True for ``latest_of``. ``format`` is the matrix's ``as``: a :data:`ClockFormat`, ``text:FORMAT``,
    or None where the column's type decides.
    """

    column: str
    via: tuple[Hop, ...] = ()
    latest: bool = False
    format: str | None = None
    zone: str | None = None
    floor: date = FLOOR
    empty_is_null: bool = False
    place: Place = Place("", 0)


@dataclass(frozen=True, slots=True)
class ClockList:
    """Several clocks: the latest of those set in ``since``, the earliest in ``ends``."""

    clocks: tuple[Clock, ...]


Clock = ColumnClock | ClockList


@dataclass(frozen=True, slots=True)
class AfterEnd:
    """In ``ends``: the day ``after`` the clock, by the Civil Act."""

    since: Clock
    after: str
    roll_holidays: bool = False


@dataclass(frozen=True, slots=True)
class EndList:
    """Several ends, of which at least one is an :class:`AfterEnd`: the earliest counts."""

    ends: tuple[End, ...]


End = ColumnClock | ClockList | AfterEnd | EndList


@dataclass(frozen=True, slots=True)
class PurposeUse:
    """A rule's purpose: the row may be used while ``ends`` is null or not yet past."""

    purpose: Purpose
    ends: End
    place: Place


@dataclass(frozen=True, slots=True)
class Keep:
    """A rule's statutory period: ``basis.keep`` from ``since``."""

    basis: LegalBasis
    since: Clock
    when_null: Literal["unreadable", "not_applicable"]
    place: Place


@dataclass(frozen=True, slots=True)
class WhileReferenced:
    """Kept as long as a row that these rules select, in any state but ``due``, refers to this one directly."""

    rules: tuple[str, ...]
    place: Place


class Action(enum.StrEnum):
    """What happens to a row whose last period has lapsed."""

    DELETE = "delete"
    SEPARATE = "separate"
    ANONYMIZE = "anonymize"
    PSEUDONYMIZE = "pseudonymize"
    ERASE = "erase"

    @property
    def on_rows(self) -> bool:
        """Whether the row itself goes, rather than some of its columns."""
        return self in (Action.DELETE, Action.SEPARATE)


@dataclass(frozen=True, slots=True)
class TransformSpec:
    """A transform as written: its name and its one argument (``token: member`` is ``("token", "member")``).

    That of a JSON column is ``paths``, its argument a mapping of paths to specs.
    """

    name: str
    argument: Any = None
    place: Place = field(default=Place("", 0), compare=False)

    def __str__(self) -> str:
        if isinstance(self.argument, Mapping):
            return f"{self.name}: {'; '.join(f'{key}: {value}' for key, value in self.argument.items())}"
        return self.name if self.argument is None else f"{self.name}: {self.argument}"


@dataclass(frozen=True, slots=True)
class ThenAfter:
    """What happens to a transformed row ``term`` after its transformation."""

    term: str
    do: Literal["delete"]
    place: Place


@dataclass(frozen=True, slots=True)
class Part:
    """A table whose rows go with their owner; columns empty where a relation of the graph leads there.

    ``to`` is the table they are moved to, under ``separate`` alone.
    """

    table: TableName
    columns: tuple[str, ...]
    to_columns: tuple[str, ...]
    relation: str | None
    place: Place
    parts: tuple[Part, ...] = ()
    to: TableName | None = None

    @property
    def tables(self) -> Iterator[TableName]:
        """Yield the part's table, and those of its own parts."""
        yield self.table
        for part in self.parts:
            yield from part.tables


@dataclass(frozen=True, slots=True)
class Limit:
    """More due rows than this waits for approval; a None is no limit."""

    rows: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Tolerate:
    """Shares of the selected rows beyond which the quality check stops the rule; None never stops."""

    null: float | None = None
    unreadable: float | None = None
    future: float | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of the matrix. ``where`` is parsed (``matrix.where``); ``where_text`` is what was written.

    ``to`` is the table that rows are moved to, under ``separate`` alone.
    """

    id: str
    table: TableName
    where: WhereExpression | None
    where_text: str
    purposes: tuple[PurposeUse, ...]
    keeps: tuple[Keep, ...]
    while_referenced: tuple[WhileReferenced, ...]
    action: Action
    columns: Mapping[str, TransformSpec]
    mark: str | None
    for_: Literal["statistics", "research", "archiving"] | None
    then_after: ThenAfter | None
    parts: tuple[Part, ...]
    limit: Limit
    approval: Literal["never", "by_limit", "always"]
    tolerate: Tolerate
    proof: Literal["keys", "count"]
    file: str
    copies: tuple[str, ...]
    drop_partitions: bool
    place: Place
    to: TableName | None = None
    lines: Mapping[str, Place] = field(default_factory=dict, compare=False)

    @property
    def part_tables(self) -> tuple[TableName, ...]:
        """Return the tables of its parts, and of theirs."""
        return tuple(table for part in self.parts for table in part.tables)

    def at(self, key: str) -> Place:
        """Return where a key of the rule is written, the rule itself where it is left out."""
        return self.lines.get(key, self.place)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose row it is: columns of the table, or of the table that ``via`` leads to."""

    columns: tuple[str, ...]
    via: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class RelationEntry:
    """A relation that the matrix declares.

    ``holds`` False blocks nothing; ``detach`` lets its ON DELETE SET NULL happen.
    """

    name: str | None
    columns: tuple[str, ...]
    to: TableName
    to_columns: tuple[str, ...]
    holds: bool = True
    detach: bool = False
    place: Place = Place("", 0)


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A table of the matrix: whose rows they are and which column holds which item of the policy."""

    name: TableName
    key: tuple[str, ...]
    subject: Subject | None
    no_subject: str | None
    items: Mapping[str, str]
    not_personal: tuple[str, ...]
    relations: tuple[RelationEntry, ...]
    out_of_scope: str | None
    place: Place


@dataclass(frozen=True)
class Matrix:
    """The whole matrix. ``digest`` is a SHA-256 (hex) of its meaning: comments and layout don't change it."""

    path: str
    digest: str
    organisation: Organisation
    calendar: Calendar
    databases: Mapping[str, DatabaseEntry]
    bases: Mapping[str, LegalBasis]
    purposes: Mapping[str, Purpose]
    tables: Mapping[TableName, TableEntry]
    classification: Literal["required", "advised"]
    rules: tuple[Rule, ...]
    rule_digests: Mapping[str, str] = field(default_factory=dict)

    def rule(self, rule_id: str) -> Rule:
        """Return the rule of that id.

        Raises:
            KeyError: no rule has it.
        """
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)
