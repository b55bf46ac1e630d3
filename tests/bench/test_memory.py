"""The memory of a night in which a person approves exactly those rows: as flat as that of any other.

What is measured is a process that plans, records the plan, loads it from the ledger and purges, as Airflow's tasks do.
"""

from __future__ import annotations

from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.slow
def test_memory_stays_flat_where_a_person_approves(monkeypatch: pytest.MonkeyPatch, proof: bool) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from benching.places import SQLitePlace
    from benching.product import Product
    from benching.shapes import LOGINS

    place, peaks = SQLitePlace(), []
    try:
        for rows in (20_000, 4_000_000 if proof else 200_000):
            place.prepare(LOGINS, rows)
            with place.copy(LOGINS, rows) as url:
                peaks.append(Product(LOGINS, workers=1, asked=True).purge(url, LOGINS.due(rows)).peak_mib or 0.0)
    finally:
        place.stop()
    few, many = peaks
    assert many < 250, peaks
    assert many - few < (40 if proof else 15), peaks
    print(f"peak {few:.0f} MiB at few rows, {many:.0f} MiB at many")
