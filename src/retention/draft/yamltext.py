"""YAML as a person would write it: names plain where they can be, quoted where they have to be."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from textwrap import wrap

_PLAIN = re.compile(r"[^\W\d][\w.$-]*")
_TAKEN = frozenset(["true", "false", "null", "yes", "no", "on", "off", "y", "n", "none", "nan", "inf"])
_WIDE = 116


def scalar(text: str) -> str:
    """Return a text as a YAML scalar."""
    if _PLAIN.fullmatch(text) and text.lower() not in _TAKEN:
        return text
    return json.dumps(text, ensure_ascii=False)


def flow(words: Iterable[str]) -> str:
    """Return a list in brackets."""
    return "[" + ", ".join(scalar(word) for word in words) + "]"


def comment(text: str, indent: int) -> list[str]:
    """Return a comment, wrapped."""
    return [" " * indent + "# " + line for line in wrap(text, _WIDE - indent, break_long_words=False)]


def hidden_list(key: str, words: Sequence[str], indent: int, why: str) -> list[str]:
    """Return a list that is commented out, one line however long: taking the sign away makes it count."""
    return [f"{' ' * indent}# {key}: {flow(words)}  # {why}"]
