"""What the matrix says of every row, in plain Python straight from its language: nothing of the product is used here.

``decide`` gives each row's state under each rule and the greatest set of rows that may go together; ``after`` gives the
rows as they have to stand once that set is gone and the columns are changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from plan.random_schema import AS_OF, Part, Period, Purpose, Relation, Row, Rows, Rule, Scene, There, moved

FLOOR = date(1990, 1, 1)
Id = tuple[str, int]
"""A row: its table, and its place in the table's list."""

STATES = ("in_use", "done", "unreadable", "separate", "held", "referenced", "due")


@dataclass
class Decision:
    """``states``: by rule, each selected row's state. ``going``: the rows that go, parts included."""

    states: dict[str, dict[Id, str]]
    going: set[Id]
    carried: dict[Id, str]
    parts: dict[str, set[Id]]
    overdue: dict[str, int]
    holders: dict[str, dict[str, int]]
    changed: dict[str, set[Id]] = field(default_factory=dict)

    def count(self, rule: str) -> dict[str, int]:
        found = list(self.states[rule].values())
        return {state: found.count(state) for state in STATES}

    def parts_of(self, order: Iterable[str]) -> dict[str, dict[str, int]]:
        """Return how many parts go with each rule, by table: one of several records goes with the first of them."""
        counts: dict[str, dict[str, int]] = {}
        met: set[Id] = set()
        for rule in order:
            mine = self.parts.get(rule, set()) - met
            met |= mine
            counts[rule] = dict(Counter(table for table, _place in mine))
        return counts

    def planned(self, rule: str) -> int:
        return sum(1 for one in self.carried.values() if one == rule) + len(self.changed.get(rule, ()))


