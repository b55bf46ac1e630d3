"""A random schema with random rows and a random matrix over it, from one seed.

Everything that deferral has to cope with is drawn: circles, references of a table to itself, composite and text keys,
several foreign keys between the same tables, every ON DELETE, relations that only the matrix knows (to columns that
name no single row, of another type, with values that lead nowhere), parts of parts and parts of several owners, tables
without a rule, several rules on a table, column rules, rules that wait for others, clocks that can't be read, clocks in
other rows, holds on rows and on their parts, rows that are moved and still refer to others from where they are then.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

AS_OF = date(2026, 3, 2)
UNREADABLE = date(1980, 5, 5)
Row = dict[str, Any]
Rows = dict[str, list[Row]]


@dataclass(frozen=True)
class Column:
    name: str
    kind: str
    nullable: bool = True


@dataclass(frozen=True)
class Relation:
    """``columns`` of ``child`` refer to ``to_columns`` of ``parent``; undeclared ones only the matrix knows."""

    name: str
    child: str
    columns: tuple[str, ...]
    parent: str
    to_columns: tuple[str, ...]
    nullable: bool
    on_delete: str | None = None
    deferrable: bool = False
    holds: bool = True
    detach: bool = False

    @property
    def declared(self) -> bool:
        return self.on_delete is not None

    @property
    def in_matrix(self) -> bool:
        return not self.declared or not self.holds or self.detach

    @property
    def blocks(self) -> bool:
        """Whether a row that stays keeps the row it refers to by this relation."""
        set_null = self.on_delete == "SET NULL"
        if self.detach and set_null:
            return False
        # A foreign key that the engine enforces by refusing or by cascading holds, whatever the matrix says.
        return self.holds or (self.declared and not set_null)


@dataclass(frozen=True)
class Part:
    table: str
    relation: Relation
    explicit: bool
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class There:
    """A clock in the rows that a relation leads to: in the parent's, or with ``down`` in all the children's.

    ``latest`` reads it by ``latest_of``, and else by ``via``.
    """

    relation: Relation
    column: str
    down: bool
    latest: bool

    def written(self) -> dict[str, Any]:
        hop = f"{'^' if self.down else ''}{self.relation.name}"
        return {"latest_of" if self.latest else "via": [hop], "column": self.column}


@dataclass(frozen=True)
class Held:
    """A hold: on rows of a table by their ``kind``, on those that a rule selects, or on whose ``grp`` it is."""

    kind: str
    table: str = ""
    rule: str = ""
    value: int = 0


@dataclass(frozen=True)
class Period:
    """A keep: ``days`` from the latest of its clocks."""

    columns: tuple[str | There, ...]
    days: int
    when_null: str


@dataclass(frozen=True)
class Purpose:
    """A purpose that ends with the earliest of its columns; ``after`` days later where that is not None."""

    columns: tuple[str, ...]
    after: int | None


@dataclass(frozen=True)
class Rule:
    id: str
    table: str
    kinds: tuple[int, ...] | None
    purposes: tuple[Purpose, ...]
    periods: tuple[Period, ...]
    waits_for: tuple[str, ...]
    action: str
    mark: bool
    parts: tuple[Part, ...]

    @property
    def on_rows(self) -> bool:
        return self.action in ("delete", "separate")


def moved(table: str) -> str:
    """Return the table that rows of another are moved to."""
    return f"{table}_kept"


@dataclass
class Table:
    name: str
    key: tuple[str, ...]
    columns: list[Column]


@dataclass
class Scene:
    """One database, its rows, and the rules over it. ``named`` narrows the first run to some rules; empty is all."""

    seed: int
    engine: str
    tables: dict[str, Table]
    relations: list[Relation]
    rules: list[Rule]
    rows: Rows
    named: tuple[str, ...] = ()
    given: list[Relation] = field(default_factory=list)
    """Relations that stand in a rule's ``with`` only."""
    holds: tuple[Held, ...] = ()
    subjects: frozenset[str] = frozenset()
    """Tables whose rows' ``grp`` says whose they are."""

    @property
    def every_relation(self) -> list[Relation]:
        return [*self.relations, *self.given]

    # --- the database ---------------------------------------------------------------------------------------------

    def statements(self) -> Iterator[str]:
        """Yield what makes the tables and fills them; foreign keys come last where the engine lets them."""
        quoted = {name: self._quote(name) for name in self.tables}
        inline = self.engine == "sqlite"
        for table in self.tables.values():
            pieces = [
                f"{column.name} {_TYPES[self.engine][column.kind]}{'' if column.nullable else ' NOT NULL'}"
                for column in table.columns
            ]
            pieces.append(f"PRIMARY KEY ({', '.join(table.key)})")
            if inline:
                pieces += [self._foreign_key(one) for one in self.relations if one.declared and one.child == table.name]
            yield f"CREATE TABLE {quoted[table.name]} ({', '.join(pieces)})"
        for name, rows in self.rows.items():
            for row in rows:
                values = ", ".join(_literal(value) for value in row.values())
                yield f"INSERT INTO {quoted[name]} ({', '.join(row)}) VALUES ({values})"
        if not inline:
            for one in self.relations:
                if one.declared:
                    yield f"ALTER TABLE {quoted[one.child]} ADD {self._foreign_key(one)}"

    def _foreign_key(self, one: Relation) -> str:
        text = (
            f"CONSTRAINT {one.name} FOREIGN KEY ({', '.join(one.columns)}) REFERENCES {self._quote(one.parent)}"
            f" ({', '.join(one.to_columns)}) ON DELETE {one.on_delete}"
        )
        return text + (" DEFERRABLE" if one.deferrable and self.engine != "mariadb" else "")

    def _quote(self, name: str) -> str:
        return f"`{name}`" if self.engine == "mariadb" else f'"{name}"'

    # --- the matrix -----------------------------------------------------------------------------------------------

    def matrix(self) -> str:
        """Return the matrix; JSON is YAML."""
        periods = {one.days for rule in self.rules for one in rule.periods} | {1}
        document = {
            "version": 1,
            "timezone": "Asia/Seoul",
            "organisation": {"name": "somebody"},
            "classification": "advised",
            "databases": {"db": {"connection": "db", "identity": "random"}},
            "legal_bases": {
                f"days_{days}": {
                    "statute": "an act",
                    "article": f"article {days}",
                    "keep": f"P{days}D",
                    "roll_holidays": False,
                }
                for days in sorted(periods)
            },
            "purposes": {"use": {"name": "a use"}},
            "tables": {f"db.{name}": self._table(name) for name in self.tables},
            "rules": [self._rule(rule) for rule in self.rules],
        }
        return json.dumps(document, indent=1)

    def _table(self, name: str) -> dict[str, Any]:
        relations = [
            {
                "name": one.name,
                "columns": list(one.columns),
                "to": f"db.{one.parent}",
                "to_columns": list(one.to_columns),
                **({} if one.holds else {"holds": False}),
                **({"detach": True} if one.detach else {}),
            }
            for one in self.relations
            if one.child == name and one.in_matrix
        ]
        subject = {"subject": "grp"} if name in self.subjects else {}
        return subject | ({"relations": relations} if relations else {})

    def _rule(self, rule: Rule) -> dict[str, Any]:
        keep: list[dict[str, Any]] = [
            {
                "basis": f"days_{one.days}",
                "since": _since(one.columns),
                "when_null": one.when_null,
            }
            for one in rule.periods
        ]
        if rule.waits_for:
            keep.append({"while_referenced_by": list(rule.waits_for)})
        written: dict[str, Any] = {
            "id": rule.id,
            "table": f"db.{rule.table}",
            "then": rule.action,
            "approval": "never",
            "keep": keep,
        }
        if rule.kinds is not None:
            written["where"] = f"kind IN ({', '.join(map(str, rule.kinds))})"
        if rule.purposes:
            written["purpose"] = [{"name": "use", "ends": _ends(one)} for one in rule.purposes]
        if rule.action == "erase":
            written["columns"] = ["note"]
        elif rule.action == "anonymize":
            written["columns"] = {"label": {"constant": "gone"}}
        if rule.mark:
            written["mark"] = "marked_at"
        if rule.parts:
            written["with"] = [_part(one, moves=rule.action == "separate") for one in rule.parts]
        if rule.action == "separate":
            written["to"] = f"db.{moved(rule.table)}"
        return written


