"""The matrix's text: YAML 1.2 with a line for every value, and every way in which a file can be unreadable.

libyaml's parser gives the events, which reads a thousand rules in a third of a second; what a plain scalar means is
decided here, by the core schema of YAML 1.2: ``yes`` is a text, ``0o17`` a number, a date a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.model import Place

Step = str | int
Path_ = tuple[Step, ...]

LARGEST = 5 * 1024 * 1024
"""Bytes of a file; a thousand rules take about half a million."""
DEEPEST = 32
"""Levels of nesting; the language itself needs nine."""
MOST = 100_000
"""Values that the aliases of a file stand for."""

_LOADER = getattr(yaml, "CLoader", yaml.Loader)
_TAG = "tag:yaml.org,2002:"
_NULL = frozenset({"", "null", "Null", "NULL", "~"})
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass
class Source:
    """A matrix's file as plain data, with the line of every key and value, and the places left empty."""

    file: str
    data: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    empty: set[Path_] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    def place(self, *path: Step) -> Place:
        """Return where a value is written, or the nearest one around it that is."""
        line = self.lines.get(path)
        if line is not None:
            return Place(self.file, line)
        for length in range(len(path) - 1, -1, -1):
            line = self.lines.get(tuple(path[:length]))
            if line is not None:
                return Place(self.file, line)
        return Place(self.file, 1)

    def section(self, key: str) -> dict[str, Any]:
        """Return a section's named parts; none where it is left out, or is no mapping."""
        found = self.data.get(key)
        return found if isinstance(found, dict) else {}

    def report(self, code: str, line: int, what: str, *, do: str = "") -> None:
        """Add a finding about a line."""
        self.findings.append(finding(code, Place(self.file, line), what, do=do))


def read(path: Path) -> Source:
    """Read a matrix's file; what is wrong with it is in ``findings``."""
    source = Source(str(path))
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        source.report("RET001", 1, f"the file can't be read ({error.strerror})")
        return source
    if size > LARGEST:
        what = f"the file has {size:,} bytes, a matrix at most {LARGEST:,}"
        source.report("RET001", 1, what, do="keep in it what is a matrix, or split it by databases")
        return source
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source.report("RET001", raw[: error.start].count(b"\n") + 1, "the file is not UTF-8 from here on")
        return source
    try:
        source.data = _Reader(source, text).data()
    except _Broken as broken:
        source.report(broken.code, broken.line, broken.what, do=broken.do)
        source.data = None
    return source


class _Broken(Exception):
    """The text is no YAML of the language; nothing more can be said about it."""

    def __init__(self, code: str, line: int, what: str, do: str = "") -> None:
        self.code, self.line, self.what, self.do = code, line, what, do
        super().__init__(what)


