"""A matrix with many mistakes: every one is found, each on its line, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from retention.cli.main import main
from retention.errors import Finding
from retention.matrix.codes import CODES
from retention.matrix.load import inspect

MISTAKES = Path(__file__).with_name("mistakes.yaml")


def seeded(path: Path) -> set[tuple[str, int]]:
    """The codes that comments of a file name, each with its line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {
        (code, number)
        for number, line in enumerate(lines, 1)
        for code in re.findall(r"RET\d\d\d", line.partition(" # ")[2])
    }


def at_lines(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str, int]]:
    return [(one.code, int(one.where.rpartition(":")[2])) for one in findings]


def test_every_seeded_mistake_is_found_on_its_line_and_nothing_else() -> None:
    wanted = seeded(MISTAKES)
    _matrix, findings = inspect(MISTAKES)
    assert len(wanted) >= 60
    assert set(at_lines(findings)) == wanted
    assert len(findings) == len(wanted), "each is told once"
    assert all(one.where.startswith(str(MISTAKES)) and one.do for one in findings)


def test_findings_are_told_in_the_order_of_the_file() -> None:
    _matrix, findings = inspect(MISTAKES)
    numbers = [line for _code, line in at_lines(findings)]
    assert numbers == sorted(numbers)


def test_the_command_tells_them_all_and_leaves_with_1(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION_CONFIG", str(MISTAKES))
    with pytest.raises(SystemExit) as left:
        main(["check", "--static"])
    assert left.value.code == 1
    shown = capsys.readouterr().out
    assert {code for code, _line in seeded(MISTAKES)} <= set(re.findall(r"RET\d\d\d", shown))


def test_codes_are_stable_and_say_what_to_do() -> None:
    for code, one in CODES.items():
        assert code == one.code
        assert re.fullmatch(r"RET[0-9]{3}", code)
        assert re.fullmatch(r"[a-z0-9-]+", one.name)
        assert one.do
        assert one.example.endswith((".", "?"))
