"""A mapping of paths to transforms, for a column that holds JSON: ``{$.phone: {fake: mobile}, $.memo: null}``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol

import pandas as pd

from retention.surrogate.base import ColumnFacts, KeySource, Transform
from retention.surrogate.json_path import Slot, Step, parse_path, slots


class Spec(Protocol):
    """A transform as the matrix has it."""

    @property
    def name(self) -> str:
        """Return its name."""

    @property
    def argument(self) -> Any:
        """Return its argument."""


Build = Callable[[str, Any, ColumnFacts, KeySource | None], Transform]
_UNREAD = ("null", "constant", "keep")
"""Transforms that may be given an object or a list: they don't read it."""
_UNREADABLE = object()


@dataclass(frozen=True)
class _Leaf:
    """What happens at one path, to texts and to numbers; None where the transform doesn't take them."""

    steps: tuple[Step, ...]
    name: str
    text: Transform | None
    number: Transform | None

    def takes(self, value: Any) -> Transform | None:
        """Return what changes a value: a number for want of better as a text, an object or list only unread."""
        if isinstance(value, (dict, list)):
            return self.text if self.name in _UNREAD else None
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return (self.number if number else None) or self.text


class JsonPaths(Transform):
    """Change what lies at the paths, and write the document back, compactly, its names in their order.

    Where a path leads nowhere, nothing happens; a null there stays null. Texts are changed as a text column's are,
    without a limit to their length; numbers by the same transform where it takes numbers, else as texts. What the
    transform doesn't take becomes null: an object or a list, unless it is ``constant`` or ``keep``. A value that can't
    be read as JSON, or is too long for its column afterwards, may still hold what should go: nothing of it remains
    (null, or ``{}`` where the column is NOT NULL).
    """

    def __init__(self, argument: Any, column: ColumnFacts, keys: KeySource | None, build: Build) -> None:
        super().__init__(argument, column, keys)
        self._build = build
        specs: Mapping[str, Spec] = argument if isinstance(argument, Mapping) else {}
        self._no_paths = [path for path in specs if parse_path(path) is None]
        self._problems: list[str] = []
        self._leaves = [self._leaf(path, spec) for path, spec in specs.items() if path not in self._no_paths]
        both = (transform for leaf in self._leaves for transform in (leaf.text, leaf.number))
        self._inner = [transform for transform in both if transform is not None]
        self.keyed = any(transform.keyed for transform in self._inner)
        self.by_subject = any(transform.by_subject for transform in self._inner)

    def prepare(self) -> None:
        """Prepare the transforms inside."""
        for transform in self._inner:
            transform.prepare()

    def transform(self, values: pd.Series, subjects: pd.Series) -> pd.Series:
        """Return the changed documents, as texts."""
        missing = values.isna()
        documents = [_UNREADABLE if gone else _read(value) for value, gone in zip(values, missing, strict=True)]
        for leaf in self._leaves:
            self._change(leaf, documents, list(subjects))
        written = [None if gone else self._write(document) for document, gone in zip(documents, missing, strict=True)]
        return pd.Series(written, index=values.index, dtype=object)

    def problems(self) -> list[str]:
        """Refuse other columns than JSON and texts, what is no path, and what the transforms themselves refuse."""
        found = [] if self._leaves or self._no_paths else ["it names no path"]
        if self.column.kind not in ("json", "text"):
            found.append(f"paths lead into JSON, the column is {self.column.kind}")
        found.extend(f"{path} is no path; write it like $.a.b, $.items[*].name or $[0]" for path in self._no_paths)
        return found + self._problems

    def _leaf(self, path: str, spec: Spec) -> _Leaf:
        inner = replace(self.column, kind="text", length=None, nullable=True, unique=False)
        text = self._build(spec.name, spec.argument, inner, self.keys)
        number = self._build(spec.name, spec.argument, replace(inner, kind="integer"), self.keys)
        wrong = text.check()
        fits = not number.check()
        if wrong and not fits:
            self._problems.extend(f"{path}: {problem}" for problem in wrong)
        steps = parse_path(path)
        assert steps is not None
        return _Leaf(steps, spec.name, None if wrong else text, number if fits else None)

    def _change(self, leaf: _Leaf, documents: list[Any], subjects: list[Any]) -> None:
        found: dict[Transform, list[tuple[Slot, Any, Any]]] = {}
        for document, subject in zip(documents, subjects, strict=True):
            for holder, key in slots(document, leaf.steps):
                value = holder[key]
                transform = leaf.takes(value)
                if transform is None:
                    holder[key] = None
                elif value is not None and leaf.name != "keep":
                    texted = transform is leaf.text and not isinstance(value, str)
                    given = json.dumps(value) if texted else value
                    found.setdefault(transform, []).append(((holder, key), given, subject))
        for transform, places in found.items():
            values = pd.Series([value for _slot, value, _subject in places], dtype=object)
            whose = pd.Series([subject for _slot, _value, subject in places], dtype=object)
            for ((holder, key), _value, _subject), new in zip(places, transform.transform(values, whose), strict=True):
                holder[key] = _jsonable(new)

    def _write(self, document: Any) -> str | None:
        written = None if document is _UNREADABLE else _dumped(document)
        if written is not None and self.column.holds(len(written)):
            return written
        return None if self.column.nullable else "{}"


def _jsonable(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _read(value: Any) -> Any:
    try:
        return json.loads(value, parse_constant=_refuse)
    except (TypeError, ValueError, RecursionError):
        return _UNREADABLE


def _refuse(_name: str) -> Any:
    raise ValueError


def _dumped(document: Any) -> str | None:
    """Return the document as text; half a character is written as its escape. None where no JSON can say it."""
    try:
        written = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        written.encode()
    except UnicodeEncodeError:
        return json.dumps(document, separators=(",", ":"))
    except (ValueError, RecursionError):
        return None
    return written
