"""The ledger: runs, plans, batches, decisions. Append-only, hash-chained, signed at every closing."""

from retention.ledger.entry import Entry
from retention.ledger.ledger import Chain, Ledger
from retention.ledger.reading import RunHead
from retention.ledger.store import LedgerFault, LedgerRefused

__all__ = ["Chain", "Entry", "Ledger", "LedgerFault", "LedgerRefused", "RunHead"]
