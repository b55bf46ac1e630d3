"""Tables of which a statement takes more than their own rows, or takes what it can't give back."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.parts import tables_of
from retention.database.catalog import Facts
from retention.database.names import TableKey
from retention.errors import Finding
from retention.matrix.binding import Binding
from retention.matrix.model import Place


def taken(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such table of a rule or part, once."""
    places: dict[TableKey, Place] = {}
    for rule in binding.rules:
        for table in tables_of(binding, rule):
            places.setdefault(table, rule.at("table"))
    for table, place in places.items():
        name = str(binding.name_of(table))
        for child in facts.inherited.get(table, ()):
            what = f"{binding.name_of(child)} inherits {name}: a statement on {name} takes its rows as well"
            yield finding("RET242", place, what, name)
        if table in facts.without_rollback:
            what = f"{name} is in a storage engine without transactions: what a batch takes is gone before it is proved"
            yield finding("RET243", place, what, name)
