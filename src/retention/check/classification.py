"""Columns that nobody has said anything about: a new one would leak, so it stops the rules of its table."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.database.names import TableKey
from retention.database.own_tables import NAMES
from retention.errors import Finding, Refused, Severity
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of


def unclassified_columns(binding: Binding) -> Iterator[Finding]:
    """Yield each column of the matrix's tables that is no item, not ``not_personal``, no key, clock or mark."""
    severity: Severity = "error" if binding.matrix.classification == "required" else "warning"
    used = _used(binding)
    for name, entry in binding.matrix.tables.items():
        if name.database != binding.entry.name or entry.out_of_scope is not None:
            continue
        key = table_key(name)
        known = {*entry.items, *entry.not_personal, *binding.row_key(key), *used.get(key, ())}
        for column in binding.shape(key).columns:
            if column not in known:
                what = f"nobody has said whether {name}.{column} is personal"
                yield finding("RET204", f"{name}.{column}", what, str(name), severity=severity)


def _used(binding: Binding) -> dict[TableKey, set[str]]:
    """Return per table the columns that rules read as clocks, over paths too, or write as marks."""
    used: dict[TableKey, set[str]] = {}
    for rule in binding.rules:
        here = table_key(rule.table)
        used.setdefault(here, set()).update([rule.mark] if rule.mark else [])
        for clock in clocks_of(rule):
            try:
                steps = binding.path(here, clock.via, clock.place, only_up=not clock.latest)
            except Refused:
                # Told with the clocks.
                continue
            used.setdefault(steps[-1].reached if steps else here, set()).add(clock.column)
    return used


def unlisted_tables(binding: Binding) -> Iterator[Finding]:
    """Yield each table of the database that the matrix doesn't name; its rows hold those they refer to for ever."""
    named = {table_key(name) for name in binding.matrix.tables if name.database == binding.entry.name}
    schemas = {key.schema for key in named}
    for key in sorted(binding.schema.tables):
        if key not in named and key.schema in schemas and key.name not in NAMES:
            name = str(binding.name_of(key))
            yield finding("RET210", name, f"the table {name} is not in the matrix", name)
