"""One row explained: its state, the computation of each day, what keeps it and until when."""

from retention.plan.explain.answer import Counted, Ended, Part, Referring, RowAnswer, RuleAnswer, Seen
from retention.plan.explain.explainer import Explainer, Key

__all__ = [
    "Counted",
    "Ended",
    "Explainer",
    "Key",
    "Part",
    "Referring",
    "RowAnswer",
    "RuleAnswer",
    "Seen",
]
