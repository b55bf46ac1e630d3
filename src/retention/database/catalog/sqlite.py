"""The catalog of SQLite: one file, and no roles but the file's own rights."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, exc, func, literal_column, select, table, text

from retention.database.catalog.base import Catalog, Facts, Need, Trigger
from retention.database.names import TableKey

_TRIGGERS = text("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY tbl_name, name")
_TABLES = text("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
_COLUMNS = text("""
SELECT m.name, m.sql, c.name, c.hidden IN (2, 3) FROM sqlite_master m JOIN pragma_table_xinfo(m.name) c
WHERE m.type = 'table' AND m.name IN
  (SELECT t.name FROM sqlite_master t JOIN pragma_table_xinfo(t.name) x WHERE t.type = 'table' AND x.hidden IN (2, 3))
""")
_OF = re.compile(r"\bUPDATE\s+OF\s+(.*?)\s+ON\b", re.IGNORECASE | re.DOTALL)
_AFTER = re.compile(r"\bAFTER\s+\w+\Z", re.IGNORECASE)
_EVENT = re.compile(r"\b(DELETE|UPDATE|INSERT)\b(?=.*?\bON\b)", re.IGNORECASE | re.DOTALL)

# Words, quoted or not, and what parts them; numbers and operators say nothing of names.
_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[^\W\d][\w$]*|[(),]""",
    re.DOTALL,
)


class SQLiteCatalog(Catalog):
    """sqlite_master, the columns it tells of, and the file system."""

    def read(self, connection: Connection) -> Facts:
        """Return triggers, and what generated columns are made from."""
        return Facts(
            triggers=tuple(
                Trigger(
                    name, TableKey(None, table), _events(sql or ""), sql or "", _columns(sql or ""), _before(sql or "")
                )
                for name, table, sql in connection.execute(_TRIGGERS)
            ),
            made_from=_made_from(connection),
        )

    def rows(self, connection: Connection) -> dict[TableKey, int]:
        """Return the highest row id of each table, which no table has more rows than."""
        found: dict[TableKey, int] = {}
        for name in connection.execute(_TABLES).scalars().all():
            try:
                highest: Select[Any] = select(func.max(literal_column("rowid"))).select_from(table(name))
                found[TableKey(None, name)] = int(connection.execute(highest).scalar() or 0)
            except exc.OperationalError:
                # A table WITHOUT ROWID has none, and no other cheap estimate.
                continue
        return found

    def lacking(self, connection: Connection, needs: Sequence[Need]) -> Iterator[Need]:
        """Yield every right to change, where the file or its folder can't be written."""
        file = Path(connection.engine.url.database or "")
        if os.access(file, os.W_OK) and os.access(file.parent, os.W_OK):
            return
        yield from (need for need in needs if need.right != "SELECT")

    def excess(self, connection: Connection) -> str | None:
        """Return None: whoever may write the file may do everything in it."""
        del connection
        return None

    def grants(self, connection: Connection, role: str, needs: Sequence[Need]) -> list[str]:
        """Return nothing: a file has no roles."""
        del connection, role, needs
        return []


def _events(sql: str) -> frozenset[str]:
    """Return what sets the trigger off: the first such word of its text."""
    found = _EVENT.search(sql)
    return frozenset({found.group(1).upper()} if found else ())


def _before(sql: str) -> bool:
    """Return whether the trigger runs before the row is written, as it does where it says nothing."""
    found = _EVENT.search(sql)
    return found is None or _AFTER.search(sql, 0, found.end()) is None


def _columns(sql: str) -> frozenset[str]:
    """Return the columns whose UPDATE sets the trigger off."""
    found = _OF.search(sql)
    return frozenset(name.strip(' "`[]\n') for name in found.group(1).split(",")) if found else frozenset()


def _made_from(connection: Connection) -> dict[TableKey, dict[str, frozenset[str]]]:
    """Return the columns named where a generated one is declared: all of the table where that isn't understood."""
    columns: dict[tuple[str, str], dict[str, bool]] = {}
    for name, sql, column, generated in connection.execute(_COLUMNS):
        columns.setdefault((name, sql or ""), {})[column] = bool(generated)
    found: dict[TableKey, dict[str, frozenset[str]]] = {}
    for (name, sql), generated_ones in columns.items():
        named = _declarations(sql)
        for column in (one for one, generated in generated_ones.items() if generated):
            words = named.get(column.lower())
            others = (one for one in generated_ones if one != column and (words is None or one.lower() in words))
            found.setdefault(TableKey(None, name), {})[column] = frozenset(others)
    return found


def _declarations(sql: str) -> dict[str, set[str]]:
    """Return per column of a CREATE TABLE, in lower case, the words of its declaration that may name another."""
    found: dict[str, set[str]] = {}
    depth = 0
    declared: list[str] = []
    for piece in (one for one in _TOKEN.findall(sql) if not one.startswith(("--", "/*"))):
        depth += (piece == "(") - (piece == ")")
        if (piece == "," and depth == 1) or (piece == ")" and depth == 0):
            first, *others = declared or [""]
            # What a parenthesis follows is a function; a text is one everywhere but where a column gets its name.
            names = {
                _bare(one)
                for one, after in zip(others, [*others[1:], ""], strict=False)
                if not (one.startswith("'") or (after == "(" and one[:1] not in '"`['))
            }
            found.setdefault(_bare(first), names)
            declared = []
        elif depth > 1 or (depth == 1 and not declared and piece != "("):
            # An expression stands in parentheses; DATE before them is a type.
            declared.append(piece)
    return found


def _bare(piece: str) -> str:
    """Return a name without its quotes, in lower case."""
    quote = piece[:1]
    if quote == "[":
        return piece[1:-1].lower()
    return (piece[1:-1].replace(quote * 2, quote) if quote and quote in "'\"`" else piece).lower()
