"""Plan units: the rules of one database that relations connect, and the order in which they are carried out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from sqlalchemy import FromClause, not_

from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, child_first
from retention.law import OVERDUE_AFTER
from retention.matrix.binding import Binding, BoundPart
from retention.plan.clocks import sure
from retention.plan.rows import TableRules, by_table
from retention.plan.rules import BoundRule, Staying


@dataclass(frozen=True)
class Unit:
    """Rules carried out inside one task, children first. ``id`` names it in plans, markers and the ledger."""

    id: str
    binding: Binding
    rules: tuple[BoundRule, ...]
    silent: tuple[BoundRule, ...] = ()

    @cached_property
    def row_rules(self) -> dict[TableKey, TableRules]:
        """Return the unit's row rules by table."""
        return by_table(self.rules, self.silent)

    def table_rules(self, rule: BoundRule) -> TableRules:
        """Return the rules that decide together over the rows of ``rule``."""
        return self.row_rules[rule.table] if rule.action.on_rows else TableRules(rule.table, (rule,))

    def lasting(self, as_of: date) -> Staying:
        """Return what tells whether a row's last day doesn't lie so far back that it is overdue on ``as_of``."""
        day = as_of - timedelta(days=OVERDUE_AFTER)

        def lasts(rule: BoundRule, row: FromClause) -> Sql:
            together = self.row_rules.get(rule.table) if rule.action.on_rows else None
            rules = together or TableRules(rule.table, (rule,))
            return not_(sure(rules.lapsed(row, day, lasts)))

        return lasts

    @cached_property
    def part_owners(self) -> dict[TableKey, list[tuple[TableKey, Relation]]]:
        """Return, for every part's table, its owners and the relation that leads to each."""
        owners: dict[TableKey, list[tuple[TableKey, Relation]]] = {}

        def note(owner: TableKey, parts: Sequence[BoundPart]) -> None:
            for part in parts:
                known = owners.setdefault(part.table, [])
                if (owner, part.relation) not in known:
                    known.append((owner, part.relation))
                note(part.table, part.parts)

        for rule in self.rules:
            note(rule.table, rule.parts)
        return owners

    def referring(self, table: TableKey) -> tuple[Relation, ...]:
        """Return the relations over which a row that stays keeps a row of ``table``, its parts' own included."""
        holding = list(self.binding.graph.holding(table))
        for owners in self.part_owners.values():
            holding.extend(relation for owner, relation in owners if owner == table and relation not in holding)
        return tuple(holding)


def units_of(binding: Binding, rules: Sequence[BoundRule], silent: Sequence[BoundRule] = ()) -> tuple[Unit, ...]:
    """Group rules into units, in a stable order, each unit child first and rules of a table as the matrix has them.

    ``silent`` rules decide beside those of their table but aren't carried out.
    """
    tables = list(dict.fromkeys(rule.table for rule in rules))
    leader = {table: table for table in tables}

    def find(table: TableKey) -> TableKey:
        while leader[table] != table:
            table = leader[table]
        return table

    def join(one: TableKey, other: TableKey) -> None:
        leader[find(other)] = find(one)

    involved = {table: table for table in tables}
    for rule in rules:
        for part in _all_parts(rule.parts):
            involved.setdefault(part.table, rule.table)
            join(rule.table, involved[part.table])
    for relation in binding.graph.relations:
        child, parent = involved.get(relation.child), involved.get(relation.parent)
        if child is not None and parent is not None:
            join(child, parent)
    groups: dict[TableKey, list[BoundRule]] = {}
    for rule in rules:
        groups.setdefault(find(rule.table), []).append(rule)
    return tuple(_unit(binding, members, silent) for members in groups.values())


def _unit(binding: Binding, rules: list[BoundRule], silent: Sequence[BoundRule]) -> Unit:
    parts = {part.table: rule.table for rule in rules for part in _all_parts(rule.parts)}
    tables = list(dict.fromkeys([*(rule.table for rule in rules)]))
    # A part goes with its owner, so what refers to the part has to go before the owner does.
    relations = [
        Relation(
            one.name,
            parts.get(one.child, one.child),
            one.columns,
            parts.get(one.parent, one.parent),
            one.parent_columns,
        )
        for one in binding.graph.relations
    ]
    order = child_first(tables, relations)
    ordered = _waiting_first(sorted(rules, key=lambda rule: order.index(rule.table)))
    shard = f"/{binding.database.shard}" if len(binding.entry.connections) > 1 else ""
    more = f"+{len(rules) - 1}" if len(rules) > 1 else ""
    return Unit(f"{binding.entry.name}{shard}:{rules[0].id}{more}", binding, tuple(ordered), tuple(silent))


def _waiting_first(rules: list[BoundRule]) -> list[BoundRule]:
    """Put each column rule behind those that wait for its rows: once it is carried out, they are done and hold."""
    found: list[BoundRule] = []
    left = list(rules)
    while left:
        named = {other.id for one in left for other, _relation in one.referencing if not other.action.on_rows}
        chosen = next((one for one in left if one.id not in named), left[0])
        found.append(chosen)
        left.remove(chosen)
    return found


def _all_parts(parts: Sequence[BoundPart]) -> list[BoundPart]:
    return [part for one in parts for part in (one, *_all_parts(one.parts))]
