"""Whether the way from a table's rows to the person whose they are can be gone, and she be told at its end."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Double, Float

from retention.check.codes import finding
from retention.database.columns import ColumnKind
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding, table_key


def subjects(binding: Binding) -> Iterator[Finding]:
    """Yield each table whose subject can't be reached: a hold on a person would not find her rows."""
    for name, entry in binding.matrix.tables.items():
        if name.database != binding.entry.name or entry.subject is None:
            continue
        try:
            path = binding.path(table_key(name), entry.subject.via, entry.place, only_up=True)
        except Refused as problem:
            what = f"the subject of {name}: {str(problem).partition(': ')[2]}"
            yield finding("RET231", entry.place, what.partition(";")[0], str(name))
            continue
        there = binding.shape(path[-1].reached if path else table_key(name))
        for column in entry.subject.columns:
            type_ = there.sql.c[column].type
            short = isinstance(type_, Float) and not isinstance(type_, Double)
            if (short or there.columns[column].kind is ColumnKind.OTHER) and binding.database.dialect.bounds_values:
                what = f"the subject of {name}: no value that a person writes down is sure to be found in {column}"
                yield finding("RET252", entry.place, what, str(name))
