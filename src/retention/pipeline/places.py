"""Where a pipeline finds its ledger and its keys, and leaves its reports: what the environment says, or a default."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from retention.ledger import Ledger

LEDGER_URL = "sqlite:///var/ledger.sqlite"


@dataclass(frozen=True)
class Places:
    """The ledger's URL and its file of secrets (None: beside the ledger), the key ring, and the reports' folder."""

    ledger_url: str
    ledger_keys: Path | None
    key_ring: Path
    reports: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Places:
        """Read ``RETENTION_LEDGER_URL``, ``RETENTION_LEDGER_KEYS``, ``RETENTION_KEYRING`` and ``RETENTION_REPORTS``."""
        keys = environment.get("RETENTION_LEDGER_KEYS")
        return cls(
            environment.get("RETENTION_LEDGER_URL") or LEDGER_URL,
            Path(keys) if keys else None,
            Path(environment.get("RETENTION_KEYRING") or "var/keyring"),
            Path(environment.get("RETENTION_REPORTS") or "var/reports"),
        )

    @contextmanager
    def open_ledger(
        self, now: Callable[[], datetime], *, new: bool = True, any_secrets: bool = False
    ) -> Iterator[Ledger]:
        """Open the ledger, making it where it is ``new``; with ``any_secrets``, also with another ledger's.

        Raises:
            Refused: it can't be used, or is out of reach.
        """
        ledger = Ledger.open(self.ledger_url, self.ledger_keys, now, new=new, any_secrets=any_secrets)
        try:
            yield ledger
        finally:
            ledger.close()
