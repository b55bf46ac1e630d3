"""The grammar of databases and tables, as they are written."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from retention.matrix.written import Name, Written


def _selects(sql: str) -> str:
    words = sql.upper().split()
    if words[:1] != ["SELECT"] or ";" in sql or "INTO" in words:
        raise ValueError("write one SELECT of one number, without a semicolon")
    return sql


def _lasts(window: str) -> str:
    start, _, end = window.partition("-")
    if start == end:
        raise ValueError(f"{window} begins and ends at once; leave it out, if a run may always work")
    return window


def _names_a_file(path: str) -> str:
    if PurePath(path).name in ("", ".."):
        raise ValueError(f"{path} is a folder that is always there, so that no run would ever begin; name a file")
    return path


class LoadProbeDoc(Written):
    """A query that says how busy the database is."""

    sql: Annotated[Name, AfterValidator(_selects)]
    """A SELECT of one number."""
    threshold: Annotated[float, Field(allow_inf_nan=False)]
    """Above this number the run slows down."""


_LONGEST_MS = 2**31 - 1
"""What PostgreSQL and SQLite take at most, in milliseconds."""
_CLOCK_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"


class ExecuteDoc(Written):
    """A database's own settings of execution."""

    window: Annotated[str, Field(pattern=rf"^{_CLOCK_TIME}-({_CLOCK_TIME}|24:00)$"), AfterValidator(_lasts)] | None = (
        None
    )
    """When a run may work, in Seoul, such as ``01:00-05:00``; over midnight too. Outside it ends between batches."""
    rows: Annotated[int, Field(ge=0)] | None = None
    """At most so many rows of a rule in one run, on all its shards; the smaller of this and ``--limit-rows`` counts."""
    target_ms: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """How long a batch should hold its locks, in ms, the ledger's write included; left out, 20, MariaDB 40."""
    lock_timeout_ms: Annotated[int, Field(gt=0, le=_LONGEST_MS)] | None = None
    """How long a statement may wait for somebody else's lock, in milliseconds; left out, 2000."""
    stop: Annotated[Name, AfterValidator(_names_a_file)] | None = None
    """A file: while it exists, a run ends cleanly between two batches. A relative path begins beside the matrix."""
    load_probe: LoadProbeDoc | None = None
    """What says that the database is busy; it is asked about once a second."""
    replica_lag: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """Seconds that a replica may be behind before the run waits; left out, 5."""
    workers: Annotated[int, Field(ge=1, le=2)] | None = None
    """How many work on one large table at a time; left out, 2, and 1 on SQLite."""


class DatabaseDoc(Written):
    """A database: one connection, or a list of shards with one schema."""

    connection: Name | list[Name]
    """The connection's name; a list for shards."""
    identity: Name | list[Name]
    """The name that the database itself carries; a list for shards, in the same order."""
    zone: str | None = None
    """The time zone of its timestamps that have none."""
    replicas: dict[str, list[Name]] = Field(default_factory=dict)
    """Per connection the connections of its replicas."""
    execute: ExecuteDoc = ExecuteDoc()
    """How a run works here."""


class SubjectPathDoc(Written):
    """A subject that another table holds."""

    via: Annotated[list[Name], Field(min_length=1)]
    """The way there, parent by parent."""
    column: Name
    """The column that names the person."""


class NoSubjectDoc(Written):
    """A table whose rows are nobody's."""

    none: Name
    """Why."""


class RelationDoc(Written):
    """A relation that the database doesn't declare."""

    name: Name | None = None
    """How paths name it."""
    columns: Annotated[list[Name], Field(min_length=1)]
    """The columns that refer."""
    to: Name
    """The table referred to."""
    to_columns: Annotated[list[Name], Field(min_length=1)]
    """Its columns, in the same order."""
    holds: bool = True
    """Whether a row that stays keeps the row it refers to."""
    detach: bool = False
    """Whether its ON DELETE SET NULL may happen."""


def _subject_kind(value: Any) -> str:
    if isinstance(value, list):
        return "(columns)"
    if isinstance(value, NoSubjectDoc) or (isinstance(value, dict) and "none" in value):
        return "(none)"
    return "(path)" if isinstance(value, (dict, SubjectPathDoc)) else "(column)"


SubjectDoc = Annotated[
    Annotated[Name, Tag("(column)")]
    | Annotated[Annotated[list[Name], Field(min_length=1)], Tag("(columns)")]
    | Annotated[SubjectPathDoc, Tag("(path)")]
    | Annotated[NoSubjectDoc, Tag("(none)")],
    Discriminator(_subject_kind),
]


class TableDoc(Written):
    """A table with personal data, or one that has none."""

    key: list[Name] = Field(default_factory=list)
    """What names a row; left out, the primary key, else a unique one."""
    subject: SubjectDoc | None = None
    """Whose row it is: a column, a list of them, or a path."""
    none: Name | None = None
    """Why its rows are nobody's."""
    items: dict[Name, Name] = Field(default_factory=dict)
    """Per column the item of the policy that it holds."""
    not_personal: list[Name] = Field(default_factory=list)
    """Columns without personal data."""
    relations: list[RelationDoc] = Field(default_factory=list)
    """What the database doesn't declare."""
    out_of_scope: Name | None = None
    """Why the table has nothing to do with personal data."""
