"""``make bench`` at a size that says nothing of speed: that it measures, judges and writes what it should."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"id", "engine", "ratio", "must", "aim", "lower_is_better", "rows", "rounds", "note"}


@pytest.mark.slow
def test_the_bench_tells_of_every_bar(tmp_path: Path, proof: bool) -> None:
    if not proof:
        pytest.skip("half a minute of starts; make proof does it")
    results = tmp_path / "results.json"
    command = ["--rows", "3000", "--rounds", "1", "--engine", "sqlite", "--out", str(tmp_path), "--results", results]
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "bench"), *map(str, command)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bench.md").read_text(encoding="utf-8") in done.stdout
    assert (tmp_path / "bench.svg").read_text(encoding="utf-8").startswith("<svg")
    found = json.loads(results.read_text(encoding="utf-8"))
    assert all(set(one) >= KEYS and one["must"] is not None for one in found)
    assert {one["engine"] for one in found} == {"postgresql", "mariadb", "sqlite"}
    for one in found:
        measured = one["engine"] == "sqlite"
        assert (one["ratio"] is not None) == measured, one
        if measured:
            reached = one["ratio"] <= one["must"] if one["lower_is_better"] else one["ratio"] >= one["must"]
            assert one["verdict"].startswith("met" if reached else "not met"), one
        else:
            assert one["note"] == "not measured: the engine was left out"
    lines = [line for line in done.stdout.splitlines() if line.startswith("| SQLite")]
    assert any("ORM row by row" in line for line in lines)
    assert sum("**not met**" in line for line in lines) == sum(one.get("verdict") == "not met" for one in found)
