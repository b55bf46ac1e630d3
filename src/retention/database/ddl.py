"""Finding the static SQL of ``sql/``, in a checkout as in an installed package."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

_NAMED = re.compile(
    r"CREATE (?:TABLE|(?:UNIQUE )?INDEX \w+ ON) (?:IF NOT EXISTS )?[`\"]?(\w+)",
    re.IGNORECASE,
)
_CHECKOUT = Path(__file__).resolve().parents[3] / "sql"


def script(name: str) -> str:
    """Return the text of a file of ``sql/``, such as ``pipeline/postgresql.sql``."""
    packaged = files("retention").joinpath("sql", *name.split("/"))
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    return (_CHECKOUT / name).read_text(encoding="utf-8")


def split(text: str) -> list[str]:
    """Return a script's statements; each ends with a semicolon at the end of a line."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("--")]
    return [piece.strip() for piece in re.split(r";\s*(?:\n|$)", "\n".join(lines)) if piece.strip()]


def statements(name: str) -> dict[str, list[str]]:
    """Return, for each table a script makes, the statements that make it and its indexes."""
    found: dict[str, list[str]] = {}
    for statement in split(script(name)):
        named = _NAMED.match(statement)
        if named:
            found.setdefault(named.group(1), []).append(statement)
    return found
