"""What a person wrote is shown as it was written, wherever it stands on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.library import MATRIX, make_library
from support.shop import Shop

ODD = ("소송 [/2026가합1]", "see [case 12]", "[red]b[/red] :key:")


@pytest.fixture
def library(sqlite_url: str, tmp_path: Path) -> Shop:
    shop = make_library(sqlite_url, tmp_path)
    shop.matrix.write_text(MATRIX.replace("then: delete, approval: never}", "then: delete}", 1), encoding="utf-8")
    return shop


@pytest.mark.parametrize("odd", ODD)
def test_reasons_names_and_notes_are_shown_as_they_were_written(library: Shop, capsys: Any, odd: str) -> None:
    added = library.call(capsys, "hold", "add", "--rule", "loans", "--reason", odd, "--by", odd, "--json", day=None)
    listed = library.call(capsys, "hold", "list", day=None)
    # A cell that is too narrow breaks a text between its words.
    assert (listed.code, all(listed.out.count(word) >= 2 for word in odd.split())) == (0, True), listed.out
    number = added.document["id"]
    released = library.call(capsys, "hold", "release", number, "--reason", odd, "--by", odd, day=None)
    assert (released.code, odd in released.out) == (0, True), released.err
    digest = library.call(capsys, "plan", "--json").document["digest"]
    decided = library.call(capsys, "approve", digest, "--by", odd, "--note", odd, "--reject")
    assert (decided.code, odd in decided.out) == (0, True), decided.err
    ran = library.call(capsys, "run", "--plan", digest)
    assert ran.code == 3, ran.err
    assert all(word in ran.out for word in f"denied by {odd}".split()), ran.out
    run = library.call(capsys, "report", "--json", day=None).document["run"]
    confirmed = library.call(capsys, "confirm", run, "--by", odd, "--note", odd, day=None)
    assert (confirmed.code, odd in confirmed.out) == (0, True), confirmed.err


@pytest.mark.parametrize("odd", ["visit [/x]", "[case 12]"])
def test_names_of_tables_are_shown_as_they_are_spelled(library: Shop, capsys: Any, odd: str) -> None:
    library.do(f'ALTER TABLE visit RENAME TO "{odd}"')
    text = library.matrix.read_text(encoding="utf-8").replace("library.visit", f'"library.{odd}"')
    library.matrix.write_text(text, encoding="utf-8")
    planned = library.call(capsys, "plan", "--sql")
    assert (planned.code, f'DELETE FROM "{odd}"' in planned.out) == (0, True), planned.out + planned.err
    explained = library.call(capsys, "explain", f"library.{odd}", "1")
    assert (explained.code, odd in explained.out) == (0, True), explained.err
    where = ("--where", f"library.{odd}", "id = 1", "--reason", "r", "--by", "b")
    held = library.call(capsys, "hold", "add", *where, day=None)
    assert (held.code, f"library.{odd}: 1 row" in held.out) == (0, True), held.err
    changed = library.call(capsys, "diff", str(library.matrix), str(library.matrix))
    assert (changed.code, f"library.{odd}" in changed.out) == (0, True), changed.err
