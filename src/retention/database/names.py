"""A table's name inside one database."""

from __future__ import annotations

import re
from dataclasses import dataclass

ForeignKey = tuple[str, tuple[str, ...], str]
"""A foreign key by its table, its columns, and the table it leads to."""
_PLAIN = re.compile(r'[^".\s](?:[^".]*[^".\s])?')


def spelled(part: str) -> str:
    """Return a part of a table's name as the matrix spells it: quoted where it holds a dot, a quote or a blank end."""
    if _PLAIN.fullmatch(part):
        return part
    return '"' + part.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class TableKey:
    """A table by schema (None for the connection's default) and name, spelled as the database spells them."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        return ".".join(map(spelled, [self.schema, self.name] if self.schema else [self.name]))

    def __lt__(self, other: TableKey) -> bool:
        return (self.schema or "", self.name) < (other.schema or "", other.name)
