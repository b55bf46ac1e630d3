"""Plan units: the rules of one database that relations connect, and the order in which they are carried out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

from sqlalchemy import FromClause, and_, false, not_

from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation
from retention.law import OVERDUE_AFTER
from retention.matrix.binding import Binding, BoundPart
from retention.plan.circles import array, components
from retention.plan.clocks import sure
from retention.plan.rows import TableRules, by_table
from retention.plan.rules import BoundRule, Staying

Path = tuple[BoundPart, ...]
"""The way from an owner to one kind of its parts: the part next to the owner first."""


@dataclass(frozen=True)
class Unit:
    """Rules carried out inside one task, children first. ``id`` names it in plans, markers and the ledger.

    ``silent`` rules have their say in the state of rows that they share with the others, and are not carried out.
    """

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
        """Return what tells whether a row's last day doesn't lie so far back that it is overdue on ``as_of``.

        Where rules count from each other's rows in a circle, a row is followed once around: what lies behind it is
        left out of account, so that it is called overdue rather than forgotten.
        """
        return self._lasting(as_of - timedelta(days=OVERDUE_AFTER), ())

    def _lasting(self, day: date, met: tuple[str, ...]) -> Staying:
        def lasts(rule: BoundRule, row: FromClause) -> Sql:
            together = self.row_rules.get(rule.table) if rule.action.on_rows else None
            rules = together or TableRules(rule.table, (rule,))
            first = rules.rules[0].id
            beyond = None if first in met else self._lasting(day, (*met, first))
            return not_(sure(rules.lapsed(row, day, beyond)))

        return lasts

    def without(self, rules: Collection[str]) -> Unit:
        """Return the unit as it is when some of its rules are not carried out."""
        carried = tuple(rule for rule in self.rules if rule.id not in rules)
        return replace(self, rules=carried, silent=(*self.silent, *(one for one in self.rules if one not in carried)))

    @cached_property
    def part_owners(self) -> dict[TableKey, list[tuple[TableKey, Relation]]]:
        """Return, for every part's table, its owners and the relation that leads to each.

        Owners under rules that aren't carried out are owners as well: they stay, and so do their parts.
        """
        owners: dict[TableKey, list[tuple[TableKey, Relation]]] = {}
        mine = {path[-1].table for rule in self.rules for path in part_paths(rule.parts)}
        for rule in (*self.rules, *self.silent):
            for path in part_paths(rule.parts):
                if path[-1].table not in mine:
                    continue
                owner = path[-2].table if len(path) > 1 else rule.table
                known = owners.setdefault(path[-1].table, [])
                if (owner, path[-1].relation) not in known:
                    known.append((owner, path[-1].relation))
        return owners

    @cached_property
    def destinations(self) -> dict[TableKey, set[TableKey]]:
        """Return, for every table of which rows are moved, the tables they are moved to."""
        found: dict[TableKey, set[TableKey]] = {}
        for rule in self.rules:
            for table, to in moved_to(rule).items():
                if to is not None:
                    found.setdefault(table, set()).add(to)
        return found

    def moves_along(self, relation: Relation) -> bool:
        """Whether rows that are moved still refer over the same columns, from where they are then, to the same rows."""
        return any(
            other.child in self.destinations.get(relation.child, ()) and other.pairs == relation.pairs
            for other in self.binding.graph.holding(relation.parent)
        )

    def referring(self, table: TableKey) -> tuple[Relation, ...]:
        """Return the relations over which a row that stays keeps a row of ``table``, its parts' own included."""
        holding = list(self.binding.graph.holding(table))
        for owners in self.part_owners.values():
            holding.extend(relation for owner, relation in owners if owner == table and relation not in holding)
        return tuple(holding)

    def key(self, table: TableKey) -> tuple[str, ...]:
        """Return the columns that name a row of the table; empty where nothing does."""
        rules = self.row_rules.get(table)
        return rules.key if rules is not None else self.binding.row_key(table)

    def same(self, table: TableKey, one: FromClause, other: FromClause) -> Sql:
        """Return whether two are the same row of the table, by its key; never where nothing names a row."""
        key = self.key(table)
        return and_(*(one.c[name] == other.c[name] for name in key)) if key else false()

    def lets_go_of_itself(self, relation: Relation) -> bool:
        """Whether a row that refers to itself over the relation can be deleted like any other.

        One that is moved may refer to where it was.
        """
        refuses = self.binding.database.dialect.checks_each_row and relation.refuses
        return relation.to_itself and not refuses and not self.moves_along(relation)

    @cached_property
    def knots(self) -> tuple[frozenset[TableKey], ...]:
        """Return the sets of tables whose rows may have to go together, or in an order of their own.

        Tables that refer to each other in a circle or to themselves, and parts that several records may share or that
        refer across records. Everywhere else a table's rows are free as soon as the tables before it are done.
        """
        row_tables = [*self.row_rules, *(table for table in self.part_owners if table not in self.row_rules)]
        return tuple(
            frozenset(group)
            for group in _ordered(row_tables, self._must_follow(row_tables), ())
            if self._is_knot(group)
        )

    def knot_of(self, table: TableKey) -> frozenset[TableKey] | None:
        """Return the knot that a table is in, if any."""
        return next((knot for knot in self.knots if table in knot), None)

    def inside(self, tables: Collection[TableKey]) -> list[Relation]:
        """Return the relations among these tables over which one row has to go no later than another."""
        found = {relation: None for table in tables for relation in self.referring(table) if relation.child in tables}
        for rule in self.rules:
            found.update((one, None) for _other, one in rule.referencing if {one.child, one.parent} <= set(tables))
        return list(found)

    def _must_follow(self, tables: Collection[TableKey]) -> list[tuple[TableKey, TableKey]]:
        """Return pairs of tables, of which rows of the first go no later than those of the second."""
        pairs = [(relation.child, relation.parent) for relation in self.inside(tables)]
        pairs.extend((owner, part) for part, owners in self.part_owners.items() for owner, _relation in owners)
        return pairs

    def _is_knot(self, group: Sequence[TableKey]) -> bool:
        if sum(table in self.row_rules for table in group) > 1:
            return True
        for table in group:
            owners = self.part_owners.get(table, [])
            if len(owners) > 1 or any(not self.names_one(relation) for _owner, relation in owners):
                return True
        own = {relation for table in group for _owner, relation in self.part_owners.get(table, ())}
        return any(relation not in own for relation in self.inside(group))

    def names_one(self, relation: Relation) -> bool:
        """Whether the relation's parent columns name one row, so that a part has one owner over it."""
        shape = self.binding.shape(relation.parent)
        return any(set(key) <= set(relation.parent_columns) for key in (shape.primary_key, *shape.unique_keys) if key)


