"""From a rule's ``columns`` to transforms that fit the live columns."""

from __future__ import annotations

from retention.errors import Refused
from retention.matrix.column_facts import column_facts
from retention.matrix.model import Action
from retention.plan.rules import BoundRule
from retention.surrogate import KeySource, Transform, build


def build_transforms(rule: BoundRule, keys: KeySource | None) -> tuple[dict[str, Transform], str | None]:
    """Return a transform for each column, and the id of the key they draw from, None where none does.

    Raises:
        Refused: a transform doesn't fit its column, or needs a key where there is none; nothing was changed.
    """
    transforms: dict[str, Transform] = {}
    problems: list[str] = []
    for name, spec in rule.rule.columns.items():
        shape = rule.binding.column(rule.table, name, rule.rule.place)
        facts = column_facts(rule.binding, rule.table, shape)
        transform = build(spec.name, spec.argument, column=facts, keys=keys)
        transforms[name] = transform
        problems.extend(f"column {name}: {problem}" for problem in transform.check())
    keyed = any(transform.keyed for transform in transforms.values())
    if keyed and keys is None:
        problems.append("it needs a key ring and there is none; make one with `retention key new`")
    if problems:
        raise Refused(f"{rule.rule.place}: rule {rule.id}: {'; '.join(problems)}")
    key_id = keys.id if keys is not None and keyed and rule.action is Action.PSEUDONYMIZE else None
    return transforms, key_id
