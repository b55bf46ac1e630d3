"""Formats of text clocks: where in a text which part of a moment stands, and whether such texts sort like time.

A text is readable only if writing the value back gives the same text, so every part has one width. Nothing here is
worked out by the engine's own parsing: a text is cut at fixed places and put together as ``YYYY-MM-DD HH:MM:SS``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, case, func, literal

from retention.database.reading import Sql
from retention.errors import Refused

DIGIT = "[0-9]"
OFFSET = "([+](0[0-9]|1[0-4])|-(0[1-9]|1[0-2]))[0-5][0-9]"
"""An offset as ``%z`` writes it, within those that zones have."""
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_WIDTH = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "f": 6, "b": 3, "a": 3, "p": 2, "z": 5}
_ORDER = "YmdHMSf"
_NAMES = "bap"
_PIVOT = "69"
_STEPS = (("f", timedelta(0)), ("S", timedelta(0)), ("M", timedelta(minutes=1)), ("H", timedelta(hours=1)))
_SUPPORTED = "%Y %y %m %b %B %d %a %H %I %p %M %S %f %z and %%"


@dataclass(frozen=True, slots=True)
class Field:
    """One part of a moment: the directive's letter, its first place (from 1), its width.

    A month's whole name has no one width, so ``name`` says which month stands here.
    """

    letter: str
    start: int
    width: int
    name: str | None = None


@dataclass(frozen=True)
class TextFormat:
    """A text of one width: literals, and fields at fixed places."""

    pieces: tuple[str | Field, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Return the parts in the order they stand."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Field))

    @property
    def letters(self) -> str:
        """Return the parts' letters in the order they stand."""
        return "".join(field.letter for field in self.fields)

    @property
    def has_time(self) -> bool:
        """Whether it says more than a day."""
        return any(letter in self.letters for letter in "HIMSf")

    @property
    def has_offset(self) -> bool:
        """Whether it says how far its clock lies from UTC."""
        return "z" in self.letters

    @property
    def sorts(self) -> bool:
        """Whether such texts sort like time."""
        return _ORDER.startswith(self.letters) and self.sorts_by_day

    @property
    def sorts_by_day(self) -> bool:
        """Whether their beginning sorts like days."""
        return self.letters.startswith("Ymd")

    @property
    def only_digits(self) -> bool:
        """Whether such a text is a number as well."""
        return all(isinstance(piece, Field) for piece in self.pieces) and not set(self.letters) & set("Bbapz")

    def write(self, moment: datetime) -> str:
        """Return the first text at or after a moment."""
        step = next((step for letter, step in _STEPS if letter in self.letters), timedelta(days=1))
        if step:
            midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
            moment = midnight - (midnight - moment) // step * step
        return self._written(self.pieces, moment)

    def write_day(self, moment: datetime) -> str:
        """Return the beginning of a text, up to its day."""
        last = next(
            index for index, piece in enumerate(self.pieces) if isinstance(piece, Field) and piece.letter == "d"
        )
        return self._written(self.pieces[: last + 1], moment)

    @staticmethod
    def _written(pieces: Sequence[str | Field], moment: datetime) -> str:
        return "".join(piece if isinstance(piece, str) else moment.strftime(f"%{piece.letter}") for piece in pieces)

    @property
    def zero(self) -> str:
        """Return the text with a zero for every digit, as a zero date is written."""
        return "".join(piece if isinstance(piece, str) else "0" * piece.width for piece in self.pieces)

    @property
    def regex(self) -> str:
        """Return a regular expression of the layout."""
        return "".join(
            re.sub(r"([.^$*+?()\[\]{}|\\])", r"\\\1", piece) if isinstance(piece, str) else _regex(piece)
            for piece in self.pieces
        )

    @property
    def glob(self) -> str:
        """Return a GLOB pattern of the layout; names are checked where they are read."""
        return "".join(
            re.sub(r"([*?\[])", r"[\1]", piece) if isinstance(piece, str) else _glob(piece) for piece in self.pieces
        )

    def part(self, text: Sql, letter: str) -> Sql | None:
        """Return the part of a text that a directive stands for; None where it has none."""
        for field in self.fields:
            if field.letter == letter:
                return func.substr(text, field.start, field.width, type_=String())
        return None

    def canonical(self, text: Sql) -> Sql:
        """Return a text of the layout as ``YYYY-MM-DD``, with `` HH:MM:SS`` where it says a time.

        It is null where a name in it is none.
        """
        day = _joined("-", self._year(text), self._month(text), self._two(text, "d"))
        if not self.has_time:
            return day
        clock = _joined(":", self._hour(text), self._two(text, "M"), self._two(text, "S"))
        return day.concat(" ").concat(clock)

    def _two(self, text: Sql, letter: str) -> Sql:
        part = self.part(text, letter)
        return literal("00", String()) if part is None else part

    def _year(self, text: Sql) -> Sql:
        part = self.part(text, "Y")
        if part is not None:
            return part
        short = self._two(text, "y")
        century: Sql = case((short >= _PIVOT, "19"), else_="20")
        return century.concat(short)

    def _month(self, text: Sql) -> Sql:
        for field in self.fields:
            if field.name is not None:
                return literal(f"{MONTHS.index(field.name) + 1:02}", String())
        name = self.part(text, "b")
        if name is None:
            return self._two(text, "m")
        return case({month[:3]: f"{number:02}" for number, month in enumerate(MONTHS, 1)}, value=name)

    def _hour(self, text: Sql) -> Sql:
        half = self.part(text, "p")
        if half is None:
            return self._two(text, "H")
        hours = {
            f"{hour:02}{name}": f"{hour % 12 + first:02}"
            for name, first in (("AM", 0), ("PM", 12))
            for hour in range(1, 13)
        }
        return case(hours, value=self._two(text, "I").concat(half))


