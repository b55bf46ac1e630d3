"""Tables of which a statement takes more than their own rows, or that don't keep what they are given."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.destinations import moves_of
from retention.check.parts import tables_of, takes_rows
from retention.database.catalog import Facts
from retention.database.names import TableKey
from retention.database.own_tables import TABLES
from retention.errors import Finding
from retention.matrix.binding import Binding
from retention.matrix.model import Place

_ELSEWHERE = "what its own keys and triggers do there nobody sees, and its rows and what proves them can part"
_THERE = "name the database that holds the rows in the matrix, and the table there"
_UNLOCKED = "a row that comes there between the plan and the DELETE is not seen"
_LET_GO = "say `holds: false` for the relation, or keep that table in this database"


def taken(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such table of a rule or part, of those that rows are moved to, and of the pipeline's own, once."""
    places: dict[TableKey, Place] = {}
    destroyed: set[TableKey] = set()
    for rule in binding.rules:
        mine = tables_of(binding, rule)
        for table in mine:
            places.setdefault(table, rule.at("table"))
        destroyed.update(mine if takes_rows(rule) else ())
    for table, place in places.items():
        name = str(binding.name_of(table))
        for child in facts.inherited.get(table, ()):
            what = f"{binding.name_of(child)} inherits {name}: a statement on {name} takes its rows as well"
            yield finding("RET242", place, what, name)
        if table in facts.without_rollback:
            what = f"{name} is in a storage engine without transactions: what a batch takes is gone before it is proved"
            yield finding("RET243", place, what, name)
        if table in facts.foreign:
            what = f"{name} is a foreign table, or has a foreign partition: {_ELSEWHERE}"
            yield finding("RET243", place, what, name, do=_THERE)
        if table in destroyed:
            yield from _held(binding, facts, table, place)
    yield from _given(binding, facts)


def _held(binding: Binding, facts: Facts, table: TableKey, place: Place) -> Iterator[Finding]:
    """Yield the foreign tables whose rows hold those of the table."""
    name = str(binding.name_of(table))
    for child in dict.fromkeys(relation.child for relation in binding.graph.holding(table)):
        if child in facts.foreign and child != table:
            what = f"rows of {binding.name_of(child)} hold rows of {name}, and it is foreign: {_UNLOCKED}"
            yield finding("RET243", place, what, name, do=_LET_GO)


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
    if table in facts.foreign:
        return "a foreign table, or has a foreign partition: what comes there and what goes here are no one transaction"
    if table in facts.without_rollback:
        return "in a storage engine without transactions: it may keep what is taken back, and lose what is committed"
    return "UNLOGGED: a crash of the server empties it" if table in facts.unlogged else None
