"""From the file's plain data to the grammar's models, section by section, so that one mistake hides no other."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.document import (
    BasisDoc,
    DatabaseDoc,
    HolidaysDoc,
    MatrixDoc,
    OrganisationDoc,
    PurposeDoc,
    RuleDoc,
    TableDoc,
)
from retention.matrix.source import Source, Step

Doc = TypeVar("Doc", bound=BaseModel)
_REQUIRED = [name for name, info in MatrixDoc.model_fields.items() if info.is_required()]


@dataclass
class Sections:
    """The sections of a matrix that could be read, each part by its name, and what was wrong with the others."""

    organisation: OrganisationDoc | None = None
    holidays: HolidaysDoc = field(default_factory=HolidaysDoc)
    databases: dict[str, DatabaseDoc] = field(default_factory=dict)
    bases: dict[str, BasisDoc] = field(default_factory=dict)
    purposes: dict[str, PurposeDoc] = field(default_factory=dict)
    tables: dict[str, TableDoc] = field(default_factory=dict)
    rules: dict[int, RuleDoc] = field(default_factory=dict)
    classification: str = "required"
    findings: list[Finding] = field(default_factory=list)


def read_sections(source: Source) -> Sections:
    """Read every section; a part that can't be read is left out and is a finding."""
    reader = _Reader(source)
    data = source.data
    for key in data:
        if key not in MatrixDoc.model_fields:
            reader.unknown((key,), MatrixDoc)
    for key in _REQUIRED:
        if key not in data:
            what = f"the key {key} is missing"
            reader.findings.append(finding("RET004", source.place(), what))
    if "version" in data and data["version"] != 1:
        reader.findings.append(finding("RET008", source.place("version"), f"version {data['version']} is not known"))
    if "timezone" in data and data["timezone"] != "Asia/Seoul":
        what = f"legal days begin in Asia/Seoul, not in {data['timezone']}"
        reader.findings.append(finding("RET009", source.place("timezone"), what))
    sections = Sections(
        organisation=reader.one("organisation", OrganisationDoc),
        holidays=reader.one("holidays", HolidaysDoc) or HolidaysDoc(),
        databases=reader.named("databases", DatabaseDoc),
        bases=reader.named("legal_bases", BasisDoc),
        purposes=reader.named("purposes", PurposeDoc),
        tables=reader.named("tables", TableDoc),
        rules=reader.listed("rules", RuleDoc),
    )
    classification = data.get("classification", "required")
    if classification not in ("required", "advised"):
        what = f"classification is required or advised, not {classification}"
        reader.findings.append(finding("RET005", source.place("classification"), what))
    else:
        sections.classification = classification
    sections.findings = reader.findings
    return sections


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = []

    def one(self, key: str, model: type[Doc]) -> Doc | None:
        """Read a section that is one mapping."""
        data = self.source.data.get(key)
        return None if data is None else self._validate((key,), data, model)

    def named(self, key: str, model: type[Doc]) -> dict[str, Doc]:
        """Read a section of named parts."""
        data = self.source.data.get(key) or {}
        if not isinstance(data, Mapping):
            self.findings.append(finding("RET005", self.source.place(key), f"{key} has to be a mapping of names"))
            return {}
        found: dict[str, Doc] = {}
        for name, part in data.items():
            read = self._validate((key, name), {} if part is None else part, model)
            if read is not None:
                found[name] = read
        return found

    def listed(self, key: str, model: type[Doc]) -> dict[int, Doc]:
        """Read a section that is a list; the parts keep their places in it."""
        data = self.source.data.get(key) or []
        if not isinstance(data, list):
            self.findings.append(finding("RET005", self.source.place(key), f"{key} has to be a list"))
            return {}
        found: dict[int, Doc] = {}
        for number, part in enumerate(data):
            read = self._validate((key, number), part, model)
            if read is not None:
                found[number] = read
        return found

    def unknown(self, path: tuple[Step, ...], model: type[BaseModel]) -> None:
        """Report a key that the language doesn't have, with the nearest that it has."""
        names = [info.alias or name for name, info in model.model_fields.items()]
        self.findings.append(
            finding(
                "RET003", self.source.place(*path), f"the key {path[-1]} is not known", do=_nearest(path[-1], names)
            )
        )

    def _validate(self, path: tuple[Step, ...], data: Any, model: type[Doc]) -> Doc | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_input=True):
                self._problem(path, data, problem)
            return None

    def _problem(self, path: tuple[Step, ...], data: Any, problem: ErrorDetails) -> None:
        steps = _follow(data, problem["loc"])
        where = self.source.place(*path, *steps)
        last = str(problem["loc"][-1]) if problem["loc"] else str(path[-1])
        kind = problem["type"]
        if kind == "extra_forbidden":
            self.findings.append(
                finding("RET003", where, f"the key {last} is not known here", do=_nearest(last, _KEYS))
            )
        elif kind == "missing":
            self.findings.append(finding("RET004", where, f"the key {last} is missing"))
        elif (*path, *steps) in self.source.empty:
            self.findings.append(finding("RET007", where, f"{last} has no value"))
        else:
            self.findings.append(finding("RET005", where, f"{last}: {problem['msg'].lower()}"))


def _follow(data: Any, loc: tuple[Any, ...]) -> tuple[Step, ...]:
    """Return the steps of a problem's place that are in the data; names of alternatives are passed over."""
    steps: list[Step] = []
    here = data
    for step in loc:
        inside = (isinstance(here, Mapping) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        )
        if inside:
            here = here[step]
            steps.append(step)
    return tuple(steps)


_KEYS = sorted(
    {
        info.alias or name
        for model in (RuleDoc, TableDoc, BasisDoc, DatabaseDoc, PurposeDoc, OrganisationDoc)
        for name, info in model.model_fields.items()
    }
)


def _nearest(key: Step, names: list[str]) -> str:
    near = difflib.get_close_matches(str(key), names, n=1)
    return f"did you mean {near[0]}?" if near else ""
