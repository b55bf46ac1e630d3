"""What a check finds in a live database, on every engine: each seeded mistake, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from support.flawed import make
from support.schemas import valid
from support.shop import Called, Shop

SEEDED = Path(__file__).with_name("database.yaml")


def seeded(path: Path) -> set[tuple[str, str]]:
    """The codes that comments name, each with where it is to be found."""
    found = set()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        comment = line.partition("# RET")[1] + line.partition("# RET")[2]
        codes, _, at = comment.partition(" at ")
        for code in re.findall(r"RET\d\d\d", codes):
            found.add((code, at.strip() or f"{path}:{number}"))
    return found


def checked(url: str, folder: Path, matrix: Path, capsys: Any, *arguments: str) -> Called:
    shop = Shop(url, folder, matrix)
    return shop.call(capsys, "check", "--json", *arguments, day=None)


def test_every_seeded_mistake_is_found_in_the_database_and_nothing_else(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    make(engine_url)
    called = checked(engine_url, tmp_path, SEEDED, capsys)
    assert called.code == 1, called.err
    valid(called.document, "check")
    findings = called.document["findings"]
    found = {(one["code"], one["where"]) for one in findings if one["code"] != "RET227"}
    wanted = seeded(SEEDED)
    assert found == wanted
    assert len(wanted) >= 40
    texts = {one["code"]: one["what"] + one["do"] for one in findings}
    assert "orders_history" in texts["RET219"]
    assert "log_touch" in texts["RET211"]
    assert "CREATE INDEX" in texts["RET205"]