def _ends(purpose: Purpose) -> Any:
    clock = purpose.columns[0] if len(purpose.columns) == 1 else list(purpose.columns)
    return clock if purpose.after is None else {"since": clock, "after": f"P{purpose.after}D"}


def _since(clocks: tuple[str | There, ...]) -> Any:
    written = [one if isinstance(one, str) else one.written() for one in clocks]
    return written[0] if len(written) == 1 else written


def _part(part: Part, *, moves: bool) -> dict[str, Any]:
    written: dict[str, Any] = {"table": f"db.{part.table}"}
    if part.explicit:
        written |= {"columns": list(part.relation.columns), "to_columns": list(part.relation.to_columns)}
    else:
        written["relation"] = part.relation.name
    if part.parts:
        written["with"] = [_part(one, moves=moves) for one in part.parts]
    if moves:
        written["to"] = f"db.{moved(part.table)}"
    return written


_TYPES = {
    "sqlite": {
        "int": "INTEGER",
        "text": "VARCHAR(20)",
        "loose": "VARCHAR(20) COLLATE NOCASE",
        "date": "DATE",
        "stamp": "TIMESTAMP",
    },
    "postgresql": {"int": "INTEGER", "text": "VARCHAR(20)", "date": "DATE", "stamp": "TIMESTAMPTZ"},
    "mariadb": {"int": "INTEGER", "text": "VARCHAR(20)", "date": "DATE", "stamp": "TIMESTAMP NULL"},
}


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else f"'{value}'"


