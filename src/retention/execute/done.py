"""What a batch did to one rule's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from retention.keys import Keys
from retention.plan.rules import BoundRule


@dataclass
class Done:
    """What the action of a batch did to one rule's rows, inside the open transaction.

    ``statement_ms`` is how long its longest statement took, ``held_ms`` how long its locks were held: to the commit,
    the ledger's write included. They were held from ``locked`` on, of the monotonic clock; None: from the beginning.
    ``looked_ms`` is how long rows were looked at before that.
    """

    rule: BoundRule
    rows: int
    keys: Keys
    days: Sequence[date | None]
    parts: dict[str, int] = field(default_factory=dict)
    statement_ms: float = 0.0
    key_id: str | None = None
    held_ms: float = 0.0
    locked: float | None = None
    looked_ms: float = 0.0

    @property
    def weight(self) -> int:
        """Return how many rows went or changed, parts counted with them."""
        return self.rows + sum(self.parts.values())
