"""The house's own rules, as far as a machine can see them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "src" / "retention"


def test_wall_time_enters_in_one_place() -> None:
    places = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("now", "today", "utcnow")
        if isinstance(node.value, ast.Name) and node.value.id in ("datetime", "date")
    ]
    assert places == ["pipeline/base.py"]


def test_no_file_outgrows_a_reader() -> None:
    lengths = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in SOURCE.rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 430} == {}


def test_a_command_starts_without_what_few_need_and_nothing_but_its_own_room_needs_airflow() -> None:
    heavy = {"airflow", "alembic", "altair", "faker", "great_expectations", "openpyxl", "vl_convert"}
    code = f"""
import sys, retention.cli.main
print(*{heavy} & set(sys.modules))
sys.modules['airflow'] = None
import retention.demo, retention.quality.before, retention.report.html, retention.report.xlsx
"""
    called = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert called.stdout.split() == []
