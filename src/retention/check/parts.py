"""The parts of rules with their owners, where they can be found; where they can't, the clocks' file tells why."""

from __future__ import annotations

from collections.abc import Iterator

from retention.database.names import TableKey
from retention.errors import Refused
from retention.matrix.binding import Binding, BoundPart, table_key
from retention.matrix.model import Rule


def parts_of(binding: Binding, rule: Rule) -> Iterator[tuple[TableKey, BoundPart]]:
    """Yield every part of a rule, parts of parts included, each with its owner's table."""
    try:
        waiting = [(table_key(rule.table), part) for part in binding.parts(rule)]
    except Refused:
        return
    while waiting:
        owner, part = waiting.pop(0)
        yield owner, part
        waiting.extend((part.table, inner) for inner in part.parts)


def tables_of(binding: Binding, rule: Rule) -> tuple[TableKey, ...]:
    """Return a rule's own table and those of its parts, each once."""
    return tuple(dict.fromkeys([table_key(rule.table), *(part.table for _owner, part in parts_of(binding, rule))]))


def takes_rows(rule: Rule) -> bool:
    """Whether rows of the rule's table go, at once or after its term."""
    return rule.action.on_rows or rule.then_after is not None
