"""Triggers that a rule's rows set off as they go or change: what they copy lives on, what they reach no rule counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from retention.check.codes import finding
from retention.check.destinations import moves_of
from retention.check.parts import parts_of, tables_of
from retention.database.catalog import Facts, Trigger
from retention.database.names import TableKey
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Rule

_WRITES = re.compile(r"\b(INSERT\s+INTO|REPLACE\s+INTO|MERGE\s+INTO|COPY|NOTIFY|pg_notify|EXECUTE)\b", re.IGNORECASE)
# What is between /*! and */ MariaDB carries out.
_COMMENT = re.compile(r"^\s*--[^\n]*|/\*(?!!).*?\*/", re.MULTILINE | re.DOTALL)
# SQLite and PostgreSQL tell a trigger's or rule's head with it: ON follows its DELETE there, or TO. TRUNCATE(x, 2) is a
# function of MariaDB.
_DESTROYS = re.compile(
    r'\b(?:DELETE(?!\s+(?:ON|TO)\b)[\w\s$.,`"*]*?\bFROM|TRUNCATE(?=\s+[\w`"]))\b(.*?)(?:\bWHERE\b|;|\Z)',
    re.IGNORECASE | re.DOTALL,
)
_CHANGES = re.compile(r"\bUPDATE\b([^;']*?)\bSET\b", re.IGNORECASE)
_EXECUTES = re.compile(r"\bEXECUTE\b", re.IGNORECASE)
_CALLS = re.compile(r'\b(?:CALL\s+|PERFORM\s+(?=[\w$."]+\s*\())([\w$.]+)', re.IGNORECASE)

# Where a statement begins, or MariaDB's SET goes on: anywhere else a name before a = is compared with something.
_SETS = r'(?:\A|;|,|\b(?:BEGIN|THEN|ELSE|LOOP|SET))\s*NEW\s*\.\s*[`"]?{0}[`"]?\s*:?=(?!=)'
_UPDATES = r'\bUPDATE\b[^;]*\bSET\b(?:(?!\bWHERE\b)[^;])*?(?<![\w$.])[`"\[]?{0}[`"\]]?\s*='


def triggers(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such trigger, once for a rule and what it does."""
    for rule in binding.rules:
        table = table_key(rule.table)
        events = {"DELETE"} if rule.action.on_rows else {"UPDATE"}
        if rule.then_after is not None:
            events.add("DELETE")
        parts = {part.table for _owner, part in parts_of(binding, rule)}
        for kept in sorted({table, *parts} & facts.versioned):
            name = str(binding.name_of(kept))
            what = f"{name} is system-versioned: what rule {rule.id} destroys stays in its history"
            yield finding("RET229", rule.place, what, name)
        changed = {name.lower() for name in (*rule.columns, rule.mark or "")}
        for trigger in facts.triggers:
            mine = trigger.events & (events if trigger.table == table else {"DELETE"})
            if trigger.columns and changed.isdisjoint(map(str.lower, trigger.columns)):
                mine -= {"UPDATE"}
            if mine and (trigger.table == table or trigger.table in parts):
                when = f"at {' and '.join(sorted(mine))} of {binding.name_of(trigger.table)}"
                yield from _does(binding, facts, rule, trigger, when, parts)
        yield from _moved(binding, rule, facts)


def filling(facts: Facts, table: TableKey, column: str) -> Iterator[str]:
    """Yield the triggers that give a column of their own table a value when a row comes or changes."""
    name = re.escape(column)
    writes = re.compile(f"{_SETS.format(name)}|{_UPDATES.format(name)}", re.IGNORECASE)
    for trigger in facts.triggers:
        if trigger.table == table and trigger.events != {"DELETE"} and writes.search(_COMMENT.sub(" ", trigger.body)):
            yield trigger.name


