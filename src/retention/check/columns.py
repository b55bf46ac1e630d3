"""Columns that a rule changes: whether the transform fits, and whether the mark can hold an instant."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from retention.check.codes import finding
from retention.database.columns import ColumnKind
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding
from retention.matrix.model import Action, Rule
from retention.surrogate import ColumnFacts, build


def changed_columns(binding: Binding, *, has_key_ring: bool) -> Iterator[Finding]:
    """Yield what doesn't fit between transforms, marks and live columns."""
    for rule in binding.rules:
        if rule.action.on_rows:
            continue
        keyed = yield from _transforms(binding, rule)
        if keyed and rule.action is Action.PSEUDONYMIZE and not has_key_ring:
            yield finding("RET213", rule.place, f"rule {rule.id} draws from a key ring, and there is none", rule.id)
        if rule.mark is not None:
            mark = binding.column(binding.shape(rule.table).key, rule.mark, rule.place)
            if not mark.nullable or mark.kind not in (ColumnKind.NAIVE, ColumnKind.INSTANT):
                what = f"the mark {rule.table}.{rule.mark} is not a nullable timestamp"
                yield finding("RET209", rule.place, what, rule.id)


def _transforms(binding: Binding, rule: Rule) -> Generator[Finding, None, bool]:
    keyed = False
    for name, spec in rule.columns.items():
        shape = binding.column(binding.shape(rule.table).key, name, rule.place)
        facts = ColumnFacts(shape.kind.value, shape.length, shape.nullable, shape.unique)
        try:
            transform = build(spec.name, spec.argument, column=facts, keys=None)
        except Refused:
            continue
        keyed = keyed or transform.keyed
        problems = transform.check()
        if shape.generated:
            problems.append("it is generated; change what it is generated from")
        for problem in problems:
            yield finding("RET208", rule.place, f"rule {rule.id}: {rule.table}.{name}: {problem}", rule.id)
    return keyed
