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

_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[^\W\d][\w$]*")
_NAME = re.compile(r'"((?:[^"]|"")+)"')
_TEXT = re.compile(r"'((?:[^']|'')*)'")
_SIGN = re.compile(r"<>|<=|>=|[=<>(),-]")

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
    position = _skip(text, 0)
    while position < len(text):
        token, position = _next(text, position)
        yield token
        position = _skip(text, position)
    yield Token("end", "")


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _next(text: str, position: int) -> tuple[Token, int]:
    for hint, says in _HINTS[:6]:
        if text.startswith(hint, position):
            raise WhereError(f"it has {says}")
    number = _NUMBER.match(text, position)
    if number:
        _apart(text, number.end(), number.group())
        return Token("number", number.group()), number.end()
    word = _WORD.match(text, position)
    if word:
        _apart(text, word.end(), word.group())
        upper = word.group().upper()
        return Token("word", upper if upper in KEYWORDS else word.group()), word.end()
    for kind, pattern, quote in (("name", _NAME, '"'), ("text", _TEXT, "'")):
        quoted = pattern.match(text, position)
        if quoted:
            _apart(text, quoted.end(), quoted.group())
            value = quoted.group(1).replace(quote * 2, quote)
            return Token("name" if kind == "name" else "text", value), quoted.end()
    sign = _SIGN.match(text, position)
    if sign:
        return Token("sign", sign.group()), sign.end()
    for hint, says in _HINTS:
        if text.startswith(hint, position):
            raise WhereError(f"it has {says}")
    raise WhereError(f"it has the sign {text[position]!r}, which is not part of the language")


def _apart(text: str, position: int, before: str) -> None:
    """See that nothing is glued to a token: ``E'x'``, ``1a`` and ``a.b`` mean something else elsewhere."""
    if position < len(text) and (text[position].isalnum() or text[position] in "_'\"."):
        if text[position] == ".":
            raise WhereError("it has a dot; write a column of the rule's own table by its name alone")
        raise WhereError(f"{before[:40]} runs into {text[position]!r}; put a space or an operator between them")