class Brute:
    """One look at one database as of a day.

    ``done`` are rows that column rules have transformed. ``named`` are the rules carried out; the others only have
    their say in the state of rows that they share with those.
    """

    def __init__(
        self,
        scene: Scene,
        rows: Rows,
        as_of: date = AS_OF,
        done: Iterable[tuple[str, Id]] = (),
        named: Iterable[str] = (),
        gone: Iterable[Id] = (),
    ) -> None:
        self.scene = scene
        self.rows = rows
        self.as_of = as_of
        self.done = set(done)
        gone_ids = set(gone)
        self.ids = [(table, place) for table, found in rows.items() for place in range(len(found))]
        self.ids = [one for one in self.ids if one not in gone_ids]
        self.there = set(self.ids)
        self.rules = {rule.id: rule for rule in scene.rules}
        self.named = set(named) or set(self.rules)
        tables = {rule.table for rule in scene.rules if rule.on_rows and rule.id in self.named}
        self.row_rules = {table: [r for r in scene.rules if r.on_rows and r.table == table] for table in tables}
        self.kinds = {(t.name, c.name): c.kind for t in scene.tables.values() for c in t.columns}
        self.refers = {relation: self._pairs(relation) for relation in scene.every_relation}

    # --- rows and references --------------------------------------------------------------------------------------

    def row(self, one: Id) -> Row:
        return self.rows[one[0]][one[1]]

    def of(self, table: str) -> list[Id]:
        return [one for one in self.ids if one[0] == table]

    def _pairs(self, relation: Relation) -> list[tuple[Id, Id]]:
        """Return every child and parent that the relation joins."""
        return [
            (child, parent)
            for child in self.of(relation.child)
            for parent in self.of(relation.parent)
            if all(
                self._equal(relation, child, own, parent, other)
                for own, other in zip(relation.columns, relation.to_columns, strict=True)
            )
        ]

    def _equal(self, relation: Relation, child: Id, own: str, parent: Id, other: str) -> bool:
        left, right = self.row(child)[own], self.row(parent)[other]
        if left is None or right is None:
            return False
        if self.kinds[relation.child, own] != self.kinds[relation.parent, other]:
            if not relation.declared:
                return str(left) == str(right)
            # SQLite's own: a text refers to a number as a number, and in any case where its parent's collation says so.
            return str(left).lstrip("0").lower() == str(right).lower()
        return bool(left == right)

    # --- clocks ---------------------------------------------------------------------------------------------------

    def _days(self, one: Id, columns: tuple[str | There, ...]) -> tuple[list[date], bool]:
        """Return the days that are set, and whether one of them can't be read."""
        found: list[date | None] = []
        broken = False
        for column in columns:
            if isinstance(column, str):
                found.append(self.row(one)[column])
                continue
            pairs = self.refers[column.relation]
            there = [
                child if column.down else parent for child, parent in pairs if one == (parent, child)[not column.down]
            ]
            days = [self.row(other)[column.column] for other in there]
            broken |= column.latest and (None in days or (not days and not column.down))
            found.extend(days)
        known = [day for day in found if day is not None]
        return known, broken or any(day < FLOOR for day in known)

    def _last_day(self, one: Id, period: Period) -> date | None:
        """Return the period's last day; None where its clock is null. The first day isn't counted."""
        days, _broken = self._days(one, period.columns)
        return max(days) + timedelta(days=period.days) if days else None

    def _end(self, one: Id, purpose: Purpose) -> date | None:
        days, _broken = self._days(one, purpose.columns)
        if not days:
            return None
        # With `after`, the clock is a `since` clock: the latest of those set.
        return min(days) if purpose.after is None else max(days) + timedelta(days=purpose.after)

    def alive(self, one: Id, rule: Rule) -> bool:
        for purpose in rule.purposes:
            _days, broken = self._days(one, purpose.columns)
            end = self._end(one, purpose)
            if not broken and (end is None or end >= self.as_of):
                return True
        return False

    def unreadable(self, one: Id, rule: Rule) -> bool:
        if any(self._days(one, purpose.columns)[1] for purpose in rule.purposes):
            return True
        for period in rule.periods:
            days, broken = self._days(one, period.columns)
            if broken or (not days and period.when_null == "unreadable"):
                return True
        return False

    def counted(self, one: Id, rule: Rule) -> bool:
        """Whether anything is set to count from."""
        ends = any(self._end(one, purpose) is not None for purpose in rule.purposes)
        return ends or any(self._last_day(one, period) is not None for period in rule.periods)

    def wanted(self, one: Id, rule: Rule, as_of: date) -> bool:
        days = [self._last_day(one, period) for period in rule.periods]
        return any(day is not None and day >= as_of for day in days)

    # --- states ---------------------------------------------------------------------------------------------------

    def selects(self, rule: Rule, one: Id) -> bool:
        return one[0] == rule.table and (rule.kinds is None or self.row(one)["kind"] in rule.kinds)

    def is_done(self, one: Id, rule: Rule) -> bool:
        if rule.action == "erase":
            return self.row(one)["note"] is None
        return (rule.id, one) in self.done

    def own_state(self, one: Id, rules: list[Rule]) -> str:
        """Return the state of a row by its own clocks; ``due`` stands for everything that other rows decide."""
        if any(self.alive(one, rule) for rule in rules):
            return "in_use"
        if any(not rule.on_rows and self.is_done(one, rule) for rule in rules):
            return "done"
        if any(self.unreadable(one, rule) for rule in rules) or not any(self.counted(one, rule) for rule in rules):
            return "unreadable"
        if any(self.wanted(one, rule, self.as_of) for rule in rules):
            return "separate"
        return "due"

    def selecting(self, one: Id) -> list[Rule]:
        return [rule for rule in self.row_rules.get(one[0], ()) if self.selects(rule, one)]

    def decide(self) -> Decision:
        own = {one: self.own_state(one, rules) for one in self.ids if (rules := self.selecting(one))}
        first = {one: self.selecting(one)[0] for one in own}
        lapsed = {one for one, state in own.items() if state == "due"}
        self.held = {one for one in self.ids if self._is_held(one)}
        self.due, self.going = self._greatest(lapsed, first)
        states: dict[str, dict[Id, str]] = {}
        for rule in self.scene.rules:
            if rule.on_rows and rule.table not in self.row_rules:
                continue
            states[rule.id] = {
                one: self._state(one, rule, own) for one in self.of(rule.table) if self.selects(rule, one)
            }
        carried = {one: first[one].id for one in self.due & self.going if one in first}
        changed = {
            rule.id: {one for one, state in states[rule.id].items() if state == "due"}
            for rule in self.scene.rules
            if not rule.on_rows and rule.id in self.named
        }
        return Decision(
            states,
            self.going,
            carried,
            {rule.id: self._parts(rule, carried) for rule in self.scene.rules if rule.on_rows},
            {rule_id: self._overdue(self.rules[rule_id], found) for rule_id, found in states.items()},
            {
                rule_id: self._holders(self.rules[rule_id], found)
                for rule_id, found in states.items()
                if self.rules[rule_id].on_rows
            },
            changed,
        )

    def _state(self, one: Id, rule: Rule, own: dict[Id, str]) -> str:
        if rule.on_rows:
            state, rules = own[one], self.selecting(one)
        else:
            state, rules = self.own_state(one, [rule]), [rule]
        if state != "due":
            return state
        if any(self._waits(one, each) for each in rules):
            return "separate"
        if one in self.held:
            return "held"
        return state if not rule.on_rows or one in self.due else "referenced"

    def _waits(self, one: Id, rule: Rule) -> bool:
        """Whether a row that the rules of ``while_referenced_by`` select, and that isn't due, refers to the row."""
        return any(child not in self.going for _other, child in self._waited_for(one, rule))

    def _waited_for(self, one: Id, rule: Rule) -> Iterator[tuple[Rule, Id]]:
        """Yield the rows that the rules of ``while_referenced_by`` select, and that refer to the row."""
        for name in rule.waits_for:
            other = self.rules[name]
            for relation, pairs in self.refers.items():
                if relation in self.scene.given or not relation.holds or relation.parent != rule.table:
                    continue
                for child, parent in pairs:
                    if parent == one and self.selects(other, child):
                        yield other, child

    # --- what can go together -------------------------------------------------------------------------------------

    def _greatest(self, lapsed: set[Id], first: dict[Id, Rule]) -> tuple[set[Id], set[Id]]:
        """Return the rows that are due, and those that go: with their parts, and under a rule that is carried out."""
        self.part_relations = self._part_relations()
        self.along = self._along()
        due = lapsed - self.held
        parts = self._owned(lapsed, first) - self.held
        while True:
            self.going = {one for one in due if first[one].id in self.named} | parts
            out = {one for one in due | parts if self._held(one)}
            out |= {one for one in parts if self._owner_stays(one)}
            out |= {one for one in due if any(self._waits(one, rule) for rule in self.selecting(one))}
            if not out:
                out = self._never_apart()
            if not out:
                return due, self.going
            due -= out
            parts -= out

    def _is_held(self, one: Id) -> bool:
        for hold in self.scene.holds:
            if hold.kind == "where" and one[0] == hold.table and self.row(one)["kind"] == hold.value % 3:
                return True
            if hold.kind == "rule" and self.selects(self.rules[hold.rule], one):
                return True
            if hold.kind == "subject" and hold.value in self._whose(one):
                return True
        return False

    def _whose(self, one: Id) -> set[Any]:
        """Return whose the row is: a part is its owners', unless its table says so itself."""
        if one[0] in self.scene.subjects:
            return {self.row(one)["grp"]}
        above = (
            parent
            for relation in self._part_relations()
            if relation.child == one[0]
            for child, parent in self.refers[relation]
            if child == one
        )
        return {value for owner in above for value in self._whose(owner)}

    def _part_relations(self) -> set[Relation]:
        """Return the relations to parts' owners: one under a rule that is not carried out is an owner too."""
        found: dict[Relation, None] = {}
        mine: set[str] = set()

        def walk(rule: Rule, parts: tuple[Part, ...]) -> None:
            for part in parts:
                found[part.relation] = None
                mine.update([part.table] if rule.id in self.named else [])
                walk(rule, part.parts)

        for rule in self.scene.rules:
            walk(rule, rule.parts)
        return {relation for relation in found if relation.child in mine}

    def _owned(self, owners: set[Id], first: dict[Id, Rule]) -> set[Id]:
        """Return the parts of the owners' records, each owner's by the rule it is carried out under."""
        found: set[Id] = set()

        def walk(owner: Id, parts: tuple[Part, ...]) -> None:
            for part in parts:
                for member, parent in self.refers[part.relation]:
                    if parent == owner:
                        found.add(member)
                        walk(member, part.parts)

        for one in owners:
            if first[one].id in self.named:
                walk(one, first[one].parts)
        return found

    def _holds(self, relation: Relation) -> bool:
        return relation in self.part_relations or (relation not in self.scene.given and relation.blocks)

    def _held(self, one: Id) -> bool:
        return any(
            parent == one and (relation in self.along or (child != one and child not in self.going))
            for relation, pairs in self.refers.items()
            if relation.parent == one[0] and self._holds(relation)
            for child, parent in pairs
        )

    def _along(self) -> set[Relation]:
        """Return the relations over which a row that is moved refers to the same rows from where it is then."""
        moving = {rule.table for rule in self.scene.rules if rule.action == "separate" and rule.id in self.named}
        if not moving:
            return set()
        moving |= {relation.child for relation in self.part_relations}
        kept = {(one.child, one.columns, one.parent) for one in self.scene.relations if one.holds}
        return {
            one
            for one in self.scene.every_relation
            if one.child in moving and (moved(one.child), one.columns, one.parent) in kept
        }

    def _owner_stays(self, one: Id) -> bool:
        return any(
            child == one and parent not in self.going
            for relation in self.part_relations
            if relation.child == one[0]
            for child, parent in self.refers[relation]
        )

    def _never_apart(self) -> set[Id]:
        """Return rows that this engine can't take apart: they refer to each other, and no reference can be emptied.

        MariaDB checks every row at once; the others check at the end.
        """
        if self.scene.engine != "mariadb":
            return set()
        edges: dict[Id, set[Id]] = {}
        for relation, pairs in self.refers.items():
            if relation.on_delete in ("NO ACTION", "RESTRICT") and not relation.nullable:
                for child, parent in pairs:
                    if child in self.going and parent in self.going:
                        edges.setdefault(child, set()).add(parent)
        return {one for one in edges if one in _reached(edges, one)}

    # --- what the plan tells beside the states --------------------------------------------------------------------

    def _parts(self, rule: Rule, carried: dict[Id, str]) -> set[Id]:
        owners = {one for one, name in carried.items() if name == rule.id}
        return self._owned(owners, dict.fromkeys(owners, rule))

    def _overdue(self, rule: Rule, found: dict[Id, str]) -> int:
        earlier = Brute.__new__(Brute)
        earlier.__dict__ = {**self.__dict__, "as_of": self.as_of - timedelta(days=5)}
        count = 0
        for one, state in found.items():
            rules = self.selecting(one) if rule.on_rows else [rule]
            count += state == "due" and not self._lasts(one, rules, earlier, frozenset())
        return count

    def _lasts(self, one: Id, rules: Iterable[Rule], earlier: Brute, met: frozenset[Id]) -> bool:
        """Whether the row's last day, or that of a row that it waits for, lies no more than those days back."""
        rules = list(rules)
        if any(earlier.alive(one, each) or self.wanted(one, each, earlier.as_of) for each in rules):
            return True
        return any(
            self._lasts(child, self.selecting(child) if other.on_rows else [other], earlier, met | {one})
            for each in rules
            for other, child in self._waited_for(one, each)
            if child not in met
        )

    def _holders(self, rule: Rule, found: dict[Id, str]) -> dict[str, int]:
        """Return, by table, how many referenced rows are held by a row of it that refers to them directly."""
        counts: dict[str, int] = {}
        for one, state in found.items():
            if state != "referenced":
                continue
            tables = {
                child[0]
                for relation, pairs in self.refers.items()
                if self._holds(relation) and relation not in self.part_relations
                for child, parent in pairs
                if parent == one and (relation in self.along or (child != one and child not in self.going))
            }
            for table in tables:
                counts[table] = counts.get(table, 0) + 1
        return counts


