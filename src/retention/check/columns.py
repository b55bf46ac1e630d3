"""Columns that a rule changes: whether the transform fits, and whether the mark can hold an instant."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from retention.check.codes import finding
from retention.check.triggers import filling
from retention.database.catalog import Facts
from retention.database.columns import ColumnKind
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding, table_key
from retention.matrix.column_facts import column_facts
from retention.matrix.model import Action, Rule
from retention.surrogate import Transform, build


def changed_columns(binding: Binding, facts: Facts, *, no_key: str) -> Iterator[Finding]:
    """Yield what doesn't fit between transforms, marks, live columns and the key ring."""
    for rule in binding.rules:
        if rule.action.on_rows:
            continue
        transforms = yield from _transforms(binding, rule)
        keyed = any(one.keyed for one in transforms.values())
        if keyed and rule.action is Action.PSEUDONYMIZE and no_key:
            wrong, _, do = no_key.rpartition("; ")
            yield finding("RET213", rule.place, f"rule {rule.id} can draw from no key: {wrong}", rule.id, do=do)
        yield from _together(binding, rule, transforms)
        yield from _partitions(facts, rule)
        yield from _mark(binding, facts, rule)


def _transforms(binding: Binding, rule: Rule) -> Generator[Finding, None, dict[str, Transform]]:
    found: dict[str, Transform] = {}
    for name, spec in rule.columns.items():
        shape = binding.column(binding.shape(rule.table).key, name, rule.place)
        facts = column_facts(binding, binding.shape(rule.table).key, shape)
        try:
            transform = build(spec.name, spec.argument, column=facts, keys=None)
        except Refused:
            continue
        found[name] = transform
        problems = transform.check()
        if shape.generated:
            problems.append("it is generated; change what it is generated from")
        for problem in problems:
            yield finding("RET208", spec.place, f"rule {rule.id}: {rule.table}.{name}: {problem}", rule.id)
    return found


def _together(binding: Binding, rule: Rule, transforms: dict[str, Transform]) -> Iterator[Finding]:
    """Yield unique keys of several columns, no changed one of which stays different for different rows."""
    shape = binding.shape(rule.table)
    for key in dict.fromkeys((shape.primary_key, *shape.unique_keys)):
        changed = [transforms[column] for column in key if column in transforms]
        if len(key) > 1 and changed and not any(one.injective for one in changed):
            names = ", ".join(key)
            what = f"rule {rule.id} changes columns of the unique key ({names}) of {rule.table}: two rows may meet"
            yield finding("RET232", rule.place, what, rule.id)


def _partitions(facts: Facts, rule: Rule) -> Iterator[Finding]:
    for column in sorted(facts.partition_columns.get(table_key(rule.table), frozenset()) & set(rule.columns)):
        what = f"rule {rule.id} changes {rule.table}.{column}, by which the table is partitioned: each row would move"
        yield finding("RET225", rule.columns[column].place, what, rule.id)


def _mark(binding: Binding, facts: Facts, rule: Rule) -> Iterator[Finding]:
    if rule.mark is None:
        return
    mark = binding.column(binding.shape(rule.table).key, rule.mark, rule.place)
    if not mark.nullable or mark.generated or mark.kind not in (ColumnKind.NAIVE, ColumnKind.INSTANT):
        how = "generated " if mark.generated else "" if mark.nullable else "NOT NULL "
        what = f"the mark {rule.table}.{rule.mark} is no nullable timestamp but a {how}{mark.kind}"
        yield finding("RET209", rule.at("mark"), what, rule.id)
    elif mark.supplied or mark.on_update:
        how = "ON UPDATE" if mark.on_update else "a default"
        what = f"the mark {rule.table}.{rule.mark} has {how}: rows that nothing has changed would count as done"
        do = f"take {how} away, or name a column that nothing else fills"
        yield finding("RET209", rule.at("mark"), what, rule.id, do=do)
    for trigger in filling(facts, table_key(rule.table), rule.mark):
        what = (
            f"the trigger {trigger} sets the mark {rule.table}.{rule.mark}: rows that nothing has changed count as done"
        )
        yield finding("RET209", rule.at("mark"), what, rule.id, do="name a column that nothing else fills")
