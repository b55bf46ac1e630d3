"""What is given to a command: options that every one takes, before its name or after it, and numbers in texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

_WITH_VALUE = {"--config", "--ledger", "--lang", "--as-of", "--rule", "--database", "--limit-rows"}
_FLAGS = {"--json", "--debug"}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day_of(text: str) -> date | None:
    """Return the day that is written YYYY-MM-DD; None where it is written otherwise, or there is no such day."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def number_in(text: str) -> int | None:
    """Return the number that a text is, in plain digits, or None where it is none."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def hoisted(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the common options, which the parser looks for first, and the rest; ``--`` ends them.

    One that lacks its value is left alone with those before it, so that the parser says so.
    """
    common: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        one = waiting.pop(0)
        if one == "--":
            rest.extend([one, *waiting])
            break
        if one in _FLAGS or (one.startswith("--") and one.partition("=")[0] in _WITH_VALUE and "=" in one):
            common.append(one)
        elif one in _WITH_VALUE:
            common.append(one)
            if not waiting:
                return common, []
            common.append(waiting.pop(0))
        else:
            rest.append(one)
    return common, rest
