"""Which rules a finding concerns."""

from __future__ import annotations

from retention.errors import Finding
from retention.matrix.model import Rule


def concerns(finding: Finding, rule: Rule) -> bool:
    """Whether a finding is about the rule, its table or a part of it; one of scope run is of no rule."""
    if finding.scope == "rule":
        return finding.subject == rule.id
    return finding.scope == "table" and finding.subject in {str(rule.table), *map(str, rule.part_tables)}
