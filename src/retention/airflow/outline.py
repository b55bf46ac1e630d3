"""The little of a matrix that a DAG's shape depends on, read without loading the matrix itself.

A DAG file is parsed every few seconds. A matrix that can't be read gives an empty outline: the DAG stays, and its
first task fails with every mistake, each with its line. A night that silently vanished would be worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_AFTER = ".after"


@dataclass(frozen=True)
class Outline:
    """The names of a matrix's databases and rules, in its order."""

    databases: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: Path) -> Outline:
        """Return the outline of a file; an empty one where it can't be read."""
        try:
            data = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - it makes texts only
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            return cls()
        if not isinstance(data, Mapping):
            return cls()
        databases, rules = data.get("databases"), data.get("rules")
        return cls(
            tuple(str(name) for name in databases) if isinstance(databases, Mapping) else (),
            tuple(_rules(rules)) if isinstance(rules, list) else (),
        )


def _rules(rules: list[Any]) -> list[str]:
    found: list[str] = []
    for rule in rules:
        if isinstance(rule, Mapping) and isinstance(rule.get("id"), str):
            found.append(rule["id"])
            if rule.get("then_after"):
                found.append(rule["id"] + _AFTER)
    return found


# Names as they are written, whatever YAML 1.1 takes them for.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
