"""``{redact: [patterns]}``: what matches in a running text is blacked out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pandas as pd

from retention.surrogate.base import ColumnFacts, KeySource, Transform, each_distinct, plain
from retention.surrogate.korean_patterns import NAMED
from retention.surrogate.patterns import WINDOW, problem

_OVERLAP: Final = 128
_OWN: Final = "redacted"
Span = tuple[int, int, str]
"""Where a match begins and ends, and what it is marked as."""


class Redact(Transform):
    """Replace every match by ``[mobile]``, ``[email]`` … for a pattern known by name, else by ``[redacted]``.

    What several patterns match, or touches, becomes one mark. Where the marks would make the text too long for its
    column, asterisks stand for as many characters. A pattern is given 512 characters at a time, of which 128 come
    again, so that no text can hold a night up; a match longer than that may be found in part only. It finds what it
    was told to find, and no more: a redacted text isn't anonymous.
    """

    def __init__(self, argument: Any, column: ColumnFacts, keys: KeySource | None = None) -> None:
        super().__init__(argument, column, keys)
        given = argument if isinstance(argument, list) else []
        self.patterns = [(one, NAMED[one]) if one in NAMED else (_OWN, str(one)) for one in given]

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the redacted texts."""
        del subjects
        compiled = [(label, re.compile(pattern)) for label, pattern in self.patterns]
        return each_distinct(values, lambda value: self._redact(plain(value), compiled))

    def problems(self) -> list[str]:
        """Refuse other columns than texts, and patterns that are none, match nothing or could take for ever."""
        if not self.patterns or not all(isinstance(one, str) and one for one in self.argument):
            return ["redact takes a list of regular expressions, or of names such as mobile and email"]
        found = [f"the pattern {one} {what}" for one in self.argument if one not in NAMED and (what := problem(one))]
        if self.column.kind != "text":
            found.append(f"redact takes running text, the column is {self.column.kind}")
        return found

    def _redact(self, text: str, compiled: list[tuple[str, re.Pattern[str]]]) -> str:
        spans = _merged([(*span, label) for label, pattern in compiled for span in _matches(pattern, text)])
        marked = _replaced(text, spans, lambda _length, label: f"[{label}]")
        return marked if self.column.holds(len(marked)) else _replaced(text, spans, lambda length, _label: "*" * length)


def _matches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begin in range(0, max(1, len(text) - _OVERLAP), WINDOW - _OVERLAP):
        found.extend(match.span() for match in pattern.finditer(text, begin, begin + WINDOW) if match.group())
    return found


def _merged(spans: list[Span]) -> list[Span]:
    """Return the spans in the text's order, those that overlap or touch as one, under the first one's label."""
    merged: list[Span] = []
    for start, stop, label in sorted(spans, key=lambda span: span[0]):
        if merged and start <= merged[-1][1]:
            begun, end, first = merged[-1]
            merged[-1] = (begun, max(end, stop), first)
        else:
            merged.append((start, stop, label))
    return merged


def _replaced(text: str, spans: list[Span], mark: Callable[[int, str], str]) -> str:
    pieces, end = [], 0
    for start, stop, label in spans:
        pieces += [text[end:start], mark(stop - start, label)]
        end = stop
    return "".join([*pieces, text[end:]])
