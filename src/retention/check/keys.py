"""What names a row of a rule's table: without it nothing can be found again, or proved."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.parts import parts_of
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Place, TableName


def keys(binding: Binding) -> Iterator[Finding]:
    """Yield a finding for each table of a rule or part of which rows can't be named, each table once."""
    said: set[TableName] = set()
    for rule in binding.rules:
        for table in (rule.table, *(binding.name_of(part.table) for _owner, part in parts_of(binding, rule))):
            if table not in said:
                said.add(table)
                yield from _key(binding, table, rule.at("table"))


def _key(binding: Binding, table: TableName, place: Place) -> Iterator[Finding]:
    shape = binding.shape(table)
    key = binding.row_key(table_key(table))
    entry = binding.table_entry(shape.key)
    if not key:
        what = f"{table} has no primary or unique key, so no row of it can be named"
        yield finding("RET203", place, what, str(table))
        return
    where = entry.place if entry is not None and entry.key else place
    nullable = [column for column in key if shape.columns[column].nullable and column not in shape.primary_key]
    if nullable:
        what = f"the key of {table} may be null in {', '.join(nullable)}: such a row can't be found again"
        yield finding("RET214", where, what, str(table))
    elif not any(set(one) <= set(key) for one in (shape.primary_key, *shape.unique_keys) if one):
        what = f"nothing makes the key ({', '.join(key)}) of {table} unique: two rows could have one fingerprint"
        yield finding("RET215", where, what, str(table))
