"""What a run's document says of it as a whole, and what the command leaves with. Both follow from outcomes alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from retention.errors import BrokeOff


def status_of(rules: Sequence[Mapping[str, Any]], checks: Sequence[Mapping[str, Any]]) -> str:
    """Return the status of a run that came to its end."""
    states = {rule["status"] for rule in rules}
    if "stopped" in states:
        return "stopped"
    if states & {"failed", "refused"} or not all(check["ok"] for check in checks):
        return "partial" if states & {"done", "partial", "nothing"} else "failed"
    if "waiting" in states:
        return "waiting"
    return "partial" if "partial" in states else "succeeded"


def exit_code_of(document: Mapping[str, Any]) -> int:
    """Return what the command leaves with for a run's document: the first that fits of 5, 4, 1, 3, else 0."""
    if document.get("broke_off"):
        return BrokeOff.exit_code
    states = {rule["status"] for rule in document["rules"]}
    if "stopped" in states:
        return 4
    wrong = any(finding["severity"] == "error" for finding in document["findings"])
    if wrong or states & {"failed", "refused"} or not all(check["ok"] for check in document["checks"]):
        return 1
    return 3 if "waiting" in states else 0
