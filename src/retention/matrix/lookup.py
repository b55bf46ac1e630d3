"""Names of databases and tables, looked up in a matrix's sections; an unknown one is a finding with the nearest."""

from __future__ import annotations

from collections.abc import Iterator

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.mistakes import nearest
from retention.matrix.model import Place, TableName
from retention.matrix.names import parse_table
from retention.matrix.ruledocs import PartDoc
from retention.matrix.sections import Sections
from retention.matrix.source import Source

_LIKE = 0.8
"""How like another a table's name has to be to be taken for a slip: all of them begin with the database's."""


class Lookup:
    """The names of one matrix, however they are spelled; what isn't known goes into ``findings``."""

    def __init__(self, source: Source, sections: Sections, findings: list[Finding]) -> None:
        self.source = source
        self.findings = findings
        self.databases = set(source.section("databases"))
        self.written: dict[TableName, str] = {}
        for text in source.section("tables"):
            name = parse_table(text)
            if name is not None:
                self.written.setdefault(name, text)
        self.parts = set(_parts(sections))

    def table(self, text: str, place: Place, subject: str = "") -> TableName | None:
        """Return a table of a known database; None, and a finding, for any other."""
        name = parse_table(text)
        if name is None:
            self.findings.append(finding("RET122", place, f"{text} names no table", subject=subject))
            return None
        if name.database not in self.databases:
            what = f"{text}: there is no database {name.database} under `databases:`"
            do = nearest(name.database, self.databases)
            self.findings.append(finding("RET101", place, what, subject=subject, do=do))
            return None
        return name

    def listed(self, text: str, place: Place, subject: str = "") -> TableName | None:
        """Return a table that is listed under ``tables``; None, and a finding, for any other."""
        name = self.table(text, place, subject)
        if name is None or name in self.written:
            return name
        what = f"the table {text} is not under `tables:`"
        do = nearest(text, self.written.values(), likeness=_LIKE)
        self.findings.append(finding("RET101", place, what, subject=subject, do=do))
        return None

    def hop(self, text: str, place: Place, subject: str = "") -> TableName | None:
        """Return a table that a path goes over; it needn't be listed, but may be a slip."""
        name = self.table(text, place, subject)
        if name is not None and name not in self.written:
            what = f"the path goes over {text}, which is not under `tables:`"
            do = nearest(text, self.written.values(), likeness=_LIKE)
            self.findings.append(finding("RET138", place, what, subject=subject, do=do))
        return name


def _parts(sections: Sections) -> Iterator[TableName | None]:
    waiting: list[str | PartDoc] = [part for rule in sections.rules.values() for part in rule.with_]
    while waiting:
        part = waiting.pop()
        yield parse_table(part if isinstance(part, str) else part.table)
        if isinstance(part, PartDoc):
            waiting.extend(part.with_)
