"""Where the reports are inside Airflow's interface."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from airflow.sdk import conf

PREFIX = "/retention"


def base_path() -> str:
    """Return the path that Airflow itself is served under, without a slash at its end."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


def front_page() -> str:
    """Return the address of the list of runs."""
    return f"{base_path()}{PREFIX}/"


def run_page(run: str) -> str:
    """Return the address of a run's page."""
    return f"{base_path()}{PREFIX}/runs/{quote(run)}"
