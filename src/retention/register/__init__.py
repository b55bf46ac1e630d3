"""State that people change, each change an event in the ledger: approvals, confirmations, holds."""

from retention.register.approvals import Approvals, Decision
from retention.register.confirmations import Confirmation, Confirmations
from retention.register.holds import Hold, Holds, LiveHolds

__all__ = ["Approvals", "Confirmation", "Confirmations", "Decision", "Hold", "Holds", "LiveHolds"]
