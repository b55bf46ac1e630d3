"""Triggers that write somewhere else when a rule's row goes or changes: what is destroyed may live on there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.parts import parts_of
from retention.database.catalog import Facts, Trigger
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Rule

_WRITES = re.compile(r"\b(INSERT\s+INTO|REPLACE\s+INTO|MERGE\s+INTO|COPY|NOTIFY|pg_notify|EXECUTE)\b", re.IGNORECASE)


def triggers(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each such trigger, once for a rule."""
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
        for trigger in facts.triggers:
            mine = trigger.events & (events if trigger.table == table else {"DELETE"})
            here = trigger.table == table or trigger.table in parts
            if here and mine and _WRITES.search(trigger.body):
                yield _copies(binding, rule, trigger, " and ".join(sorted(mine)))


def _copies(binding: Binding, rule: Rule, trigger: Trigger, events: str) -> Finding:
    table = binding.name_of(trigger.table)
    what = (
        f"the trigger {trigger.name} writes elsewhere at {events} of {table}: what rule {rule.id} destroys may be "
        "copied in that very moment"
    )
    return finding("RET219", str(table), what, rule.id)
