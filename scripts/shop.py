"""What ``demo`` and ``up`` share: the demo's shop, and the environment in which its nights run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from retention.airflow.local.home import Home, free_port

ROOT = Path(__file__).resolve().parents[1]
DAG = "retention_nightly"
POOL = "retention_{database}"
SLOTS = 2


def retention(*arguments: str) -> int:
    """Call the command as a person would, and return what it left with."""
    return subprocess.run([sys.executable, "-m", "retention.cli", *arguments], check=False).returncode


def make_shop(folder: Path, members: str, seed: str, anchor: str) -> None:
    """Make the shop once, and keep it."""
    made = folder / "made"
    if made.exists():
        told = made.read_text(encoding="utf-8").strip()
        print(f"The shop is there already (day, members, seed: {told}); make demo-reset forgets it.")
        return
    for old in [*folder.glob("shop.sqlite*"), *folder.glob("ledger.sqlite*"), *folder.glob("keyring")]:
        old.unlink()
    print(f"Making the shop round {anchor}: {members} members, seed {seed}.", flush=True)
    url = f"sqlite:///{folder}/shop.sqlite"
    if retention("demo", "--url", url, "--members", members, "--seed", seed, "--as-of", anchor):
        sys.exit("the shop could not be made")
    if retention("key", "new"):
        sys.exit("the key ring could not be made")
    made.write_text(f"{anchor} {members} {seed}\n", encoding="utf-8")


def set_environment(folder: Path) -> None:
    """Say where the demo's ledger, keys and reports are, to this process and to all it starts."""
    os.environ.update(
        RETENTION_CONFIG=str(ROOT / "config" / "retention.yaml"),
        RETENTION_CONN_SHOP_DB=f"sqlite:///{folder}/shop.sqlite",
        RETENTION_LEDGER_URL=f"sqlite:///{folder}/ledger.sqlite",
        RETENTION_KEYRING=str(folder / "keyring"),
        RETENTION_REPORTS=str(folder / "reports"),
    )


def home(folder: Path) -> Home:
    """Return the demo's Airflow, with the shop as an Airflow connection."""
    tasks = {"RETENTION_POOL": POOL, "AIRFLOW_CONN_SHOP_DB": f"sqlite:///{folder}/shop.sqlite"}
    return Home(folder / "airflow", ROOT / "dags", free_port(), tasks)
