"""Mistakes in what is written, in words: a key that isn't one, a value of another kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from retention.matrix.document import BasisDoc, HolidaysDoc, ItemsDoc, OrganisationDoc, PersonDoc, PurposeDoc
from retention.matrix.ruledocs import (
    AfterDoc,
    ColumnClockDoc,
    KeepBasisDoc,
    KeepReferencedDoc,
    LimitDoc,
    PartDoc,
    PurposeUseDoc,
    RuleDoc,
    ThenAfterDoc,
    TolerateDoc,
)
from retention.matrix.source import Step
from retention.matrix.tabledocs import DatabaseDoc, ExecuteDoc, LoadProbeDoc, RelationDoc, SubjectPathDoc, TableDoc
from retention.matrix.transformdocs import NAMES

_KEYS = sorted(
    {
        info.alias or name
        for model in (
            AfterDoc, BasisDoc, ColumnClockDoc, DatabaseDoc, ExecuteDoc, HolidaysDoc, ItemsDoc, KeepBasisDoc,
            KeepReferencedDoc, LimitDoc, LoadProbeDoc, OrganisationDoc, PartDoc, PersonDoc, PurposeDoc, PurposeUseDoc,
            RelationDoc, RuleDoc, SubjectPathDoc, TableDoc, ThenAfterDoc, TolerateDoc,
        )
        for name, info in model.model_fields.items()
    }
)  # fmt: skip
_INCLUDE = frozenset({"include", "includes", "import", "imports", "extends", "files"})
_EFFECTIVE = frozenset({"effective", "valid_from", "valid_until", "in_force", "in_force_from"})
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
}
_LONGEST = 60

Told = tuple[str, tuple[Step, ...], str, str]
"""A code, a path, what is wrong and what to do."""


def reserved(path: tuple[Step, ...]) -> Told | None:
    """Return what is wrong with a key that the language keeps for later, or None for any other."""
    key = str(path[-1])
    if key in _INCLUDE and len(path) == 1:
        return "RET011", path, f"{key}: a matrix is one file", "write it into this file"
    if key in _EFFECTIVE or key.startswith("effective_"):
        what = f"{key}: days on which something comes into force are not part of this version"
        return "RET011", path, what, "leave it out, and change the matrix on that day"
    return None


def unknown_key(path: tuple[Step, ...], known: Iterable[str] | None = None) -> Told:
    """Return what is wrong with a key that the language doesn't have, with the nearest that it has."""
    return "RET003", path, f"the key {path[-1]} is not known here", nearest(path[-1], known or _KEYS)


def nearest(word: Step, known: Iterable[str], *, likeness: float = 0.6) -> str:
    """Return the question whether another word was meant, empty where none is so near (1 is the same word)."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=likeness)
    return f"did you mean {near[0]}?" if near else ""


def told(path: tuple[Step, ...], problem: ErrorDetails) -> tuple[str, str]:
    """Return what is wrong with a value, and what to do where that can be said."""
    last, kind, given = path[-1], problem["type"], problem.get("input")
    context: Mapping[str, Any] = problem.get("ctx") or {}
    shown = _shown(given)
    match kind:
        case "string_type":
            number = isinstance(given, (int, float))
            return f"{last} is {shown}, and has to be a text", "write it in quotes" if number else ""
        case "bool_type":
            return f"{last} is {shown}, and has to be true or false", "write true or false; yes and no are texts"
        case "int_type" | "int_from_float":
            return f"{last} is {shown}, and has to be a whole number", "write it in digits, without quotes"
        case "float_type" | "finite_number":
            return f"{last} is {shown}, and has to be a number", "write it in digits, without quotes"
        case "list_type":
            return f"{last} is {shown}, and has to be a list", "write it in brackets, such as [a, b]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{last} is {shown}, and has to be a mapping of keys", "write it in braces, such as {key: value}"
        case "literal_error":
            return f"{last} is {shown}, and has to be {context.get('expected')}", ""
        case "string_too_short" | "too_short":
            return f"{last} is empty", "write at least one"
        case "greater_than_equal" | "greater_than" | "less_than_equal":
            word, bound = _BOUNDS[kind]
            return f"{last} is {shown}, and has to be {word} {context.get(bound)}", ""
        case "string_pattern_mismatch":
            return f"{last} is {shown}, which has not the form of one", ""
        case "transform":
            return _transform(last, given)
    return f"{last}: {problem['msg'].removeprefix('Value error, ')}", ""


def _transform(column: Step, given: Any) -> tuple[str, str]:
    word = given
    if isinstance(given, Mapping) and given:
        word = next((key for key in given if key not in NAMES), next(iter(given)))
    do = nearest(str(word), NAMES) or "write null, keep, or one such as {token: DOMAIN}"
    return f"{column}: {_shown(given)} is no transform", do


def _shown(value: Any) -> str:
    """Return a value of the matrix as a person wrote it, or nearly."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, Mapping):
        return "a mapping" if len(value) != 1 else f"{{{next(iter(value))}: …}}"
    if isinstance(value, list):
        return "a list"
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
