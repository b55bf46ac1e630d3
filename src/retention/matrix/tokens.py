"""The words and signs of ``where``; anything else is named with what to write in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "name", "text", "number", "sign", "end"]

KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "IS", "NULL", "TRUE", "FALSE", "DATE"})
"""The words of the language."""

_TAKEN = """
ALL ANALYSE ANALYZE ANY ARRAY AS ASC ASYMMETRIC BOTH BY CASE CAST CHECK COLLATE COLUMN CONSTRAINT CREATE CROSS
CURRENT_CATALOG CURRENT_DATE CURRENT_ROLE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER DEFAULT DEFERRABLE DELETE DESC
DISTINCT DIV DO DROP ELSE END ESCAPE EXCEPT EXISTS FETCH FOR FOREIGN FROM FULL GLOB GRANT GROUP HAVING ILIKE INDEX
INNER INSERT INTERSECT INTERVAL INTO ISNULL JOIN LATERAL LEADING LEFT LIMIT LOCALTIME LOCALTIMESTAMP MOD NATURAL
NOTNULL OFFSET ON ONLY ORDER OUTER PLACING PRIMARY REFERENCES REGEXP RETURNING RIGHT RLIKE SELECT SESSION_USER SIMILAR
SOME SYMMETRIC TABLE THEN TO TRAILING UNION UNIQUE UPDATE USER USING VALUES WHEN WHERE WINDOW WITH XOR
"""
RESERVED = KEYWORDS | frozenset(_TAKEN.split())
"""Words that a database takes for something else than a column: as columns they are double-quoted."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<comment>--|/\*)
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    |(?P<word>[^\W\d][\w$]*)
    |(?P<name>"(?:[^"]|"")+")
    |(?P<text>'(?:[^']|\'\')*')
    |(?P<sign><>|<=|>=|=(?!=)|[<>(),-])
    |(?P<end>\Z)
    )""",
    re.VERBOSE,
)
_GLUED = re.compile(r"[\w'\".]")
_BEGINS_ALONE = frozenset({"number", "word", "name", "text"})

_HINTS = (
    ("--", "a comment; write comments into the YAML"),
    ("/*", "a comment; write comments into the YAML"),
    ("!=", "!=; write <>"),
    ("==", "==; write ="),
    ("||", "||; no text is put together here"),
    ("::", "::; there are no casts"),
    ("`", "a backquote; a column that is a keyword is double-quoted"),
    ("[", "a bracket; a column that is a keyword is double-quoted"),
    (";", "a semicolon; it has to be one condition"),
    (".", "a dot; write a column of the rule's own table by its name alone"),
    ("'", "a text that doesn't end; a quote inside a text is written twice"),
    ('"', "a double-quoted column that doesn't end or is empty"),
    (":", "a parameter; constants are written out"),
    ("?", "a parameter; constants are written out"),
    ("$", "a parameter; constants are written out"),
    ("+", "arithmetic; write the result"),
    ("*", "arithmetic; write the result"),
    ("/", "arithmetic; write the result"),
    ("%", "arithmetic; write the result"),
)


class WhereError(ValueError):
    """A text is no condition of the language; the message says what in it isn't."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, quoted name, text, number or sign; ``value`` is a keyword in capitals, else what it says."""

    kind: Kind
    value: str

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.value}'" if self.kind == "text" else self.value


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a condition, then the end.

    Raises:
        WhereError: a sign is none of the language.
    """
    position, kind = 0, ""
    while kind != "end":
        found = _TOKEN.match(text, position)
        kind = str(found.lastgroup) if found else "comment"
        if found is None or kind == "comment":
            raise WhereError(_unknown(text[position:].lstrip()))
        position = found.end()
        if kind in _BEGINS_ALONE and _GLUED.match(text, position):
            raise WhereError(_glued(found.group(kind), text[position]))
        yield _token(kind, found.group(kind))


def _token(kind: str, written: str) -> Token:
    if kind == "word":
        upper = written.upper()
        return Token("word", upper if upper in KEYWORDS else written)
    if kind == "name":
        return Token("name", written[1:-1].replace('""', '"'))
    if kind == "text":
        return Token("text", written[1:-1].replace("''", "'"))
    return Token("number" if kind == "number" else "sign" if kind == "sign" else "end", written)


def _unknown(rest: str) -> str:
    for sign, says in _HINTS:
        if rest.startswith(sign):
            return f"it has {says}"
    return f"it has the sign {rest[0]!r}, which is not part of the language"


def _glued(before: str, after: str) -> str:
    """Return what is wrong with ``E'x'``, ``1a`` and ``a.b``, which mean something else elsewhere."""
    if after == ".":
        return "it has a dot; write a column of the rule's own table by its name alone"
    return f"{before[:40]} runs into {after!r}; put a space or an operator between them"
