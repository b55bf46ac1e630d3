"""From the grammar's models to the typed matrix: every name looked up, every mistake reported at its line."""

from __future__ import annotations

from dataclasses import dataclass, field

from retention.errors import Finding
from retention.law import Calendar
from retention.matrix.buildrules import RuleBuilder
from retention.matrix.buildtables import build_tables
from retention.matrix.clockdocs import check_period, check_zone
from retention.matrix.codes import finding
from retention.matrix.digests import digest, rule_digests
from retention.matrix.document import PersonDoc
from retention.matrix.lookup import Lookup
from retention.matrix.model import (
    DatabaseEntry,
    Execution,
    LegalBasis,
    LoadProbe,
    Matrix,
    Organisation,
    Person,
    Place,
    Purpose,
    Rule,
    TableEntry,
    TableName,
)
from retention.matrix.sections import Sections
from retention.matrix.source import Source, Step
from retention.matrix.tabledocs import ExecuteDoc

_HOUR = 60


@dataclass
class Builder:
    """Builds one matrix; mistakes are added to ``findings``, and what depends on them is left out."""

    source: Source
    sections: Sections
    findings: list[Finding] = field(default_factory=list)
    databases: dict[str, DatabaseEntry] = field(default_factory=dict)
    bases: dict[str, LegalBasis] = field(default_factory=dict)
    purposes: dict[str, Purpose] = field(default_factory=dict)
    tables: dict[TableName, TableEntry] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)

    def build(self) -> Matrix:
        """Return the matrix of everything that could be read."""
        lookup = Lookup(self.source, self.sections, self.findings)
        self._databases()
        self._bases()
        self._purposes()
        self.tables.update(build_tables(self.source, self.sections, lookup))
        rules: list[Rule] = []
        builder = RuleBuilder(self.source, lookup, self.bases, self.purposes)
        for number, doc in self.sections.rules.items():
            rule = builder.rule(number, doc)
            if rule is not None and ("rules", number) not in self.sections.mended:
                rules.append(rule)
                self.numbers.append(number)
        organisation = self.sections.organisation
        return Matrix(
            path=self.source.file,
            digest=digest(self.source.data),
            organisation=Organisation(
                organisation.name if organisation else "",
                _person(organisation.officer if organisation else None),
                _person(organisation.in_charge if organisation else None),
            ),
            calendar=Calendar(tuple(self.sections.holidays.add), tuple(self.sections.holidays.remove)),
            databases=self.databases,
            bases=self.bases,
            purposes=self.purposes,
            tables=self.tables,
            classification="advised" if self.sections.classification == "advised" else "required",
            rules=tuple(rules),
            rule_digests=rule_digests(self.source, self.numbers, rules, lookup.written, self.databases),
        )

    def _report(self, code: str, place: Place, what: str) -> None:
        self.findings.append(finding(code, place, what))

    def _databases(self) -> None:
        for name, doc in self.sections.databases.items():

            def place(*steps: Step, name: str = name) -> Place:
                return self.source.place("databases", name, *steps)

            connections, identities = _tuple(doc.connection), _tuple(doc.identity)
            if len(connections) != len(identities) or not connections:
                what = f"database {name} has {len(connections)} connections and {len(identities)} identities"
                self._report("RET119", place(), what)
                continue
            if doc.zone is not None:
                check_zone(doc.zone, place("zone"), self.findings)
            for connection in doc.replicas:
                if connection not in connections:
                    what = f"database {name} has no connection {connection}, so it has no replicas"
                    self._report("RET101", place("replicas", connection), what)
            replicas = {key: tuple(value) for key, value in doc.replicas.items()}
            self.databases[name] = DatabaseEntry(
                name, connections, identities, doc.zone, replicas, _execution(doc.execute), place()
            )

    def _bases(self) -> None:
        for name, doc in self.sections.bases.items():
            check_period(doc.keep, self.source.place("legal_bases", name, "keep"), self.findings)
            self.bases[name] = LegalBasis(
                name,
                doc.statute,
                doc.article,
                doc.record,
                doc.keep,
                doc.roll_holidays,
                doc.computation,
                doc.read,
                doc.source_mark,
                self.source.place("legal_bases", name),
            )

    def _purposes(self) -> None:
        for name, doc in self.sections.purposes.items():
            self.purposes[name] = Purpose(
                name,
                doc.name or name,
                tuple(doc.items.required),
                tuple(doc.items.optional),
                doc.statute,
                doc.article,
                doc.read,
                self.source.place("purposes", name),
            )


def _tuple(written: str | list[str]) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written)


def _person(doc: PersonDoc | None) -> Person | None:
    return None if doc is None else Person(doc.role, doc.name, doc.department)


def _execution(doc: ExecuteDoc) -> Execution:
    probe = doc.load_probe
    return Execution(
        window=None if doc.window is None else _window(doc.window),
        rows=doc.rows,
        target_ms=doc.target_ms,
        lock_timeout_ms=doc.lock_timeout_ms,
        stop=doc.stop,
        load_probe=None if probe is None else LoadProbe(probe.sql, probe.threshold),
        replica_lag=doc.replica_lag,
        workers=doc.workers,
    )


def _window(text: str) -> tuple[int, int]:
    start, end = ([int(number) for number in clock.split(":")] for clock in text.split("-"))
    return start[0] * _HOUR + start[1], end[0] * _HOUR + end[1]
