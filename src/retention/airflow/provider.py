"""What Airflow shows of this package among its providers."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Return the provider's metadata, as the entry point ``apache_airflow_provider`` promises it."""
    return {
        "package-name": "retention",
        "name": "Retention",
        "description": "Scheduled retention and anonymization of operational databases, keyed by legal basis.",
        "integrations": [{"integration-name": "Retention", "external-doc-url": "", "tags": ["software"]}],
        "operators": [{"integration-name": "Retention", "python-modules": ["retention.airflow.operators"]}],
    }