# --- drawing ------------------------------------------------------------------------------------------------------


def random_scene(seed: int, engine: str, tables: int = 6) -> Scene:
    """Draw one scene, of so many tables at most."""
    return _Drawing(seed, engine).scene(tables)


class _Drawing:
    def __init__(self, seed: int, engine: str) -> None:
        self.chance = random.Random(seed)
        self.seed = seed
        self.engine = engine
        self.odd = random.Random(f"unlike {seed}")
        self.more = random.Random(f"more {seed}")
        self.tables: dict[str, Table] = {}
        self.relations: list[Relation] = []
        self.given: list[Relation] = []
        self.rules: list[Rule] = []

    def maybe(self, share: float) -> bool:
        return self.chance.random() < share

    def unlike(self, share: float) -> bool:
        """Whether columns of a declared key, or their values, are to differ: no other engine takes many such keys."""
        return self.engine == "sqlite" and self.odd.random() < share

    def scene(self, tables: int) -> Scene:
        for number in range(self.chance.randint(2, tables)):
            self._table(f"t{number}")
        names = list(self.tables)
        for _ in range(self.chance.randint(1, len(names) * 2)):
            self._relation(self.chance.choice(names), self.chance.choice(names))
        parts = self._parts(names)
        self._rules(names, parts)
        if self.more.random() < 0.5:
            self.rules = [self._elsewhere(rule) for rule in self.rules]
        rows = self._rows()
        named = tuple(rule.id for rule in self.rules if self.maybe(0.5)) if self.maybe(0.25) else ()
        scene = Scene(self.seed, self.engine, self.tables, self.relations, self.rules, rows, named, self.given)
        self._holds(scene)
        if self.more.random() < 0.2:
            self._moves(scene)
        return scene

    def _moves(self, scene: Scene) -> None:
        """Let every rule move its rows, now and then to where they refer to the same rows over the same columns."""
        scene.rules = [replace(rule, action="separate") if rule.on_rows else rule for rule in scene.rules]
        for table in list(scene.tables.values()):
            kept = Table(moved(table.name), table.key, table.columns)
            scene.tables[kept.name], scene.rows[kept.name] = kept, []
            for one in [one for one in self.relations if one.child == table.name and self.more.random() < 0.3]:
                along = replace(one, name=f"{one.name}_kept", child=kept.name, on_delete=None, holds=True, detach=False)
                self.relations.append(along)

    def _elsewhere(self, rule: Rule) -> Rule:
        """Return the rule, now and then with a clock that lies in other rows."""
        # A parent over a relation that doesn't hold may go before its child, which then counts from nothing.
        ways = [
            There(one, "", down, latest)
            for one in self.relations
            for down, latest in ((False, False), (False, True), (True, True))
            if rule.table == (one.parent if down else one.child)
            and (down or (one.blocks and one.to_columns == self.tables[one.parent].key))
        ]
        periods = []
        for period in rule.periods:
            columns = list(period.columns)
            if ways and self.more.random() < 0.4:
                there = replace(self.more.choice(ways), column=self.more.choice(["one", "two"]))
                columns[self.more.randrange(len(columns))] = there
            periods.append(replace(period, columns=tuple(columns)))
        return replace(rule, periods=tuple(periods))

    def _holds(self, scene: Scene) -> None:
        if self.more.random() < 0.6:
            return
        found = []
        for _ in range(self.more.choice([1, 1, 2])):
            kind = self.more.choice(["where", "where", "rule", "subject"])
            table, value = self.more.choice(list(self.tables)), self.more.choice([1, 2, 3])
            rule = self.more.choice(self.rules).id if self.rules and kind == "rule" else ""
            if kind != "rule" or rule:
                found.append(Held(kind, table if kind == "where" else "", rule, value))
        scene.holds = tuple(found)
        scene.subjects = frozenset(name for name in self.tables if self.more.random() < 0.4)

    def _table(self, name: str) -> None:
        shape = self.chance.choice(["int", "int", "int", "text", "pair", "mixed"])
        key = {
            "int": [Column("id", "int", False)],
            "text": [Column("code", "loose" if self.unlike(0.5) else "text", False)],
            "pair": [Column("tenant", "int", False), Column("id", "int", False)],
            "mixed": [Column("area", "text", False), Column("id", "int", False)],
        }[shape]
        columns = [
            *key,
            Column("kind", "int"),
            Column("grp", "int"),
            Column("one", "date"),
            Column("two", "date"),
            Column("left_on", "date"),
            Column("done_on", "date"),
            Column("note", "text"),
            Column("label", "text"),
            Column("marked_at", "stamp"),
        ]
        self.tables[name] = Table(name, tuple(one.name for one in key), columns)

    def _relation(self, child: str, parent: str) -> Relation:
        number = len(self.relations) + len(self.given)
        to = self.tables[parent]
        kinds = {column.name: column.kind for column in to.columns}
        declared = self.maybe(0.65)
        target = to.key if declared or self.maybe(0.6) else ("grp",)
        nullable = not declared or self.maybe(0.6)
        columns = []
        for index, name in enumerate(target):
            other_type = kinds[name] == "int" and (self.unlike(0.15) if declared else self.maybe(0.15))
            kind = "text" if other_type or kinds[name] == "loose" else kinds[name]
            columns.append(Column(f"r{number}_{index}", kind, nullable))
        actions = ["NO ACTION", "RESTRICT", "CASCADE", *(["SET NULL"] * 2 if nullable else [])]
        action = self.chance.choice(actions) if declared else None
        relation = Relation(
            f"rel_{number}",
            child,
            tuple(column.name for column in columns),
            parent,
            target,
            nullable,
            action,
            deferrable=self.maybe(0.2),
            holds=not self.maybe(0.1),
            detach=self.maybe(0.4 if action == "SET NULL" else 0.05),
        )
        self.tables[child].columns.extend(columns)
        self.relations.append(relation)
        return relation

    def _parts(self, names: list[str]) -> dict[str, list[tuple[str, Relation, bool]]]:
        """Return, by owner, its parts: the part's table, the relation, whether the matrix spells the columns out."""
        found: dict[str, list[tuple[str, Relation, bool]]] = {}
        chosen = [name for name in names if self.maybe(0.3)][: len(names) - 1]
        for number, part in enumerate(chosen):
            # An owner is a table that is no part, or a part chosen before: so no part is a part of itself.
            owners = [name for name in names if name not in chosen[number:]]
            for owner in self.chance.sample(owners, min(len(owners), self.chance.choice([1, 1, 1, 2]))):
                known = [one for one in self.relations if one.child == part and one.parent == owner]
                if known and self.maybe(0.8):
                    found.setdefault(owner, []).append((part, self.chance.choice(known), self.maybe(0.5)))
                    continue
                relation = self._relation(part, owner)
                if not relation.declared and self.maybe(0.4):
                    self.relations.remove(relation)
                    relation = Relation(
                        relation.name, part, relation.columns, owner, relation.to_columns, nullable=True
                    )
                    self.given.append(relation)
                    found.setdefault(owner, []).append((part, relation, True))
                else:
                    found.setdefault(owner, []).append((part, relation, self.maybe(0.5)))
        self.part_tables = set(chosen)
        return found

    def _rules(self, names: list[str], parts: dict[str, list[tuple[str, Relation, bool]]]) -> None:
        for name in names:
            if name not in self.part_tables:
                for number in range(self.chance.choice([0, 1, 1, 1, 2, 3])):
                    self._rule(f"{name}_rows_{number}", name, "delete", parts)
                if self.maybe(0.25):
                    self._rule(f"{name}_columns", name, self.chance.choice(["erase", "anonymize"]), {})
        self.chance.shuffle(self.rules)
        self.rules = [self._waiting(rule) for rule in self.rules]

    def _rule(self, id_: str, table: str, action: str, parts: dict[str, list[tuple[str, Relation, bool]]]) -> None:
        purposes = tuple(
            Purpose(
                self.chance.choice([("left_on",), ("done_on",), ("left_on", "done_on")]),
                self.chance.choice([None, None, 3, 20]),
            )
            for _ in range(self.chance.choice([0, 0, 1, 1, 2]))
        )
        periods = tuple(
            Period(
                self.chance.choice([("one",), ("two",), ("one", "two")]),
                self.chance.choice([0, 5, 30]),
                self.chance.choice(["unreadable", "not_applicable"]),
            )
            for _ in range(self.chance.choice([0, 1, 1, 2] if purposes else [1, 1, 2]))
        )
        kinds = None if self.maybe(0.5) else tuple(self.chance.sample(range(3), self.chance.choice([1, 2])))

        def tree(owner: str) -> tuple[Part, ...]:
            return tuple(
                Part(part, relation, explicit, tree(part))
                for part, relation, explicit in parts.get(owner, ())
                if self.maybe(0.85)
            )

        mark = action == "anonymize" and self.maybe(0.5)
        self.rules.append(Rule(id_, table, kinds, purposes, periods, (), action, mark, tree(table)))

    def _waiting(self, rule: Rule) -> Rule:
        """Return the rule, now and then waiting for rules whose rows refer to its own."""
        if not self.maybe(0.3):
            return rule
        # Only for rules that stand before it by name, so that no two wait for each other.
        others = [
            other.id
            for other in self.rules
            if other.id < rule.id
            and other.on_rows
            and any(one.child == other.table and one.parent == rule.table and one.holds for one in self.relations)
        ]
        if not others:
            return rule
        waits_for = tuple(self.chance.sample(others, min(len(others), self.chance.choice([1, 1, 2]))))
        return replace(rule, waits_for=waits_for)

    # --- rows -----------------------------------------------------------------------------------------------------

    def _rows(self) -> Rows:
        """Draw keys first, so that a row may refer to any other, itself included."""
        most = self.chance.choice([3, 6, 10])
        keys = {name: self._keys(table, self.chance.randint(1, most)) for name, table in self.tables.items()}
        keys = self._without_parents(keys)
        rows: Rows = {}
        lapsed = self.chance.choice([0.6, 0.85, 0.97])
        for name, table in self.tables.items():
            rows[name] = [self._row(table, key, lapsed) for key in keys[name]]
        for relation in self.every_relation():
            # Most references go to few rows, so that trees, chains and circles come about.
            for row in rows[relation.child]:
                values = self._reference(relation, rows, row)
                row.update(zip(relation.columns, values, strict=True))
        return rows

    def every_relation(self) -> list[Relation]:
        return [*self.relations, *self.given]

    def _keys(self, table: Table, number: int) -> list[tuple[Any, ...]]:
        kinds = {column.name: column.kind for column in table.columns}
        found: dict[tuple[Any, ...], None] = {}
        while len(found) < number:
            found[
                tuple(
                    self.chance.randint(1, 40) if kinds[name] == "int" else self.chance.choice("abcdefghijklmnop")
                    for name in table.key
                )
            ] = None
        return list(found)

    def _without_parents(self, keys: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
        """Return the keys without those of tables that need a parent where there is none."""
        changed = True
        while changed:
            changed = False
            for one in self.relations:
                if one.declared and not one.nullable and keys[one.child] and not keys[one.parent]:
                    keys[one.child] = []
                    changed = True
        return keys

    def _row(self, table: Table, key: tuple[Any, ...], lapsed: float) -> Row:
        row: Row = {column.name: None for column in table.columns}
        row.update(zip(table.key, key, strict=True))
        row["kind"] = self.chance.choice([0, 1, 2, None]) if self.maybe(0.5) else 0
        row["grp"] = self.chance.choice([1, 2, 3, None])
        for name in ("one", "two", "left_on", "done_on"):
            row[name] = self._day(lapsed)
        row["note"] = self.chance.choice(["a note", None])
        row["label"] = self.chance.choice(["a label", None])
        return row

    def _day(self, lapsed: float) -> date | None:
        if self.maybe(0.08):
            return None
        if self.maybe(0.03):
            return UNREADABLE
        back = self.chance.randint(25, 60) if self.maybe(lapsed) else self.chance.randint(-10, 40)
        return AS_OF - timedelta(days=back)

    def _reference(self, relation: Relation, rows: Rows, row: Row) -> tuple[Any, ...]:
        kinds = {column.name: column.kind for column in self.tables[relation.child].columns}
        loose = any(column.kind == "loose" for column in self.tables[relation.parent].columns)
        parents = rows[relation.parent]
        if relation.nullable and self.maybe(0.25):
            return tuple(None if index == 0 or self.maybe(0.5) else self._value(kinds[name])
                         for index, name in enumerate(relation.columns))  # fmt: skip
        if not relation.declared and self.maybe(0.2):
            return tuple(self._value(kinds[name]) for name in relation.columns)
        if not parents:
            return (None,) * len(relation.columns)
        place = min(int(self.chance.expovariate(0.5)), len(parents) - 1) if self.maybe(0.5) else None
        if place is None and relation.child == relation.parent and self.maybe(0.7):
            # The row before it: a chain, which the first row makes a circle now and then.
            place = parents.index(row) - 1
            if place < 0 and relation.nullable and self.maybe(0.6):
                return (None,) * len(relation.columns)
        parent = parents[place] if place is not None else self.chance.choice(parents)
        found = tuple(
            str(parent[other]).upper()
            if loose and kinds[own] == "text" and self.unlike(0.5)
            else self._as(kinds[own], parent[other])
            for own, other in zip(relation.columns, relation.to_columns, strict=True)
        )
        if relation.on_delete == "SET NULL" and not relation.blocks and len(found) > 1:
            # SQLite looks for what it empties by text, unless the parent's key is its rowid, and by number for what
            # still refers to the row afterwards: it refuses to delete what '031' refers to.
            return tuple(value.lstrip("0") if isinstance(value, str) else value for value in found)
        return found

    def _value(self, kind: str) -> Any:
        if kind == "int":
            return self.chance.randint(0, 50)
        return self.chance.choice(["", "a", "007", "7", "zzz", str(self.chance.randint(1, 40))])

    def _as(self, kind: str, value: Any) -> Any:
        """Return a parent's value as its child holds it; a text now and then as one that is only equal as a number."""
        if kind != "text" or not isinstance(value, int):
            return value
        return f"0{value}" if self.maybe(0.2) else str(value)
