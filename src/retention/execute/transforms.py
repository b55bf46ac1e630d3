"""From a rule's ``columns`` to transforms that fit the live columns."""

from __future__ import annotations

from collections.abc import Callable

from retention.errors import Refused
from retention.matrix.column_facts import column_facts
from retention.matrix.model import Action
from retention.plan.rules import BoundRule
from retention.surrogate import KeySource, Transform, build


def build_transforms(rule: BoundRule, key: Callable[[], KeySource]) -> tuple[dict[str, Transform], str | None]:
    """Return a transform for each column, and the id of the ring's key that they draw from, None where none does.

    ``key`` is asked only where one is drawn from.

    Raises:
        Refused: a transform doesn't fit its column, or there is no key that it could draw from; nothing was changed.
    """
    transforms = _built(rule, None)
    problems = [f"column {name}: {problem}" for name, one in transforms.items() for problem in one.check()]
    if problems:
        raise Refused(f"{rule.rule.place}: rule {rule.id}: {'; '.join(problems)}")
    if not any(transform.keyed for transform in transforms.values()):
        return transforms, None
    keys = key()
    return _built(rule, keys), keys.id if rule.action is Action.PSEUDONYMIZE else None


def _built(rule: BoundRule, keys: KeySource | None) -> dict[str, Transform]:
    transforms: dict[str, Transform] = {}
    for name, spec in rule.rule.columns.items():
        shape = rule.binding.column(rule.table, name, rule.rule.place)
        facts = column_facts(rule.binding, rule.table, shape)
        transforms[name] = build(spec.name, spec.argument, column=facts, keys=keys)
    return transforms
