"""State that people change, each change an event in the ledger: approvals and confirmations."""

from retention.register.approvals import Approvals, Decision
from retention.register.confirmations import Confirmation, Confirmations

__all__ = ["Approvals", "Confirmation", "Confirmations", "Decision"]