class _Reader:
    """From the parser's events to plain data in one pass; what an anchor names is read again where an alias stands."""

    def __init__(self, source: Source, text: str) -> None:
        self.source = source
        self.lines = source.lines
        self.text = text
        self.anchors: dict[str, list[yaml.Event]] = {}
        self.recording: dict[str, list[yaml.Event]] = {}
        self.again: Iterator[yaml.Event] | None = None
        self.replayed = 0

    def data(self) -> dict[str, Any]:
        """Return the one document's mapping.

        Raises:
            _Broken: it is no YAML of the language, or holds no mapping.
        """
        try:
            parser = _LOADER(self.text)
            self.parsed = parser.get_event
            try:
                return self._document()
            finally:
                parser.dispose()
        except yaml.MarkedYAMLError as error:
            # What is missing at the end is told of the last line, not of one that isn't there.
            line = min(error.problem_mark.line + 1 if error.problem_mark else 1, self.text.count("\n") + 1)
            raise _Broken("RET002", line, f"this is no YAML: {error.problem}", self._advice(line)) from None
        except yaml.reader.ReaderError as error:
            line = self.text[: error.position].count("\n") + 1
            raise _Broken("RET002", line, "this line holds a character that no text has", "remove it") from None
        except UnicodeEncodeError as error:
            line = self.text[: error.start].count("\n") + 1
            raise _Broken("RET002", line, "this line holds a character that no text has", "remove it") from None

    def _advice(self, line: int) -> str:
        lines = self.text.splitlines()
        tabbed = 0 < line <= len(lines) and "\t" in lines[line - 1]
        return "indent with spaces, not with tabs" if tabbed else ""

    def _document(self) -> dict[str, Any]:
        found: Any = None
        documents = 0
        while type(event := self._next()) is not yaml.StreamEndEvent:
            if type(event) is not yaml.DocumentStartEvent:
                continue
            documents += 1
            if documents > 1:
                line = event.start_mark.line + 1
                raise _Broken("RET010", line, "a second document begins here", "keep the matrix in one document")
            self.lines[()] = 1
            found = self._value(self._next(), (), 0)
        if not isinstance(found, dict):
            raise _Broken("RET002", 1, "the file holds no mapping of keys")
        return found

    def _next(self) -> Any:
        event = self.parsed() if self.again is None else next(self.again)
        if self.recording:
            for recorded in self.recording.values():
                recorded.append(event)
        return event

    def _value(self, event: Any, path: Path_, depth: int) -> Any:
        if self.again is not None:
            self.replayed += 1
            if self.replayed > MOST:
                line = event.start_mark.line + 1
                raise _Broken("RET010", line, f"aliases stand for more than {MOST:,} values", "use fewer aliases")
        kind = type(event)
        if kind is yaml.AliasEvent:
            return self._alias(event, path, depth)
        anchor = event.anchor
        if anchor is not None:
            self.recording[anchor] = [event]
        value = self._scalar(event, path) if kind is yaml.ScalarEvent else self._content(event, path, depth)
        if anchor is not None:
            self.anchors[anchor] = self.recording.pop(anchor)
        return value

    def _alias(self, event: Any, path: Path_, depth: int) -> Any:
        name, line = event.anchor, event.start_mark.line + 1
        if name in self.recording:
            raise _Broken("RET010", line, f"the alias *{name} stands inside what it names", "write the value out")
        if name not in self.anchors:
            raise _Broken("RET010", line, f"the alias *{name} names nothing above it", "write the value out")
        first, *rest = self.anchors[name]
        before = self.again, self.recording
        # What is read again isn't written anew where it is read: an outer anchor holds the alias itself.
        self.again, self.recording = iter(rest), {}
        value = self._value(_plain(first), path, depth)
        self.again, self.recording = before
        return value

    def _content(self, event: Any, path: Path_, depth: int) -> Any:
        line = event.start_mark.line + 1
        if depth >= DEEPEST:
            raise _Broken("RET010", line, f"more than {DEEPEST} levels lie inside each other", "flatten it")
        if event.tag is not None and event.tag not in ("!", _TAG + "map", _TAG + "seq"):
            raise _Broken("RET010", line, f"the tag {event.tag} is not part of the language", "remove it")
        if type(event) is yaml.SequenceStartEvent:
            return list(self._sequence(path, depth + 1))
        return dict(self._mapping(path, depth + 1))

    def _sequence(self, path: Path_, depth: int) -> Iterator[Any]:
        number = 0
        while type(event := self._next()) is not yaml.SequenceEndEvent:
            here = (*path, number)
            self.lines[here] = event.start_mark.line + 1
            yield self._value(event, here, depth)
            number += 1

    def _mapping(self, path: Path_, depth: int) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        while type(event := self._next()) is not yaml.MappingEndEvent:
            line = event.start_mark.line + 1
            key = self._key(event, depth)
            if key is None or key in seen:
                if key is not None:
                    self.source.report("RET006", line, f"the key {key} stands here twice, first on line {seen[key]}")
                self._pass_over(self._next(), depth)
                continue
            seen[key] = line
            here = (*path, key)
            self.lines[here] = line
            yield key, self._value(self._next(), here, depth)

    def _pass_over(self, event: Any, depth: int) -> None:
        """Read a value that belongs to nothing."""
        empty, lines = set(self.source.empty), dict(self.lines)
        self._value(event, ("?",), depth)
        self.source.empty.intersection_update(empty)
        self.source.lines = self.lines = lines

    def _key(self, event: Any, depth: int) -> str | None:
        """Return a key's text; None, and a finding, for what can't be one."""
        line = event.start_mark.line + 1
        if type(event) is not yaml.ScalarEvent or event.value == "":
            self._pass_over(event, depth)
            self.source.report("RET005", line, "a key is a text of one line, not empty, no list, mapping or alias")
            return None
        if event.value == "<<" and not event.style:
            self.source.report("RET010", line, "merge keys (<<) are not part of YAML 1.2", do="write the keys out")
            return None
        return str(event.value)

    def _scalar(self, event: Any, path: Path_) -> Any:
        text: str = event.value
        tag = event.tag
        if tag not in (None, "!", _TAG + "str"):
            line = event.start_mark.line + 1
            raise _Broken("RET010", line, f"the tag {tag} is not part of the language", "remove it")
        if event.style or tag is not None:
            return text
        if text in _NULL:
            if text == "":
                self.source.empty.add(path)
            return None
        if text in _BOOL:
            return _BOOL[text]
        # Most scalars are words: a look at the first character saves two patterns.
        if text[0] in "+-.0123456789":
            if _INT.fullmatch(text):
                return int(text, 0) if text[:2] in ("0o", "0x") else _whole(text)
            if _FLOAT.fullmatch(text):
                return float(
                    text.replace(".inf", "inf")
                    .replace(".Inf", "inf")
                    .replace(".INF", "inf")
                    .lower()
                    .replace(".nan", "nan")
                )
        return text


def _whole(text: str) -> int | str:
    """Return the number; a text of more digits than any number of rows stays one."""
    return int(text) if len(text) < 40 else text  # noqa: PLR2004 - far beyond 64 bits


def _plain(event: Any) -> Any:
    """Return the event without its anchor: it is only named once."""
    copied = copy(event)
    copied.anchor = None
    return copied
