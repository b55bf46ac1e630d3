"""Clocks that can't be read, that no index serves, or that the database itself moves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.costs import index_statement, scan_cost
from retention.database.catalog import Facts
from retention.database.names import TableKey
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Rule


def clocks(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield findings about the clocks of every rule, paths and parts included."""
    for rule in binding.rules:
        try:
            yield from _clocks(binding, facts, rule)
        except Refused as problem:
            yield finding("RET212", rule.place, f"rule {rule.id}: {_without_place(str(problem))}", rule.id)
            continue
        try:
            binding.parts(rule)
        except Refused as problem:
            yield finding("RET212", rule.place, f"rule {rule.id}: {_without_place(str(problem))}", rule.id)


def _clocks(binding: Binding, facts: Facts, rule: Rule) -> Iterator[Finding]:
    table = table_key(rule.table)
    for clock in clocks_of(rule):
        steps = binding.path(table, clock.via, clock.place, only_up=not clock.latest)
        reached = steps[-1].reached if steps else table
        column = binding.column(reached, clock.column, clock.place)
        name = f"{binding.name_of(reached)}.{clock.column}"
        try:
            zone = clock.zone or binding.entry.zone
            binding.database.dialect.reading(column.kind, clock.format, zone, name, clock.floor)
        except Refused as problem:
            yield finding("RET207", clock.place, f"rule {rule.id}: {problem}", rule.id)
            continue
        if not steps and not binding.shape(reached).indexed((clock.column,)):
            what = f"no index begins with {name}, the clock of rule {rule.id}{scan_cost(facts, reached)}"
            make = index_statement(binding, reached, (clock.column,))
            yield finding("RET206", name, what, rule.id, do=f"if the table is large: {make}")
        if column.on_update:
            what = f"{name} has ON UPDATE: any correction of a row starts its period anew under rule {rule.id}"
            yield finding("RET211", name, what, rule.id)
        for trigger in _moving(facts, reached, clock.column):
            what = f"the trigger {trigger} sets {name} at an UPDATE: any correction starts the period anew"
            yield finding("RET211", name, what, rule.id)


def _moving(facts: Facts, table: TableKey, column: str) -> Iterator[str]:
    """Yield the triggers that write the column when a row is updated."""
    sets = re.compile(rf"\bNEW\s*\.\s*[`\"]?{re.escape(column)}[`\"]?\s*:?=", re.IGNORECASE)
    updates = re.compile(rf"\bSET\b[^;]*[`\"]?\b{re.escape(column)}\b[`\"]?\s*=", re.IGNORECASE)
    for trigger in facts.triggers:
        writes = sets.search(trigger.body) or updates.search(trigger.body)
        if trigger.table == table and "UPDATE" in trigger.events and writes:
            yield trigger.name


def _without_place(text: str) -> str:
    """Return a refusal's text without the place that the finding carries itself."""
    return text.partition(": ")[2] or text
