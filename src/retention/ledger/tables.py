"""The ledger's tables as they are read and written. Alembic's migrations are the one source of their DDL."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table, Text

METADATA = MetaData()
REVISION = "0001"
RUN_TASK = "run"
"""The task whose chain holds a run's opening and closing."""
AT_ONCE = 16
"""How many entries are read into memory at a time: an attachment may have a MiB."""

ENTRY = Table(
    "ledger_entry",
    METADATA,
    Column("run", String(64), primary_key=True),
    Column("task", String(200), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(40), nullable=False),
    Column("entry_key", String(200)),
    Column("at", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("blob_sha256", String(64)),
    Column("packed", LargeBinary),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

CLOSING = Table(
    "ledger_closing",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("run", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("signature", String(128), nullable=False),
    Column("public_key", String(64), nullable=False),
)
"""The signed order of runs: one row per closed run, its number without gaps."""
