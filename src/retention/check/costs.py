"""What a missing index costs, in words, and the statement that makes it."""

from __future__ import annotations

from retention.database.catalog import Facts, catalog_of
from retention.database.names import TableKey
from retention.matrix.binding import Binding

_ROWS_PER_SECOND = 5_000_000
"""Rows that a scan passes in a second on an ordinary disk, by order of magnitude."""
_SECOND = 1000.0


def index_statement(binding: Binding, table: TableKey, columns: tuple[str, ...]) -> str:
    """Return the statement, quoted as the engine quotes."""
    database = binding.database
    return catalog_of(database).index_statement(database.engine.dialect, table, columns)


def scan_cost(facts: Facts, scanned: TableKey, times: TableKey | None = None) -> str:
    """Return what scanning a table costs, once for each row of another; empty where no estimate is known."""
    rows = facts.rows.get(scanned)
    if not rows:
        return ""
    once = f"about {rows:,} rows, {_time(rows)} a scan"
    if times is None:
        return f" ({once})"
    return f" ({once} for each row of {times} that goes)"


def _time(rows: int) -> str:
    milliseconds = rows / _ROWS_PER_SECOND * _SECOND
    return f"{milliseconds / _SECOND:,.0f} s" if milliseconds >= _SECOND else f"{max(milliseconds, 1):,.0f} ms"
