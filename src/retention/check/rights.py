"""Whether the connection's role may do what the matrix asks, and not everything else."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.check.needs import needs_of_rule
from retention.check.parts import tables_of, takes_rows
from retention.database.catalog import Facts, Need
from retention.database.own_tables import NAMES
from retention.errors import Finding
from retention.matrix.binding import Binding, table_key
from retention.matrix.model import Rule


def rights(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield a finding for each rule that lacks a right, one for too many, and one for each table with hidden rows."""
    own = [need for need in facts.lacking if need.table.schema is None and need.table.name in NAMES]
    for rule in binding.rules:
        needs = needs_of_rule(binding, rule)
        missing = [one for one in facts.lacking if one in own or any(_covers(one, need) for need in needs)]
        if missing:
            name = binding.database.connection_name
            what = f"rule {rule.id}: the role of {name} has no {_listed(missing)}"
            do = f"grant it; `retention init {name} --grants ROLE` prints the statements"
            yield finding("RET226", rule.place, what, rule.id, do=do)
    if facts.excess is not None:
        name = binding.database.connection_name
        what = f"the role of {name} may do far more than it needs: {facts.excess}"
        yield finding("RET227", binding.entry.place, what, binding.entry.name)
    yield from _beside(binding, facts)
    for table, entry in binding.matrix.tables.items():
        if table.database == binding.entry.name and table_key(table) in facts.hidden and entry.out_of_scope is None:
            what = f"row security hides rows of {table} from the role: they are never counted, and stay for ever"
            yield finding("RET228", entry.place, what, str(table))


def _beside(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each rule whose rows may be kept by rows that the role doesn't see: they would not keep them."""
    for rule in binding.rules:
        read = {need.table for need in needs_of_rule(binding, rule)} - {table_key(rule.table)}
        hidden = sorted(str(binding.name_of(table)) for table in read & facts.hidden)
        if hidden:
            names = ", ".join(hidden)
            what = (
                f"rule {rule.id}: row security hides rows of {names} from the role, which may keep rows of {rule.table}"
            )
            yield finding("RET228", rule.place, what, str(rule.table))
        if takes_rows(rule):
            yield from _unseen(binding, facts, rule)


def _unseen(binding: Binding, facts: Facts, rule: Rule) -> Iterator[Finding]:
    if facts.blind:
        what = f"rule {rule.id}: nobody can tell whether tables that the role may not see refer to {rule.table}"
        yield finding("RET244", rule.place, what, rule.id)
    for table in tables_of(binding, rule):
        for name in facts.unseen.get(table, ()):
            what = f"rule {rule.id}: {name} refers to {binding.name_of(table)}, and the role may not see it"
            yield finding("RET244", rule.place, what, rule.id)


def _covers(missing: Need, need: Need) -> bool:
    """Whether what is missing is part of what is needed."""
    if missing.table != need.table or missing.right not in (need.right, "USAGE"):
        return False
    return not missing.columns or not need.columns or bool(set(missing.columns) & set(need.columns))


def _listed(needs: list[Need]) -> str:
    names = list(dict.fromkeys(str(need) for need in needs))
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
