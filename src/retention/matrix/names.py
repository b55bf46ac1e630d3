"""Table names as the matrix writes them: ``database.table`` or ``database.schema.table``, parts quoted if need be."""

from __future__ import annotations

import re

from retention.matrix.model import TableName

_PART = r'(?:"((?:[^"]|"")+)"|([^".\s](?:[^".]*[^".\s])?))'
_NAME = re.compile(rf"{_PART}\.{_PART}(?:\.{_PART})?")


def parse_table(text: str) -> TableName | None:
    """Return the table a text names, or None where it names none.

    A part that holds a dot, a double quote or a blank at an end is double-quoted, a quote inside it written twice.
    """
    found = _NAME.fullmatch(text.strip())
    if found is None:
        return None
    parts = [_part(quoted, plain) for quoted, plain in zip(found.groups()[::2], found.groups()[1::2], strict=True)]
    if parts[2] is None:
        return TableName(str(parts[0]), None, str(parts[1]))
    return TableName(str(parts[0]), parts[1], parts[2])


def _part(quoted: str | None, plain: str | None) -> str | None:
    return quoted.replace('""', '"') if quoted is not None else plain
