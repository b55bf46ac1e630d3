"""A table's name inside one database."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableKey:
    """A table by schema (None for the connection's default) and name, spelled as the database spells them."""

    schema: str | None
    name: str

    def __str__(self) -> str:
        parts = [self.schema, self.name] if self.schema else [self.name]
        return ".".join(f'"{part}"' if "." in part else part for part in parts)

    def __lt__(self, other: TableKey) -> bool:
        return (self.schema or "", self.name) < (other.schema or "", other.name)
