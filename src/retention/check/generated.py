"""Generated columns that decide over rows and that change, unnamed, with a column that a rule changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from retention.check.codes import finding
from retention.database.catalog import Facts
from retention.database.names import TableKey
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.clocks import clocks_of
from retention.matrix.model import Rule
from retention.matrix.reach import reached
from retention.matrix.where import columns_of

_Sources = Mapping[TableKey, Mapping[str, frozenset[str]]]


def generated(binding: Binding, facts: Facts) -> Iterator[Finding]:
    """Yield each changed column from which the database makes a clock, or what a ``where`` selects by.

    What a rule changes by name the matrix itself is checked for; to a rule's own rows a new value of a clock that it
    names is its author's wish, and one that comes about behind it is not.
    """
    made = {table: _whole(columns) for table, columns in facts.made_from.items()}
    decided = [(rule, *one) for rule in binding.rules for one in _decides(binding, rule, made)]
    for rule in binding.rules:
        changed = {name: spec.place for name, spec in rule.columns.items() if spec.name != "keep"}
        if rule.mark is not None:
            changed[rule.mark] = rule.at("mark")
        for other, table, column, how in decided:
            if table != table_key(rule.table) or (how == "selects" and other is rule and rule.then_after is None):
                continue
            for name in (one for one in changed if one.lower() in made[table][column]):
                does = "counts from" if how == "counts" else "selects by"
                what = (
                    f"rule {rule.id} changes {rule.table}.{name}, from which the database makes {column}, which rule "
                    f"{other.id} {does}: its rows may stay for ever, or go on another day than the law's"
                )
                yield finding("RET254", changed[name], what, rule.id)


def _decides(binding: Binding, rule: Rule, made: _Sources) -> Iterator[tuple[TableKey, str, str]]:
    """Yield table and name of the generated columns that a rule counts from, or selects its rows by."""
    here = table_key(rule.table)
    found: dict[tuple[TableKey, str, str], None] = {}
    for clock in clocks_of(rule):
        # A path that leads nowhere is told with the clocks.
        with suppress(Refused):
            steps = binding.path(here, clock.via, clock.place, only_up=not clock.latest)
            found[steps[-1].reached if steps else here, clock.column, "counts"] = None
    found.update(dict.fromkeys((here, name, "selects") for name in sorted(columns_of(rule.where))))
    yield from (one for one in found if one[1] in made.get(one[0], ()))


def _whole(columns: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return, in lower case, every column that each is made from, by way of other generated ones as well."""
    near = {name.lower(): {one.lower() for one in sources} for name, sources in columns.items()}
    return {name: frozenset(reached(near, [name.lower()])) for name in columns}
