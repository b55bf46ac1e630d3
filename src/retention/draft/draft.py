"""The draft itself: databases, tables with keys, relations, guessed subjects and items, and rules to begin from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from retention.database.names import TableKey
from retention.database.own_tables import NAMES
from retention.database.reflect import Schema, TableShape
from retention.database.relations import Relation
from retention.draft.graph import Way, guessed_relations, people, ways
from retention.draft.guess import clocks_of, is_migration, items_of, sounds_like_people
from retention.draft.yamltext import comment, flow, hidden_list, scalar
from retention.matrix.model import TableName

_HEAD = """\
# A draft of a retention matrix, made from the live schema of the connection {connection}. No row was read.
#
#   guess:   the name of a column or table suggests it; look, and take the word away, or mend it
#   decide:  only you can say; until you have, `retention check` tells you so
#
# The language is in docs/matrix.md. Go on with: retention --config THIS-FILE check
version: 1
timezone: Asia/Seoul

organisation:
  name: "" # decide: the operator's name, as reports print it
  # officer: {{role: 개인정보 보호책임자, name: …}}
  # in_charge: {{role: 개인정보 담당자, name: …}}
"""
_BASES = """\
# decide: the statutes that make you keep records, each with its article and period; for example:
legal_bases:
  # ecommerce_contract:
  #   {statute: 전자상거래법, article: 제6조 · 시행령 제6조 ①, record: 계약 또는 청약철회 등에 관한 기록, keep: P5Y}
"""
_RULES = """\
# decide: which rows go, from which event, under which basis. A rule for each table with a clock that is written once
# stands here as a comment; take the signs away, name the basis or the purpose, and check again.
rules:
"""


@dataclass
class _Found:
    """What was found out about one schema."""

    database: str
    tables: dict[TableKey, TableShape]
    declared: tuple[Relation, ...]
    guessed: list[Relation]
    items: dict[TableKey, dict[str, str]] = field(default_factory=dict)
    ways: dict[TableKey, Way] = field(default_factory=dict)

    def name(self, key: TableKey) -> str:
        """Return a table's name as the matrix spells it."""
        return str(TableName(self.database, key.schema, key.name))


def draft(schema: Schema, *, database: str, connection: str, identity: str | None) -> str:
    """Return a draft of a matrix as text.

    Args:
        schema: the live schema; of its rows nothing is known.
        database: what the matrix shall call the database.
        connection: the connection's name.
        identity: the identity that the database carries already, if it does.
    """
    found = _look(schema, database)
    lines = [
        _HEAD.format(connection=connection),
        *_database(found, connection, identity),
        "",
        _BASES,
        *_purposes(found.items.values()),
        "",
        "classification: required",
        "",
        "tables:",
    ]
    for key in sorted(found.tables):
        lines.extend(_table(found, key))
    lines.extend(["", _RULES.rstrip()])
    for key in sorted(found.tables):
        lines.extend(_rule(found, key))
    return "\n".join(lines) + "\n"


def _look(schema: Schema, database: str) -> _Found:
    tables = {key: shape for key, shape in schema.tables.items() if not (key.schema is None and key.name in NAMES)}
    known = [one for one in schema.relations if one.child in tables and one.parent in tables]
    declared = tuple(sorted(known, key=lambda one: (one.child, one.columns, one.parent)))
    guessed = guessed_relations(schema, tables)
    found = _Found(database, tables, declared, guessed)
    found.items = {key: items for key, shape in tables.items() if (items := items_of(shape))}
    candidates = {key for key in found.items if sounds_like_people(key.name)}
    candidates = {key for key in candidates if set(found.items[key].values()) & {"email", "login_id", "name", "mobile"}}
    persons = people(schema, tables, candidates)
    found.ways = ways([*declared, *guessed], tables, persons)
    return found


def _database(found: _Found, connection: str, identity: str | None) -> list[str]:
    carried = identity is not None
    name = identity if identity is not None else connection
    told = "" if carried else f" # guess: name it once with `retention init {connection} --identity {name}`"
    return [
        "databases:",
        f"  {scalar(found.database)}:",
        f"    connection: {scalar(connection)}",
        f"    identity: {scalar(name)}{told}",
        "    # zone: Asia/Seoul # decide: the zone of its timestamps that have none",
    ]


