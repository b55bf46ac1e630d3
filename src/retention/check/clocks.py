"""Clocks that can't be read, that no index serves, or that every save would move."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Rule

_MOVING = ("updated_at", "modified_at", "last_modified", "update_time", "mtime", "changed_at")


def clocks(binding: Binding) -> Iterator[Finding]:
    """Yield findings about the clocks of every rule, paths and parts included."""
    for rule in binding.rules:
        try:
            yield from _clocks(binding, rule)
        except Refused as problem:
            yield finding("RET212", rule.place, f"rule {rule.id}: {_without_place(str(problem))}", rule.id)
            continue
        try:
            binding.parts(rule)
        except Refused as problem:
            yield finding("RET212", rule.place, f"rule {rule.id}: {_without_place(str(problem))}", rule.id)


def _clocks(binding: Binding, rule: Rule) -> Iterator[Finding]:
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
        if not binding.shape(reached).indexed((clock.column,)):
            yield finding("RET206", name, f"no index begins with {name}, the clock of rule {rule.id}", rule.id)
        if column.on_update or clock.column.lower() in _MOVING:
            yield finding("RET211", name, f"{name} looks as if every save moved it", rule.id)


def _without_place(text: str) -> str:
    """Return a refusal's text without the place that the finding carries itself."""
    return text.partition(": ")[2] or text
