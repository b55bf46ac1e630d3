"""Which rules an answer shows: all, or those that were named, each with what follows it."""

from __future__ import annotations

from retention.pipeline.base import Pipeline
from retention.plan.bind import AFTER


def shown(pipeline: Pipeline, rule: str) -> bool:
    """Whether an answer shows the rule."""
    return not pipeline.rules or rule in pipeline.rules or rule.removesuffix(AFTER) in pipeline.rules