def _does(
    binding: Binding, facts: Facts, rule: Rule, trigger: Trigger, when: str, parts: set[TableKey]
) -> Iterator[Finding]:
    where, who = str(binding.name_of(trigger.table)), f"the trigger {trigger.name}"
    if _WRITES.search(trigger.body):
        what = f"{who} writes elsewhere {when}: what rule {rule.id} destroys may be copied in that very moment"
        yield finding("RET219", where, what, rule.id)
    said = _COMMENT.sub(" ", trigger.body)
    destroyed = [found[1] for found in _DESTROYS.finditer(said)]
    named = ", ".join(_named(binding, facts, _of_matrix(binding) - parts, destroyed))
    if named:
        what = f"{who} destroys rows of {named} {when}: no rule has found those to have lapsed, and none counts them"
        yield finding("RET247", where, what, rule.id)
    elif destroyed:
        yield finding("RET247", where, f"{who} destroys other rows {when}", rule.id, severity="warning")
    changed = [found[1] for found in _CHANGES.finditer(said)]
    named = ", ".join(_named(binding, facts, binding.schema.tables.keys() - {trigger.table}, changed))
    if named:
        yield finding("RET248", where, f"{who} changes rows of {named} {when} under rule {rule.id}", rule.id)
    called = ", ".join(sorted(set(_CALLS.findall(said))))
    if called:
        what = f"{who} calls {called} {when} under rule {rule.id}, and nobody sees from here what that changes"
        yield finding("RET248", where, what, rule.id)


def _moved(binding: Binding, rule: Rule, facts: Facts) -> Iterator[Finding]:
    """Yield what may change rows just as they come to where the rule moves them."""
    places = {move.to for move in moves_of(binding, rule)}
    for trigger in facts.triggers:
        if trigger.table not in places or "INSERT" not in trigger.events:
            continue
        where, who = str(binding.name_of(trigger.table)), f"the trigger or rule {trigger.name}"
        if trigger.rewrites:
            what = f"{who} comes before what rule {rule.id} moves to {where}, and may write something else or nothing"
            yield finding("RET253", where, what, rule.id)
            continue
        said = _COMMENT.sub(" ", trigger.body)
        changed = [found[1] for pattern in (_CHANGES, _DESTROYS) for found in pattern.finditer(said)]
        if _named(binding, facts, {trigger.table}, changed):
            what = f"{who} changes rows of {where} itself as rule {rule.id} moves rows there"
            yield finding("RET253", where, what, rule.id)
        elif _CALLS.search(said) or _EXECUTES.search(said):
            what = (
                f"{who} calls something as rule {rule.id} moves rows to {where}: nobody sees from here what it changes"
            )
            yield finding("RET253", where, what, rule.id, severity="warning")


def _of_matrix(binding: Binding) -> set[TableKey]:
    """Return the tables of which the matrix says what is to be kept."""
    entries = binding.matrix.tables.items()
    listed = {table_key(name) for name, entry in entries if binding.has(name) and entry.out_of_scope is None}
    return listed.union(*(tables_of(binding, rule) for rule in binding.rules))


def _named(binding: Binding, facts: Facts, tables: Set[TableKey], pieces: Iterable[str]) -> list[str]:
    """Return those tables that pieces of SQL name, quoted or not, in their own schema or without one.

    A partition's rows are its table's.
    """
    text = re.sub(r'[`"]', "", ";".join(pieces)).lower()
    known = [*((table, table) for table in tables), *facts.partitions.items()]
    found = {table for name, table in known if table in tables and _names(text, name, binding.schema.default)}
    return sorted(str(binding.name_of(table)) for table in found)


def _names(text: str, table: TableKey, default: str | None) -> bool:
    name, schema = table.name.lower(), (table.schema or default or "").lower()
    if name not in text:
        return False
    found = re.finditer(rf"(?:([\w$]+)\s*\.\s*)?(?<![\w$]){re.escape(name)}(?![\w$])", text)
    return any(one[1] in (None, schema) for one in found)
