"""From the grammar's models to the typed matrix: every name looked up, every mistake reported at its line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from retention.errors import Finding
from retention.law import Calendar
from retention.matrix.clockdocs import ClockReader, check_period, check_zone
from retention.matrix.codes import finding
from retention.matrix.document import (
    KeepReferencedDoc,
    PartDoc,
    PersonDoc,
    PurposeUseDoc,
    RuleDoc,
    SubjectPathDoc,
    TableDoc,
)
from retention.matrix.model import (
    Action,
    DatabaseEntry,
    Keep,
    LegalBasis,
    Limit,
    Matrix,
    Organisation,
    Part,
    Person,
    Place,
    Purpose,
    PurposeUse,
    RelationEntry,
    Rule,
    Subject,
    TableEntry,
    TableName,
    ThenAfter,
    Tolerate,
    TransformSpec,
    WhereExpression,
    WhileReferenced,
)
from retention.matrix.names import parse_table
from retention.matrix.sections import Sections
from retention.matrix.source import Source, Step
from retention.matrix.where import WhereError, parse_where


class Builder:
    """Builds one matrix; mistakes are added to ``findings``, and what depends on them is left out."""

    def __init__(self, source: Source, sections: Sections) -> None:
        self.source = source
        self.sections = sections
        self.findings: list[Finding] = []
        self.databases: dict[str, DatabaseEntry] = {}
        self.bases: dict[str, LegalBasis] = {}
        self.purposes: dict[str, Purpose] = {}
        self.tables: dict[TableName, TableEntry] = {}

    def build(self) -> Matrix:
        """Return the matrix of everything that could be read."""
        self._databases()
        self._bases()
        self._purposes()
        for name, written in self.sections.tables.items():
            self._table(name, written)
        rules = [rule for number, doc in self.sections.rules.items() if (rule := self._rule(number, doc)) is not None]
        organisation = self.sections.organisation
        return Matrix(
            path=self.source.file,
            digest=_digest(self.source.data),
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
            rule_digests=self._rule_digests(rules),
        )

    def _report(self, code: str, place: Place, what: str, *, subject: str = "", do: str = "") -> None:
        self.findings.append(finding(code, place, what, subject=subject, do=do))

    def _databases(self) -> None:
        for name, doc in self.sections.databases.items():
            place = self.source.place("databases", name)
            connections, identities = _tuple(doc.connection), _tuple(doc.identity)
            if len(connections) != len(identities) or not connections:
                what = f"database {name} has {len(connections)} connections and {len(identities)} identities"
                self._report("RET119", place, what)
                continue
            if doc.zone is not None:
                check_zone(doc.zone, self.source.place("databases", name, "zone"), self.findings)
            replicas = {key: tuple(value) for key, value in doc.replicas.items()}
            self.databases[name] = DatabaseEntry(name, connections, identities, doc.zone, replicas, doc.execute, place)

    def _bases(self) -> None:
        for name, doc in self.sections.bases.items():
            place = self.source.place("legal_bases", name)
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
                place,
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

    # --- tables -------------------------------------------------------------------------------------------------

    def _table_name(self, text: str, place: Place) -> TableName | None:
        name = parse_table(text)
        if name is None:
            self._report("RET122", place, f"{text} names no table")
            return None
        if name.database not in self.sections.databases:
            self._report("RET101", place, f"{text}: there is no database {name.database} under `databases:`")
            return None
        return name

    def _known_table(self, text: str, place: Place) -> TableName | None:
        name = self._table_name(text, place)
        written = self.source.data.get("tables")
        if name is not None and written and not any(parse_table(other) == name for other in written):
            self._report("RET101", place, f"the table {text} is not under `tables:`")
            return None
        return name

    def _table(self, text: str, doc: TableDoc) -> None:
        place = self.source.place("tables", text)
        name = self._table_name(text, place)
        if name is None:
            return
        unowned = doc.items and doc.subject is None and doc.none is None and doc.out_of_scope is None
        if unowned and not self._is_part(name):
            self._report("RET113", place, f"{name} holds personal items, and nothing says whose")
        known = {item for purpose in self.sections.purposes.values() for item in purpose.items.required}
        known |= {item for purpose in self.sections.purposes.values() for item in purpose.items.optional}
        for column, item in doc.items.items():
            if known and item not in known:
                where = self.source.place("tables", text, "items", column)
                self._report(
                    "RET114", where, f"the item {item} of {name}.{column} is under no purpose", subject=str(name)
                )
        for column in set(doc.items) & set(doc.not_personal):
            self._report("RET005", place, f"{name}.{column} is an item and not_personal at once")
        self.tables[name] = TableEntry(
            name=name,
            key=tuple(doc.key),
            subject=self._subject(doc, place),
            no_subject=doc.none,
            items=doc.items,
            not_personal=tuple(doc.not_personal),
            relations=tuple(self._relations(text, doc)),
            out_of_scope=doc.out_of_scope,
            place=place,
        )

    def _is_part(self, name: TableName) -> bool:
        def within(parts: Iterable[str | PartDoc]) -> bool:
            for part in parts:
                if parse_table(part if isinstance(part, str) else part.table) == name:
                    return True
                if isinstance(part, PartDoc) and within(part.with_):
                    return True
            return False

        return any(within(rule.with_) for rule in self.sections.rules.values())

    def _subject(self, doc: TableDoc, place: Place) -> Subject | None:
        if doc.subject is None:
            return None
        if isinstance(doc.subject, SubjectPathDoc):
            hops = list(ClockReader(place, self.findings, self._known_table, "").hops(doc.subject.via))
            return Subject((doc.subject.column,), tuple(hop for hop in hops if hop is not None))
        return Subject(_tuple(doc.subject))

    def _relations(self, text: str, doc: TableDoc) -> Iterable[RelationEntry]:
        for number, relation in enumerate(doc.relations):
            place = self.source.place("tables", text, "relations", number)
            to = self._table_name(relation.to, place)
            if len(relation.columns) != len(relation.to_columns) or not relation.columns:
                self._report("RET005", place, "a relation has as many columns as to_columns, at least one")
            elif to is not None:
                yield RelationEntry(
                    relation.name,
                    tuple(relation.columns),
                    to,
                    tuple(relation.to_columns),
                    relation.holds,
                    relation.detach,
                    place,
                )

    # --- rules --------------------------------------------------------------------------------------------------

    def _rule(self, number: int, doc: RuleDoc) -> Rule | None:
        place = self.source.place("rules", number)
        table = self._known_table(doc.table, self._place(number, "table"))
        clocks = ClockReader(place, self.findings, self._known_table, doc.id)
        where = self._where(doc, self._place(number, "where"))
        uses = [] if doc.purpose is None else doc.purpose if isinstance(doc.purpose, list) else [doc.purpose]
        purposes = [use for one in uses if (use := self._purpose(one, clocks, self._place(number, "purpose")))]
        keeps: list[Keep] = []
        references: list[WhileReferenced] = []
        for index, keep in enumerate(doc.keep):
            here = self._place(number, "keep", index)
            if isinstance(keep, KeepReferencedDoc):
                references.append(self._referenced(doc.id, keep, here))
                continue
            basis = self.bases.get(keep.basis)
            if basis is None and keep.basis not in self.sections.bases:
                self._report("RET101", here, f"there is no legal basis {keep.basis} under `legal_bases:`")
            clocks.place = here
            since = clocks.since(keep.since)
            if basis is not None and since is not None:
                keeps.append(Keep(basis, since, keep.when_null, here))
        if doc.then_after is not None:
            check_period(doc.then_after.term, self._place(number, "then_after"), self.findings, doc.id)
        columns = self._columns(number, doc)
        parts = tuple(self._parts(doc.with_, self._place(number, "with")))
        if table is None:
            return None
        return Rule(
            id=doc.id,
            table=table,
            where=where,
            where_text=doc.where or "",
            purposes=tuple(purposes),
            keeps=tuple(keeps),
            while_referenced=tuple(references),
            action=Action(doc.then),
            columns=columns,
            mark=doc.mark,
            for_=doc.for_,
            then_after=None
            if doc.then_after is None
            else ThenAfter(doc.then_after.term, doc.then_after.do, self._place(number, "then_after")),
            parts=parts,
            limit=Limit(doc.limit.rows, doc.limit.share),
            approval=doc.approval,
            tolerate=Tolerate(doc.tolerate.null, doc.tolerate.unreadable, doc.tolerate.future),
            proof=doc.proof,
            file=doc.file,
            copies=tuple(doc.copies),
            drop_partitions=doc.drop_partitions,
            place=place,
        )

    def _place(self, number: int, *steps: Step) -> Place:
        return self.source.place("rules", number, *steps)

    def _where(self, doc: RuleDoc, place: Place) -> WhereExpression | None:
        if doc.where is None:
            return None
        try:
            return parse_where(doc.where)
        except WhereError as error:
            self._report("RET106", place, f"where of rule {doc.id}: {error}", subject=doc.id)
            return None

    def _purpose(self, doc: PurposeUseDoc, clocks: ClockReader, place: Place) -> PurposeUse | None:
        purpose = self.purposes.get(doc.name)
        if purpose is None and doc.name not in self.sections.purposes:
            self._report("RET101", place, f"there is no purpose {doc.name} under `purposes:`")
        clocks.place = place
        ends = clocks.ends(doc.ends)
        return PurposeUse(purpose, ends, place) if purpose is not None and ends is not None else None

    def _referenced(self, rule: str, doc: KeepReferencedDoc, place: Place) -> WhileReferenced:
        written = self.source.data["rules"]
        ids = {one.get("id") for one in written if isinstance(one, dict)}
        for name in doc.while_referenced_by:
            if name not in ids:
                self._report("RET101", place, f"there is no rule {name}")
            elif name == rule:
                self._report("RET101", place, f"the rule {rule} can't wait for itself")
        return WhileReferenced(tuple(name for name in doc.while_referenced_by if name in ids and name != rule), place)

    def _columns(self, number: int, doc: RuleDoc) -> dict[str, TransformSpec]:
        if doc.columns is None:
            return {}
        if isinstance(doc.columns, list):
            return {name: TransformSpec("null") for name in doc.columns}
        found: dict[str, TransformSpec] = {}
        for name, written in doc.columns.items():
            place = self._place(number, "columns", name)
            if ("rules", number, "columns", name) in self.source.empty:
                self._report("RET007", place, f"the column {name} of rule {doc.id} has no transform", subject=doc.id)
                continue
            spec = _transform(written)
            if spec is None:
                self._report("RET005", place, f"{name}: write a transform, such as null or {{token: DOMAIN}}")
                continue
            found[name] = spec
        return found

    def _parts(self, written: Iterable[str | PartDoc], place: Place) -> Iterable[Part]:
        for one in written:
            doc = PartDoc.model_validate({"table": one}) if isinstance(one, str) else one
            table = self._known_table(doc.table, place)
            if len(doc.columns) != len(doc.to_columns):
                self._report("RET005", place, f"the part {doc.table} has as many columns as to_columns")
                continue
            if table is not None:
                inner = tuple(self._parts(doc.with_, place))
                yield Part(table, tuple(doc.columns), tuple(doc.to_columns), doc.relation, place, inner)

    def _meaning(self, database: str) -> list[Any]:
        """Return what of a database decides over rows: how fast a night goes, and where it reads, doesn't."""
        entry = self.databases.get(database)
        return [entry.zone, list(entry.identities)] if entry is not None else []

    def _rule_digests(self, rules: Iterable[Rule]) -> dict[str, str]:
        """Return per rule a digest of all that decides what it does, so that a changed rule is recognised."""
        digests: dict[str, str] = {}
        written = {doc.id: number for number, doc in self.sections.rules.items()}
        data = self.source.data
        for rule in rules:
            core = {
                "rule": data["rules"][written[rule.id]],
                "bases": {keep.basis.id: data["legal_bases"][keep.basis.id] for keep in rule.keeps},
                "table": (data["tables"] or {}).get(str(rule.table)),
                "database": self._meaning(rule.table.database),
                "holidays": data.get("holidays"),
            }
            digests[rule.id] = _digest(core)
            digests[f"{rule.id}.after"] = _digest({"after": core})
        return digests


def _tuple(written: str | list[str]) -> tuple[str, ...]:
    return (written,) if isinstance(written, str) else tuple(written)


def _person(doc: PersonDoc | None) -> Person | None:
    return None if doc is None else Person(doc.role, doc.name, doc.department)


def _transform(written: Any) -> TransformSpec | None:
    if written is None or written == "null":
        return TransformSpec("null")
    if isinstance(written, str):
        return TransformSpec(written)
    if isinstance(written, dict) and len(written) == 1:
        name, argument = next(iter(written.items()))
        return TransformSpec(name, argument)
    return None


def _digest(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
