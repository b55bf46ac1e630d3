"""The values of ``values.yaml``, every one as the text that stands there: YAML's own dates are none of its business."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

DATA = YAML(typ="base").load(Path(__file__).with_name("values.yaml").read_text(encoding="utf-8"))
AS_OF = date.fromisoformat(DATA["as_of"])
CUTOFF = date(AS_OF.year - 5, AS_OF.month, AS_OF.day)


def kinds(engine: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield table, column type and entry for each kind of clock that the engine has."""
    for number, entry in enumerate(DATA["clocks"]):
        for variant, (name, column) in enumerate(entry["type"].items()):
            if name.partition(" ")[0] == engine:
                yield f"c{number}_{variant}", column, entry


def clock_of(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry's clock as the matrix writes it."""
    return {"column": "at", **{key: entry[key] for key in ("as", "zone", "floor", "empty") if key in entry}}


def quoted(value: str) -> str:
    """Return the value as SQL has it."""
    return "NULL" if value == "null" else f"'{value}'"
