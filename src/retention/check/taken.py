"""Tables of which a statement takes more than their own rows, or that don't keep what they are given."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.destinations import moves_of
from retention.check.parts import tables_of
from retention.database.catalog import Facts
from retention.database.names import TableKey
from retention.database.own_tables import TABLES
from retention.errors import Finding
from retention.matrix.binding import Binding
from retention.matrix.model import Place


def taken(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such table of a rule or part, of those that rows are moved to, and of the pipeline's own, once."""
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
    yield from _given(binding, facts)


def _given(binding: Binding, facts: Facts) -> Iterator[Finding]:
    for rule in binding.rules:
        for move in moves_of(binding, rule):
            if how := _loses(facts, move.to):
                what = f"rule {rule.id} moves rows to {binding.name_of(move.to)}, which is {how}"
                yield finding("RET245", binding.name_of(move.to), what, rule.id)
    for table in TABLES:
        if how := _loses(facts, TableKey(None, table.name)):
            name = str(binding.name_of(TableKey(None, table.name)))
            yield finding("RET246", name, f"the pipeline's own table {name} is {how}", name)


def _loses(facts: Facts, table: TableKey) -> str | None:
    """Return how a table may lose what it is given, or keep what is taken back."""
    if table in facts.without_rollback:
        return "in a storage engine without transactions: it may keep what is taken back, and lose what is committed"
    return "UNLOGGED: a crash of the server empties it" if table in facts.unlogged else None
