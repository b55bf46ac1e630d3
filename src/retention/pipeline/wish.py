"""What somebody asked of a night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Wish:
    """A day, or a plan made before, and what was said beside it.

    ``accepted`` maps rules to the most rows ``by`` accepts for this run; ``budget`` is the most rows a rule may take;
    ``stop`` gives the reason to end between two batches, or None. ``who`` is whom the ledger names; the operating
    system's user where it is left out.
    """

    as_of: date | None = None
    plan: str | None = None
    dry_run: bool = False
    accepted: Mapping[str, int] = field(default_factory=dict)
    by: str | None = None
    budget: int | None = None
    stop: Callable[[], str | None] = lambda: None
    who: str | None = None
