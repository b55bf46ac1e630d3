"""The privacy officer's confirmation of a run (표준 개인정보 보호지침 제10조)."""

from __future__ import annotations

from dataclasses import dataclass

from retention.law import in_utc
from retention.ledger import Ledger

_KIND = "confirmation"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Who confirmed a run, when (an ISO instant in UTC), and with which note."""

    run: str
    by: str
    note: str
    at: str


@dataclass(frozen=True, slots=True)
class Confirmations:
    """The confirmations in a ledger."""

    ledger: Ledger

    def confirm(self, run: str, by: str, note: str) -> Confirmation:
        """Record that a person confirms a run."""
        entry = self.ledger.record(_KIND, {"run": run, "by": by, "note": note}, key=run)
        return Confirmation(run, by, note, in_utc(entry.at))

    def of_run(self, run: str) -> list[Confirmation]:
        """Return a run's confirmations, oldest first."""
        return [
            Confirmation(run, entry.body["by"], entry.body["note"], in_utc(entry.at))
            for entry in self.ledger.find_all(_KIND, run)
        ]
