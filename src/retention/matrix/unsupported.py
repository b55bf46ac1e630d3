"""What the language has and this version can't carry out yet: each refuses its rule clearly, none the night."""

from __future__ import annotations

from collections.abc import Iterator

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.model import Action, Matrix, Rule


def check_supported(matrix: Matrix) -> Iterator[Finding]:
    """Yield a finding for each thing a rule uses that isn't supported yet."""
    for rule in matrix.rules:
        for what in _rule(rule):
            text = f"rule {rule.id}: {what} is not supported yet"
            yield finding("RET190", rule.place, text, subject=rule.id)


def _rule(rule: Rule) -> Iterator[str]:
    if rule.action is Action.SEPARATE:
        yield "`then: separate`"
