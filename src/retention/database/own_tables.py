"""The pipeline's own small tables beside the data. Their DDL is in ``sql/pipeline``; this is how they are read.

Days are ISO texts, instants ISO texts in UTC: the same on every engine, and comparable as texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    FromClause,
    Integer,
    MetaData,
    String,
    Table,
    Time,
    Uuid,
    case,
    func,
)
from sqlalchemy.types import TypeEngine

from retention.database.columns import BYTES
from retention.database.dialect import Dialect
from retention.database.reading import Sql

METADATA = MetaData()
LONGEST_KEY = 255
_DIGEST = 64
_NO_KEY = "(null)"
_OTHERS = 40
"""The longest text of a whole number, a moment or a UUID."""
_SHORT = (Integer, Date, DateTime, Time, Boolean, Uuid)
_UNBOUNDED = 2**16

IDENTITY = Table(
    "retention_identity",
    METADATA,
    Column("identity", String(200), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("created_at", String(40), nullable=False),
)
"""One row: which database this is."""

LEASE = Table(
    "retention_lease",
    METADATA,
    Column("unit", String(200), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("released", Integer, nullable=False),
    Column("taken_at", String(40), nullable=False),
)
"""Who may destroy in a unit: the run and the epoch that every batch checks."""

BATCH = Table(
    "retention_batch",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("unit", String(200), primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("rule", String(200), nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("at", String(40), nullable=False),
)
"""The batch marker: committed if and only if it is there."""

DONE = Table(
    "retention_done",
    METADATA,
    Column("rule", String(200), primary_key=True),
    Column("row_key", String(LONGEST_KEY), primary_key=True),
    Column("event_day", String(10), nullable=False),
    Column("done_on", String(10), nullable=False),
    Column("key_id", String(64)),
)
"""Rows that a column rule has transformed."""

CLOCK = Table(
    "retention_clock",
    METADATA,
    Column("table_name", String(200), primary_key=True),
    Column("row_key", String(LONGEST_KEY), primary_key=True),
    Column("rule", String(200), primary_key=True),
    Column("day", String(10), nullable=False),
)
"""What is kept for a row of rows that are gone: by a rule's id the latest last day of rows that it destroyed and that
referred to this one; by a clock's path (``latest_of …``) the latest day that rows on it said."""

UNREADABLE = "unreadable"
"""In place of a day: a row that is gone could not be read. As a text it lies after every day."""

HOLD = Table(
    "retention_hold",
    METADATA,
    Column("id", BigInteger, primary_key=True),
    Column("table_name", String(200), nullable=False, index=True),
    Column("row_key", String(LONGEST_KEY), nullable=False),
)
"""The keys of rows that live holds cover, while a unit is at work on their tables."""

TABLES = (IDENTITY, LEASE, BATCH, DONE, CLOCK, HOLD)
NAMES = frozenset(table.name for table in TABLES)


def row_key_text(dialect: Dialect, row: FromClause, key: Sequence[str]) -> Sql:
    """Return a row's key as one text: a single value as it is, several each with its length before it.

    What is longer than the tables here hold begins as it does, and ends with a digest of the whole.
    """
    columns = [row.c[name] for name in key]
    if not dialect.bounds_values:
        # Not even its primary key binds such an engine: rows without a key have one name for all of them.
        return func.coalesce(_joined(dialect, [dialect.key_text(one) for one in columns]), _NO_KEY, type_=String())
    if _longest(columns) <= LONGEST_KEY:
        return _joined(dialect, [dialect.key_text(one) for one in columns])
    whole = _joined(dialect, [dialect.whole_text(one) for one in columns])
    begins = func.substr(whole, 1, LONGEST_KEY - _DIGEST - 1, type_=String())
    short = begins.concat("#").concat(dialect.text_digest(whole))
    return dialect.key_text(case((func.char_length(whole) > LONGEST_KEY, short), else_=whole))


def _joined(dialect: Dialect, texts: Sequence[Sql]) -> Sql:
    if len(texts) == 1:
        return texts[0]
    whole: Sql | None = None
    for text in texts:
        piece = dialect.key_text(func.length(text, type_=Integer())).concat(":").concat(text)
        whole = piece if whole is None else whole.concat(piece)
    assert whole is not None
    return whole


def _longest(columns: Sequence[Sql]) -> int:
    """Return how many letters a key may have as a text."""
    prefixes = len(columns) * len("255:") if len(columns) > 1 else 0
    return prefixes + sum(_letters(one.type) for one in columns)


def _letters(type_: TypeEngine[Any]) -> int:
    if isinstance(type_, String):
        return _UNBOUNDED if type_.length is None else type_.length
    if isinstance(type_, BYTES):
        length = getattr(type_, "length", None)
        return _UNBOUNDED if length is None else 2 * length
    return _OTHERS if isinstance(type_, _SHORT) else _UNBOUNDED