class FormatError(Refused, ValueError):
    """A text is no format in which a day can be read."""


def parse_format(written: str) -> tuple[TextFormat, ...]:
    """Return the format that a strptime text stands for: one, or one for each month where months' names are whole.

    Raises:
        FormatError: it has a directive that isn't supported, or doesn't say each part once.
    """
    pieces = list(_pieces(written))
    letters = [letter for is_field, letter in pieces if is_field]
    said = set(letters)

    def wrong(what: str) -> FormatError:
        return FormatError(f"as: text:{written} {what}")

    for letter in letters:
        if letters.count(letter) > 1:
            raise wrong(f"says %{letter} twice; say it once")
    if len(said & {"Y", "y"}) != 1 or len(said & {"m", "b", "B"}) != 1 or "d" not in said:
        raise wrong("has to say year, month and day, once each, such as %Y-%m-%d")
    if ("I" in said) != ("p" in said) or {"H", "I"} <= said:
        raise wrong("has to say the hour as %H, or as %I with %p")
    if "z" in said and not {"H", "I"} & said:
        raise wrong("has an offset and no hour; add %H")
    return tuple(_placed(pieces, month) for month in MONTHS) if "B" in said else (_placed(pieces),)


def _pieces(written: str) -> Iterator[tuple[bool, str]]:
    """Yield each directive's letter as (True, letter) and each literal stretch as (False, text)."""
    for part in re.findall(r"%.?|[^%]+", written, re.DOTALL):
        if part == "%%":
            yield False, "%"
        elif not part.startswith("%"):
            yield False, part
        elif part[1:] in _WIDTH or part == "%B":
            yield True, part[1:]
        else:
            raise FormatError(f"as: text:{written}: {part} is not supported; use {_SUPPORTED}")


def _placed(pieces: Sequence[tuple[bool, str]], month: str = "") -> TextFormat:
    found: list[str | Field] = []
    place = 1
    for is_field, text in pieces:
        whole = is_field and text == "B"
        width = len(month) if whole else _WIDTH[text] if is_field else len(text)
        found.append(Field(text, place, width, month if whole else None) if is_field else text)
        place += width
    return TextFormat(tuple(found))


def _regex(field: Field) -> str:
    names = {"b": "|".join(month[:3] for month in MONTHS), "a": "|".join(DAYS), "p": "AM|PM"}
    if field.letter in names:
        return f"({names[field.letter]})"
    return field.name or (OFFSET if field.letter == "z" else DIGIT * field.width)


def _glob(field: Field) -> str:
    if field.letter == "z":
        return "[-+]" + DIGIT * 4
    return field.name or ("?" * field.width if field.letter in _NAMES else DIGIT * field.width)


def _joined(between: str, *parts: Sql) -> Sql:
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.concat(between).concat(part)
    return whole