def _reached(edges: dict[Id, set[Id]], start: Id) -> set[Id]:
    found: set[Id] = set()
    waiting = list(edges.get(start, ()))
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting.extend(edges.get(one, ()))
    return found


def after(scene: Scene, brute: Brute, decision: Decision) -> Rows:
    """Return the rows that have to be left, as they have to be: by table, without those that go."""
    left: dict[str, list[Row]] = {table: [] for table in brute.rows}
    for table, place in brute.ids:
        if (table, place) in decision.going:
            if moved(table) in left:
                left[moved(table)].append(brute.row((table, place)))
            continue
        row = dict(brute.row((table, place)))
        for rule in scene.rules:
            if not rule.on_rows and (table, place) in decision.changed.get(rule.id, ()):
                # A null stays null.
                row |= {"note": None} if rule.action == "erase" else {"label": row["label"] and "gone"}
        for relation, pairs in brute.refers.items():
            if relation.on_delete == "SET NULL":
                lost = any(child == (table, place) and parent in decision.going for child, parent in pairs)
                row |= dict.fromkeys(relation.columns) if lost else {}
        left[table].append(row)
    return left


def new_orphans(brute: Brute, decision: Decision) -> list[tuple[Id, str]]:
    """Return rows that stay and lose their parent over a relation that holds: there must be none."""
    return [
        (child, relation.name)
        for relation, pairs in brute.refers.items()
        if relation in brute.scene.relations and relation.blocks
        for child, parent in pairs
        if parent in decision.going and child not in decision.going
    ]


def same(value: Any) -> str:
    """Return a value as every driver gives it, for comparing rows."""
    return "" if value is None else str(value)[:10]
