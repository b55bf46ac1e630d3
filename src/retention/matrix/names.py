"""Table names as the matrix writes them: ``database.table`` or ``database.schema.table``, parts quoted if dotted."""

from __future__ import annotations

import re

from retention.matrix.model import TableName

_PART = r'(?:"([^"]+)"|([^".\s][^".]*))'
_NAME = re.compile(rf"{_PART}\.{_PART}(?:\.{_PART})?")


def parse_table(text: str) -> TableName | None:
    """Return the table a text names, or None where it names none."""
    found = _NAME.fullmatch(text.strip())
    if found is None:
        return None
    parts = [found.group(1) or found.group(2), found.group(3) or found.group(4), found.group(5) or found.group(6)]
    if parts[2] is None:
        return TableName(str(parts[0]), None, str(parts[1]))
    return TableName(str(parts[0]), parts[1], parts[2])
