"""Whether the way from a table's rows to the person whose they are can be gone."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding, table_key


def subjects(binding: Binding) -> Iterator[Finding]:
    """Yield each table whose subject can't be reached: a hold on a person would not find her rows."""
    for name, entry in binding.matrix.tables.items():
        if name.database != binding.entry.name or entry.subject is None or not entry.subject.via:
            continue
        try:
            binding.path(table_key(name), entry.subject.via, entry.place, only_up=True)
        except Refused as problem:
            what = f"the subject of {name}: {str(problem).partition(': ')[2]}"
            yield finding("RET231", entry.place, what.partition(";")[0], str(name))
