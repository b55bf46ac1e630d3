"""What a column is to this product, whichever engine holds it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import BINARY, VARBINARY, LargeBinary

BYTES = (LargeBinary, BINARY, VARBINARY)
"""The types of columns that hold bytes; none of them is a kind of another."""


class ColumnKind(enum.StrEnum):
    """The kinds of column that rules tell apart."""

    DATE = "date"
    NAIVE = "naive timestamp"
    INSTANT = "instant"
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    UUID = "uuid"
    JSON = "json"
    BINARY = "binary"
    OTHER = "other"


class Declared(NamedTuple):
    """A column's whole type in the engine's own words, and its character set where each column has one.

    ``checked``: the type is a domain that takes some of its base's values only, or that may. ``on_update``: the engine
    writes it anew whenever its row is updated.
    """

    type: str
    charset: str | None = None
    checked: bool = False
    on_update: bool = False


@dataclass(frozen=True, slots=True)
class ColumnShape:
    """A column as reflected: ``length`` in characters for text, ``unique`` if alone under a unique key.

    ``charset`` is a text's character set where the engine has one per column. ``supplied``: the database gives a value
    where a statement names none; ``refuses``: it takes no value but its own. ``row_number``: it is the number by which
    the engine itself knows a row. ``declared`` and ``checked`` are as in ``Declared``.
    """

    name: str
    kind: ColumnKind
    length: int | None
    nullable: bool
    unique: bool
    generated: bool
    on_update: bool
    charset: str | None = None
    supplied: bool = False
    refuses: bool = False
    row_number: bool = False
    declared: str = ""
    checked: bool = False
