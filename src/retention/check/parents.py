"""Rows that can never go because of rows that never do, and references that a changed column would break."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.parts import parts_of, tables_of, takes_rows
from retention.database.relations import Relation
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Rule


def parents(binding: Binding) -> Iterator[Finding]:
    """Yield rules whose rows something holds for ever, and columns that others refer to."""
    going = {table_key(rule.table) for rule in binding.rules if takes_rows(rule)}
    going |= {part.table for rule in binding.rules for _owner, part in parts_of(binding, rule)}
    for rule in binding.rules:
        if takes_rows(rule):
            holding = [relation for table in tables_of(binding, rule) for relation in binding.graph.holding(table)]
            for relation in dict.fromkeys(holding):
                if relation.child not in going:
                    yield _never(binding, rule, relation)
        yield from _changed(binding, rule)


def _never(binding: Binding, rule: Rule, relation: Relation) -> Finding:
    child = binding.name_of(relation.child)
    columns = ", ".join(relation.columns)
    what = (
        f"rule {rule.id}: no rule lets rows of {child} go, and they refer to {binding.name_of(relation.parent)} over "
        f"({columns}): a row that has one there stays for ever"
    )
    return finding("RET222", f"{child}({columns})", what, rule.id)


def _changed(binding: Binding, rule: Rule) -> Iterator[Finding]:
    changed = {name for name, spec in rule.columns.items() if spec.name != "keep"}
    for relation in binding.graph.to(table_key(rule.table)):
        for own, other in zip(relation.columns, relation.parent_columns, strict=False):
            if other not in changed:
                continue
            place, child = rule.columns[other].place, binding.name_of(relation.child)
            what = f"rule {rule.id} changes {rule.table}.{other}, to which {child}.{own} refers"
            if relation.carries:
                what = f"{what} ON UPDATE {relation.on_update}: it changes in rows there that the rule doesn't name"
                yield finding("RET249", place, what, rule.id)
            elif relation.declared:
                do = "leave the column out, or drop the foreign key and change the column in both tables with one token"
                what = f"{what}: where a row does, the database refuses the change"
                yield finding("RET218", place, what, rule.id, do=do)
            elif relation.holds:
                yield finding("RET218", place, f"{what}: rows lose theirs", rule.id)
