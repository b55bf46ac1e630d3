"""A table as both the page and the workbook show it: cells are texts, numbers or days, never markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Text:
    """A text with what a page has to know of it: its language where it isn't the page's, code to be shown as such.

    ``write_in`` makes it a line to be filled in by hand.
    """

    text: str
    lang: str | None = None
    code: bool = False
    write_in: bool = False

    def __str__(self) -> str:
        return self.text


Line = str | Text
Cell = Line | int | float | date | tuple[Line, ...] | None
"""What a cell holds; a tuple is several lines, None is nothing known."""


@dataclass(frozen=True, slots=True)
class Table:
    """A caption, headings, and rows; the first column names its row. ``name`` marks it for the style sheet."""

    caption: str
    heads: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.rows)


def lines(*found: Line | None) -> tuple[Line, ...]:
    """Return those lines that there are."""
    return tuple(line for line in found if line is not None and str(line))


def recorded(text: str) -> Text | None:
    """Return a line as the run recorded it, which is in English; None where it recorded nothing."""
    return Text(text, lang="en") if text else None
