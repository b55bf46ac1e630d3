"""The page on questions shows what the commands print."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.shop import MATRIX, ROOT, make_shop

PAGE = ROOT / "docs" / "explain.md"
_COMMAND = "    $ retention "


def examples(page: str) -> list[tuple[list[str], list[str]]]:
    """Return every command of a page with the lines that follow it, indentation taken off."""
    found: list[tuple[list[str], list[str]]] = []
    inside = False
    for line in page.splitlines():
        if line.startswith(_COMMAND):
            found.append((line.removeprefix(_COMMAND).split(), []))
            inside = True
        elif inside and (not line or line.startswith("    ")):
            found[-1][1].append(line[4:])
        else:
            inside = False
    return found


def test_every_example_of_the_page_is_what_the_command_prints(
    sqlite_url: str, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop(sqlite_url, tmp_path)
    written = MATRIX.read_text(encoding="utf-8")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "retention.yaml").write_text(written, encoding="utf-8")
    (tmp_path / "three-years.yaml").write_text(written.replace("keep: P5Y", "keep: P3Y"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    shown = examples(PAGE.read_text(encoding="utf-8"))
    assert {command for words, _lines in shown for command in words} >= {"explain", "forecast", "diff", "ko"}
    for words, lines in shown:
        asked = shop.call(capsys, *words)
        assert asked.code == 0, asked.err
        printed = [line.rstrip() for line in asked.out.strip("\n").splitlines()]
        assert "\n".join(lines).strip("\n").splitlines() == printed, words
