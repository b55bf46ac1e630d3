"""A live column as transforms have to know it."""

from __future__ import annotations

from retention.database.columns import ColumnShape
from retention.database.names import TableKey
from retention.matrix.binding import Binding
from retention.surrogate import ColumnFacts


def column_facts(binding: Binding, table: TableKey, shape: ColumnShape) -> ColumnFacts:
    """Return what a transform has to know of a column."""
    one = _one_per_subject(binding, table)
    return ColumnFacts(shape.kind.value, shape.length, shape.nullable, shape.unique, one)


def _one_per_subject(binding: Binding, table: TableKey) -> bool:
    """Whether a key of the table lies in its own subject columns, so that no two rows have the same subject."""
    entry, shape = binding.table_entry(table), binding.shape(table)
    if entry is None or entry.subject is None or entry.subject.via:
        return False
    subject = set(entry.subject.columns)
    keys = [key for key in (shape.primary_key, *shape.unique_keys) if key]
    return any(subject >= set(key) for key in keys) or any(
        shape.columns[name].unique for name in subject if name in shape.columns
    )