def moved_to(rule: BoundRule) -> dict[TableKey, TableKey | None]:
    """Return where a rule's rows and their parts are moved to, by table; None where they aren't, or nobody says."""
    return {rule.table: rule.to, **{path[-1].table: path[-1].to for path in part_paths(rule.parts)}}


def part_paths(parts: Sequence[BoundPart], above: Path = ()) -> Iterator[Path]:
    """Yield the path to every kind of part in a tree of parts, owners before their parts."""
    for part in parts:
        here = (*above, part)
        yield here
        yield from part_paths(part.parts, here)


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
        for path in part_paths(rule.parts):
            join(rule.table, involved.setdefault(path[-1].table, rule.table))
    for rule in rules:
        if rule.to in involved:
            join(rule.table, involved[rule.to])
    for relation in binding.graph.relations:
        child, parent = involved.get(relation.child), involved.get(relation.parent)
        if child is not None and parent is not None:
            join(child, parent)
    for rule in rules:
        # A clock that lies in rows of another rule has to be read before they go.
        for clock in rule.clocks:
            for step in clock.steps:
                if step.reached in involved:
                    join(rule.table, involved[step.reached])
    groups: dict[TableKey, list[BoundRule]] = {}
    for rule in rules:
        groups.setdefault(find(rule.table), []).append(rule)
    return tuple(_unit(binding, members, silent) for members in groups.values())


def _unit(binding: Binding, rules: list[BoundRule], silent: Sequence[BoundRule]) -> Unit:
    shard = f"/{binding.database.shard}" if len(binding.entry.connections) > 1 else ""
    more = f"+{len(rules) - 1}" if len(rules) > 1 else ""
    unit = Unit(f"{binding.entry.name}{shard}:{rules[0].id}{more}", binding, tuple(rules), tuple(silent))
    tables = list(dict.fromkeys([*(rule.table for rule in rules), *unit.part_owners]))
    wished = [(one.child, one.parent) for one in binding.graph.relations]
    # What came tonight is nobody's plan: its rule comes afterwards, and counts it as drifted.
    wished.extend((rule.table, rule.to) for rule in rules if rule.to is not None)
    groups = _ordered(tables, unit._must_follow(tables), wished)
    rank = {table: number for number, group in enumerate(groups) for table in group}

    def place(rule: BoundRule) -> tuple[int, int, int, tuple[int, bool]]:
        # What waits for other rows to go comes after them; a knot's other columns come before its rows.
        waits = 0 if rule.action.on_rows else 1 if rule.referencing else -1 if unit.knot_of(rule.table) else 0
        return (rank[rule.table], waits, tables.index(rule.table), rule.place)

    return replace(unit, rules=tuple(_waiting_first(sorted(rules, key=place))))


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


def _ordered(
    tables: Sequence[TableKey],
    must: Sequence[tuple[TableKey, TableKey]],
    wished: Sequence[tuple[TableKey, TableKey]],
) -> list[list[TableKey]]:
    """Return the tables in groups, those before that have to go no later; a group goes round in a circle.

    ``wished`` pairs order groups where they can, and never make one.
    """
    number = {table: place for place, table in enumerate(tables)}

    def numbered(pairs: Sequence[tuple[TableKey, TableKey]]) -> list[int]:
        known = [(number[one], number[other]) for one, other in pairs if one in number and other in number]
        # An edge leads to what comes earlier.
        found = components(len(tables), array(later for _, later in known), array(first for first, _ in known))
        return [int(one) for one in found]

    strict, loose = numbered(must), numbered([*must, *wished])
    groups: dict[tuple[int, int], list[TableKey]] = {}
    for place, table in enumerate(tables):
        groups.setdefault((loose[place], strict[place]), []).append(table)
    return [groups[key] for key in sorted(groups)]
