"""Saying things in the reader's language: numbers, days, instants, periods, and the run document's own terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from retention.law import seoul_day
from retention.law.zone import SEOUL
from retention.report.words import CATALOGUES

_UNIT = re.compile(r"(\d+)([YMWD])")
_DAY, _OFFSET = len("2026-11-24"), " +09:00"
_COUNT = re.compile(r"'?(first|last)'?\s*:\s*(\d+)")


@dataclass(frozen=True)
class Words:
    """One language's catalogue. ``words("key", n=3)`` fills in what the text names in braces."""

    lang: str
    texts: Mapping[str, str]

    @classmethod
    def of(cls, lang: str) -> Words:
        """Return the catalogue of a language.

        Raises:
            KeyError: there is none for it.
        """
        return cls(lang, CATALOGUES[lang])

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the text of that key, filled in."""
        return self.texts[key].format(**values)

    def term(self, family: str, value: str, **values: object) -> str:
        """Return the word for a term of the run document, or the term itself where the catalogue has none."""
        key = f"{family}_{value}"
        return self(key, **values) if key in self.texts else value

    def rows(self, number: int) -> str:
        """Return a number of rows in words."""
        return self("row_one" if number == 1 else "row_many", n=f"{number:,}")

    def days(self, first: str, last: str) -> str:
        """Return a range of days."""
        return first if first == last else f"{first} – {last}"

    def instant(self, text: str) -> str:
        """Return an ISO instant in Seoul time, to the second."""
        return f"{datetime.fromisoformat(text).astimezone(SEOUL):%Y-%m-%d %H:%M:%S}{_OFFSET}"

    def day(self, text: str) -> str:
        """Return the Seoul day of an ISO instant."""
        return seoul_day(datetime.fromisoformat(text)).isoformat()

    def window(self, run: Mapping[str, Any], *, whole_days: bool = False) -> str:
        """Return from when to when a run went, as far as it is recorded: instants, or Seoul days."""
        show = self.day if whole_days else self.instant
        if "opened" not in run:
            return self("none_known")
        first = show(run["opened"])
        if "closed" not in run:
            return self("from_only", first=first)
        last = show(run["closed"])
        if not whole_days and first[:_DAY] == last[:_DAY]:
            first, last = first.removesuffix(_OFFSET), last[_DAY:].strip()
        return self.days(first, last)

    def period(self, text: str) -> str:
        """Return an ISO 8601 period in words; as it is written where it has parts that no statute uses."""
        found = _UNIT.findall(text)
        if "".join(f"{number}{unit}" for number, unit in found) != text.removeprefix("P"):
            return text
        return " ".join(
            self(f"unit_{unit}_{'one' if int(number) == 1 else 'many'}", n=int(number)) for number, unit in found
        )

    def transform(self, written: str) -> str:
        """Return in words what a transform of the matrix does, written as ``name: argument``."""
        name, _, argument = written.partition(": ")
        if name == "mask":
            kept = dict(_COUNT.findall(argument))
            return self("tr_mask", first=kept.get("first", 0), last=kept.get("last", 0))
        if name == "paths":
            inner = (one.partition(": ") for one in argument.split("; "))
            return self("tr_paths", inner=", ".join(f"{path} {self.transform(how)}" for path, _, how in inner))
        if name == "generalize":
            family, _, width = argument.partition(":")
            argument = self.term("gen", family, width=f"{int(width):,}" if width.isdigit() else width)
        return self.term("tr", name, argument=argument) if f"tr_{name}" in self.texts else written

    def check(self, name: str) -> str:
        """Return a quality check's name in words."""
        if name.startswith("orphans "):
            return self("check_orphans", name=name.removeprefix("orphans "))
        if name.endswith(" not null"):
            return self("check_not_null", name=name.removesuffix(" not null"))
        if name.endswith(" not in its format"):
            return self("check_format", name=name.removesuffix(" not in its format"))
        return self.term("check", name.replace(" ", "_")) if f"check_{name.replace(' ', '_')}" in self.texts else name

    def reasons(self, note: str) -> str:
        """Return why a person was asked, where a text holds nothing but the plan's terms for it; else the text."""
        terms = [part.strip() for part in note.split(",")]
        if all(f"waits_{term}" in self.texts for term in terms):
            return "; ".join(self(f"waits_{term}") for term in terms)
        return note
