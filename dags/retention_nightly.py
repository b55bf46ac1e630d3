"""Every night at 02:00 in Seoul: the matrix of RETENTION_CONFIG, or this repository's own."""

from __future__ import annotations

import os
from pathlib import Path

from retention.airflow.dag import retention_dag

dag = retention_dag(
    matrix=os.environ.get("RETENTION_CONFIG") or Path(__file__).resolve().parents[1] / "config" / "retention.yaml",
    # A pool has to exist before its tasks are run; where none is named, Airflow's default pool serves.
    pool=os.environ.get("RETENTION_POOL") or None,
)
