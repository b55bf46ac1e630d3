"""One row explained: its state, the computation of each day, what keeps it and until when."""

from retention.plan.explain.answer import Counted, Ended, Hold, Part, Referring, RowAnswer, RuleAnswer, Seen
from retention.plan.explain.explainer import Explainer, HoldsOf, Key

__all__ = [
    "Counted",
    "Ended",
    "Explainer",
    "Hold",
    "HoldsOf",
    "Key",
    "Part",
    "Referring",
    "RowAnswer",
    "RuleAnswer",
    "Seen",
]
