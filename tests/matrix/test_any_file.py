"""Whatever a file holds, it is told in findings: never by an exception, and never on a line it doesn't have."""

from __future__ import annotations

import json
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retention.matrix.load import inspect
from retention.matrix.source import read
from support.matrices import SMALL, written
from support.shop import MATRIX
from support.texts import texts

JUNK = [
    None, True, 0, -1, 1.5, "", " ", "x", "a.b", "a.b.c.d", "P5Y", "*", "^", "'", '"', "\u0000", "가", [], {}, [[]],
    [{}],
    {"": 1}, {"via": []}, {"column": 1}, {"since": {"since": {}}, "after": 3}, {"while_referenced_by": "x"},
    ["x", 1, None], {"x": {"y": {"z": []}}}, {"none": None}, "text:%", float("inf"), 10**30, {"table": "shop.log"},
]  # fmt: skip


def paths(data: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here] if here else []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        found.extend(paths(value, (*here, key)))
    return found


def put(data: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


def checked(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n") + 1
    _matrix, findings = inspect(path)
    for one in findings:
        assert "\n" not in one.line()
        assert 1 <= int(one.where.rpartition(":")[2]) <= lines
        assert one.do


@pytest.mark.parametrize("file", ["small", "demo"])
def test_any_value_in_any_place_is_told(tmp_path: Path, file: str, proof: bool) -> None:
    text = SMALL if file == "small" else MATRIX.read_text(encoding="utf-8")
    data = read(written(tmp_path, text)).data
    everywhere = paths(data)
    chance = random.Random(7)
    for _ in range(6000 if proof else 250):
        mutated = json.loads(json.dumps(data))
        for path in chance.sample(everywhere, chance.choice([1, 1, 2, 4])):
            try:
                put(mutated, path, deepcopy(chance.choice(JUNK)))
            except (KeyError, IndexError, TypeError):
                continue
        as_yaml = json.dumps(mutated, ensure_ascii=False).replace("Infinity", ".inf")
        checked(written(tmp_path, as_yaml))


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 40), texts(max_size=6))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_to_the_text_is_told(tmp_path: Path, at: int, cut: int, put_in: str) -> None:
    damaged = SMALL[:at] + put_in.encode("utf-8", "ignore").decode() + SMALL[at + cut :]
    checked(written(tmp_path, damaged))
