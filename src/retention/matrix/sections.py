"""From the file's plain data to the grammar's models, section by section, so that one mistake hides no other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.document import BasisDoc, HolidaysDoc, MatrixDoc, OrganisationDoc, PurposeDoc
from retention.matrix.mistakes import reserved, told, unknown_key
from retention.matrix.ruledocs import RuleDoc
from retention.matrix.source import Source, Step
from retention.matrix.tabledocs import DatabaseDoc, TableDoc
from retention.matrix.written import DEFAULTS

Doc = TypeVar("Doc", bound=BaseModel)
_REQUIRED = [name for name, info in MatrixDoc.model_fields.items() if info.is_required()]
_MAY_BE_BLANK = """organisation holidays databases legal_bases purposes tables rules add remove replicas execute items
required optional key not_personal relations with limit tolerate copies classification officer in_charge"""
_BLANK = DEFAULTS.union(_MAY_BE_BLANK.split())
"""Keys that may be left blank, as if they were left out. A blank ``keep`` could be a statute somebody forgot."""
_NAMED_PARTS = 2


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
    mended: set[tuple[Step, ...]] = field(default_factory=set)
    """Parts of which only the rest could be read: good for looking names up, not for judging what they leave out."""
    findings: list[Finding] = field(default_factory=list)


def read_sections(source: Source) -> Sections:
    """Read every section; a part that can't be read is left out and is a finding."""
    reader = _Reader(source)
    data = source.data
    for key in data:
        if key not in MatrixDoc.model_fields:
            reader.unknown((key,))
    for key in _REQUIRED:
        if key not in data:
            reader.report("RET004", (), f"the key {key} is missing")
    if data.get("version") is not None and (
        data["version"] != 1 or not isinstance(data["version"], int) or data["version"] is True
    ):
        reader.report("RET008", ("version",), f"version {data['version']} is not known")
    if data.get("timezone") is not None and data["timezone"] != "Asia/Seoul":
        reader.report("RET009", ("timezone",), f"legal days begin in Asia/Seoul, not in {data['timezone']}")
    sections = Sections(
        organisation=reader.one("organisation", OrganisationDoc),
        holidays=reader.one("holidays", HolidaysDoc) or HolidaysDoc(),
        databases=reader.named("databases", DatabaseDoc),
        bases=reader.named("legal_bases", BasisDoc),
        purposes=reader.named("purposes", PurposeDoc),
        tables=reader.named("tables", TableDoc),
        rules=reader.listed("rules", RuleDoc),
    )
    classification = data.get("classification") or "required"
    if classification in ("required", "advised"):
        sections.classification = classification
    else:
        reader.report("RET005", ("classification",), f"classification is required or advised, not {classification}")
    reader.blanks()
    sections.findings, sections.mended = reader.findings, reader.mended
    return sections


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = []
        self.told: set[tuple[Step, ...]] = set()
        self.mended: set[tuple[Step, ...]] = set()

    def report(self, code: str, path: tuple[Step, ...], what: str, do: str = "") -> None:
        """Report a mistake at its place."""
        self.told.add(path)
        self.findings.append(finding(code, self.source.place(*path), what, do=do))

    def one(self, key: str, model: type[Doc]) -> Doc | None:
        """Read a section that is one mapping."""
        data = self.source.data.get(key)
        return None if data is None and key not in _REQUIRED else self._validate((key,), data or {}, model)

    def named(self, key: str, model: type[Doc]) -> dict[str, Doc]:
        """Read a section of named parts."""
        data = self.source.data.get(key)
        if data is not None and not isinstance(data, Mapping):
            self.report("RET005", (key,), f"{key} has to be a mapping of names")
            return {}
        found: dict[str, Doc] = {}
        for name, part in (data or {}).items():
            read = self._validate((key, name), {} if part is None else part, model)
            if read is not None:
                found[name] = read
        return found

    def listed(self, key: str, model: type[Doc]) -> dict[int, Doc]:
        """Read a section that is a list; the parts keep their places in it."""
        data = self.source.data.get(key)
        if data is not None and not isinstance(data, list):
            self.report("RET005", (key,), f"{key} has to be a list")
            return {}
        found: dict[int, Doc] = {}
        for number, part in enumerate(data or []):
            read = self._validate((key, number), part, model)
            if read is not None:
                found[number] = read
        return found

    def unknown(self, path: tuple[Step, ...]) -> None:
        """Report a key that the language doesn't have, or keeps for later."""
        known = list(MatrixDoc.model_fields) if len(path) == 1 else None
        self.report(*reserved(path) or unknown_key(path, known))

    def blanks(self) -> None:
        """Report values that were left blank where nothing can't be meant."""
        for path in sorted(self.source.empty, key=lambda one: self.source.lines.get(one, 0)):
            part = len(path) == _NAMED_PARTS and path[0] in ("tables", "purposes")
            if path in self.told or path[-1] in _BLANK or part:
                continue
            self.report("RET007", path, f"{path[-1]} has no value")

    def _validate(self, path: tuple[Step, ...], data: Any, model: type[Doc]) -> Doc | None:
        try:
            return model.model_validate(data)
        except ValidationError as error:
            problems = error.errors(include_url=False)
        seen: set[tuple[Any, ...]] = set()
        bad: set[tuple[Step, ...]] = set()
        for problem in problems:
            steps = _follow(data, problem["loc"])
            bad.add(steps)
            once = (steps, problem["loc"][-1] if problem["type"] == "missing" else "")
            if once not in seen:
                seen.add(once)
                self._problem((*path, *steps), problem)
        rest = _readable(model, data, bad)
        if rest is not None:
            self.mended.add(path)
        return rest

    def _problem(self, path: tuple[Step, ...], problem: ErrorDetails) -> None:
        kind = problem["type"]
        if kind == "extra_forbidden":
            self.unknown(path)
        elif kind == "missing":
            self.report("RET004", path, f"the key {problem['loc'][-1]} is missing")
        elif path in self.source.empty:
            self.report("RET007", path, f"{path[-1]} has no value")
        else:
            what, do = told(path, problem)
            self.report("RET005", path, what, do)


def _readable(model: type[Doc], data: Any, bad: set[tuple[Step, ...]]) -> Doc | None:
    """Return what can be read without what stands at the bad places, nor what isn't whole without it."""
    while () not in bad:
        data = _without(data, bad, ())
        if model is RuleDoc:
            # What a rule does says nothing about whether the names in it are known.
            data = {"then": "delete", **data}
        try:
            return model.model_validate(data)
        except ValidationError as error:
            bad = {_follow(data, problem["loc"]) for problem in error.errors(include_url=False)}
    return None


def _without(data: Any, bad: set[tuple[Step, ...]], path: tuple[Step, ...]) -> Any:
    """Return the data without what stands at the bad places."""
    if isinstance(data, Mapping):
        return {key: _without(one, bad, (*path, key)) for key, one in data.items() if (*path, key) not in bad}
    if isinstance(data, list):
        kept = [(number, one) for number, one in enumerate(data) if (*path, number) not in bad]
        return [_without(one, bad, (*path, number)) for number, one in kept]
    return data


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
