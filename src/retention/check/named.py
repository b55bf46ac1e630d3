"""The part of a database that named rules have to do with: what else the matrix names there may be missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import replace

from retention.check.names import missing_names
from retention.database.catalog import Facts
from retention.database.names import TableKey
from retention.database.relations import RelationGraph
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Hop, Part, Rule, TableName
from retention.matrix.reach import reached

Link = tuple[TableKey, TableKey]


def narrowed(binding: Binding, rules: Set[str]) -> Binding:
    """Return the binding without the tables, and their rules, where names are missing and that ``rules`` don't need.

    A rule needs every table that is linked with its own, over however many others: by a relation, whether the database
    declares it or the matrix, by a path, as a part, as where rows are moved, or by `while_referenced_by`. No rule
    named, nothing is left out.
    """
    if not rules:
        return binding
    missing = {one.subject for one in missing_names(binding, Facts()) if one.code != "RET234"}
    if not missing:
        return binding
    beside = _beside(_links(binding))
    wanted = {table_key(rule.table) for rule in binding.rules if rule.id in rules}
    lacking = {key for key in (*_named(binding), *beside) if str(binding.name_of(key)) in missing}
    away = {*lacking, *reached(beside, lacking)} - {*wanted, *reached(beside, wanted)}
    return binding if not away else _without(binding, away)


def _without(binding: Binding, away: Set[TableKey]) -> Binding:
    def stays(name: TableName) -> bool:
        return name.database != binding.entry.name or table_key(name) not in away

    matrix = binding.matrix
    tables = {name: entry for name, entry in matrix.tables.items() if stays(name)}
    # What is there stays listed: it is no table that nobody thought of.
    for name, entry in matrix.tables.items():
        if name not in tables and binding.has(name):
            tables[name] = replace(
                entry,
                key=(),
                subject=None,
                items={},
                not_personal=(),
                relations=(),
                out_of_scope="no rule named needs it",
            )
    graph = RelationGraph(
        tuple(one for one in binding.graph.relations if one.child not in away and one.parent not in away)
    )
    rules = tuple(rule for rule in matrix.rules if stays(rule.table))
    return replace(binding, matrix=replace(matrix, tables=tables, rules=rules), graph=graph)


def _named(binding: Binding) -> set[TableKey]:
    mine = {table_key(name) for name in binding.matrix.tables if name.database == binding.entry.name}
    return mine | {table_key(rule.table) for rule in binding.rules}


def _beside(links: Iterable[Link]) -> dict[TableKey, set[TableKey]]:
    found: dict[TableKey, set[TableKey]] = {}
    for one, other in links:
        found.setdefault(one, set()).add(other)
        found.setdefault(other, set()).add(one)
    return found


def _links(binding: Binding) -> Iterator[Link]:
    for relation in binding.graph.relations:
        yield relation.child, relation.parent
    for name, entry in binding.matrix.tables.items():
        if name.database == binding.entry.name and entry.subject is not None:
            yield from _hops(name, entry.subject.via)
    tables = {rule.id: rule.table for rule in binding.rules}
    for rule in binding.rules:
        yield from _of_rule(rule)
        for one in rule.while_referenced:
            yield from ((table_key(rule.table), table_key(tables[other])) for other in one.rules if other in tables)


def _of_rule(rule: Rule) -> Iterator[Link]:
    for clock in clocks_of(rule):
        yield from _hops(rule.table, clock.via)
    for part in rule.parts:
        yield from _of_part(rule.table, part)
    if rule.to is not None:
        yield table_key(rule.table), table_key(rule.to)


def _of_part(owner: TableName, part: Part) -> Iterator[Link]:
    yield table_key(owner), table_key(part.table)
    if part.to is not None:
        yield table_key(part.table), table_key(part.to)
    for inner in part.parts:
        yield from _of_part(part.table, inner)


def _hops(start: TableName, hops: tuple[Hop, ...]) -> Iterator[Link]:
    """Yield the tables that a path names; those it reaches by a relation's name are linked by that relation."""
    for hop in hops:
        if hop.table is not None:
            yield table_key(start), table_key(hop.table)