def _purposes(items: Iterable[Mapping[str, str]]) -> list[str]:
    names = sorted({item for one in items for item in one.values()})
    if not names:
        return ["# decide: the purposes of your privacy policy, with their items", "purposes: {}"]
    return [
        "# decide: the purposes of your privacy policy, with their items; this one only holds what was guessed below",
        "purposes:",
        "  undecided:",
        "    name: undecided",
        f"    items: {{required: {flow(names)}}} # guess: by the names of columns",
    ]


def _table(found: _Found, key: TableKey) -> list[str]:
    shape = found.tables[key]
    if is_migration(key.name):
        return [
            f"  {scalar(found.name(key))}: {{out_of_scope: the bookkeeping of schema changes}} # guess: by its name"
        ]
    lines: list[str] = []
    row_key = shape.row_key()
    if not row_key:
        lines.append(
            "    # key: […] # decide: no primary or unique key names a row; nothing can be destroyed without one"
        )
    lines.extend(_subject(found, key))
    items = found.items.get(key, {})
    if items:
        lines.append("    items:")
        lines.extend(f"      {scalar(name)}: {item} # guess: by its name" for name, item in items.items())
    rest = [name for name in shape.columns if name not in items and name not in row_key]
    if rest:
        lines.extend(hidden_list("not_personal", rest, 4, "decide: each is an item, or not personal"))
    lines.extend(_relations(found, key))
    return [f"  {scalar(found.name(key))}:", *lines]


def _subject(found: _Found, key: TableKey) -> list[str]:
    way = found.ways.get(key)
    if way is None:
        if key in found.items:
            return ["    # subject: … # decide: whose row it is; or none: WHY"]
        return []
    if way.person == key:
        return [f"    subject: {scalar(way.column)} # guess: each row is a person"]
    if not way.via:
        return [f"    subject: {scalar(way.column)} # guess: it {way.words}"]
    path = flow(found.name(table) for table in way.via)
    return [f"    subject: {{via: {path}, column: {scalar(way.column)}}} # guess: it {way.words}"]


def _relations(found: _Found, key: TableKey) -> list[str]:
    lines: list[str] = []
    declared = [one for one in found.declared if one.child == key]
    if declared:
        told = "; ".join(f"({', '.join(one.columns)}) → {one.parent}" for one in declared)
        lines.extend(comment(f"declared: {told}", 4))
    mine = [one for one in found.guessed if one.child == key]
    if mine:
        lines.append("    relations:")
    for one in mine:
        to = scalar(found.name(one.parent))
        lines.append(
            f"      - {{columns: {flow(one.columns)}, to: {to}, to_columns: {flow(one.parent_columns)}}} "
            "# guess: by its name"
        )
    return lines


def _rule(found: _Found, key: TableKey) -> list[str]:
    begins, ends, moves = clocks_of(found.tables[key])
    personal = key in found.items or key in found.ways
    if not personal or is_migration(key.name) or not (begins or ends) or not found.tables[key].row_key():
        return []
    lines = [f"  # - id: {scalar(key.name)}", f"  #   table: {scalar(found.name(key))}"]
    if ends:
        lines.append(f"  #   purpose: {{name: undecided, ends: {ends[0]}}} # guess: {_or(ends)}")
    if begins:
        lines.append(f"  #   keep: [{{basis: …, since: {begins[0]}}}] # guess: {_or(begins)}")
    lines.append("  #   then: delete # decide: delete, separate, anonymize, pseudonymize or erase")
    parts = _parts(found, key)
    if parts:
        lines.append(f"  #   with: {flow(parts)} # guess: they refer to it and have no clock of their own")
    if moves:
        lines.append(
            f"  #   # not as a clock: {', '.join(moves)}: saving a row moves {'it' if len(moves) == 1 else 'them'}"
        )
    return lines


def _parts(found: _Found, key: TableKey) -> list[str]:
    """Return the tables that may be parts of a table's records: no clock says when else their rows would go."""
    children = [one.child for one in (*found.declared, *found.guessed) if one.parent == key and one.child != key]
    parts = [child for child in dict.fromkeys(children) if children.count(child) == 1]
    clockless = [child for child in parts if not any(clocks_of(found.tables[child])[:2])]
    return [found.name(child) for child in clockless]


def _or(clocks: list[str]) -> str:
    return "the only one of its kind" if len(clocks) == 1 else f"or {', '.join(clocks[1:])}"
