"""Paths into JSON documents: ``$.a.b``, ``$.items[*].name``, ``$.list[0]``, ``$["a key"]``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_STEP = re.compile(
    r"""\.([^\s.\[\]"'*]+) | \.(\*) | \[(\*)\] | \[(\d+)\] | \[("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\]""", re.VERBOSE
)
_ESCAPED = re.compile(r"\\(.)")
Step = str | int | None
"""A name, a place in a list, or None for every member."""
Slot = tuple[Any, Any]
"""A place in a document: the object or list, and the name or number in it."""


def parse_path(text: str) -> tuple[Step, ...] | None:
    """Return the steps of a path, at least one; None where the text is no path."""
    if not text.startswith("$"):
        return None
    steps: list[Step] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            return None
        name, _all, _every, number, quoted = found.groups()
        if quoted is not None:
            name = _ESCAPED.sub(r"\1", quoted[1:-1])
        steps.append(int(number) if number is not None else name)
        at = found.end()
    return tuple(steps) or None


def slots(holder: Any, steps: tuple[Step, ...]) -> Iterator[Slot]:
    """Yield every place that a path leads to; a list's members are also where a name is looked for in each of them."""
    step, rest = steps[0], steps[1:]
    for key in _keys(holder, step):
        if rest:
            yield from slots(holder[key], rest)
        else:
            yield holder, key


def _keys(holder: Any, step: Step) -> list[Any]:
    if isinstance(holder, dict):
        return list(holder) if step is None else [step] if step in holder else []
    if isinstance(holder, list):
        numbers = range(len(holder))
        return list(numbers) if step is None else [step] if step in numbers else []
    return []
