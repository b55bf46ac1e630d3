"""The rules of a matrix: their clocks, purposes, periods, columns and parts, with every name looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from retention.matrix.clockdocs import ClockReader, check_period
from retention.matrix.codes import finding
from retention.matrix.condition import WhereExpression
from retention.matrix.lookup import Lookup
from retention.matrix.mistakes import nearest
from retention.matrix.model import (
    Action,
    Keep,
    LegalBasis,
    Limit,
    Part,
    Place,
    Purpose,
    PurposeUse,
    Rule,
    TableName,
    ThenAfter,
    Tolerate,
    TransformSpec,
    WhileReferenced,
)
from retention.matrix.ruledocs import KeepReferencedDoc, PartDoc, PurposeUseDoc, RuleDoc
from retention.matrix.source import Source, Step
from retention.matrix.transformdocs import spec_of
from retention.matrix.where import WhereError, parse_where

_LINES = ("table", "where", "mark", "to")


class RuleBuilder:
    """Builds one rule after the other."""

    def __init__(
        self,
        source: Source,
        lookup: Lookup,
        bases: Mapping[str, LegalBasis],
        purposes: Mapping[str, Purpose],
    ) -> None:
        self.source, self.lookup, self.bases, self.purposes = source, lookup, bases, purposes
        self.written_bases = set(source.section("legal_bases"))
        self.written_purposes = set(source.section("purposes"))
        rules = source.data.get("rules")
        listed = rules if isinstance(rules, list) else []
        self.ids = {str(one["id"]) for one in listed if isinstance(one, dict) and "id" in one}

    def rule(self, number: int, doc: RuleDoc) -> Rule | None:
        """Return the rule, or None where its table isn't known."""
        table = self.lookup.listed(doc.table, self._place(number, "table"), doc.id)
        clocks = ClockReader(self._place(number), self.lookup.findings, self.lookup.hop, doc.id)
        uses = [] if doc.purpose is None else doc.purpose if isinstance(doc.purpose, list) else [doc.purpose]
        purposes = [
            use for step, one in self._uses(doc, uses) if (use := self._purpose(doc, one, clocks, number, step))
        ]
        keeps: list[Keep] = []
        references: list[WhileReferenced] = []
        for index, keep in enumerate(doc.keep):
            here = self._place(number, "keep", index)
            if isinstance(keep, KeepReferencedDoc):
                references.append(self._referenced(doc.id, keep, here))
                continue
            basis = self.bases.get(keep.basis)
            if basis is None and keep.basis not in self.written_bases:
                what = f"there is no legal basis {keep.basis} under `legal_bases:`; nothing would keep the rows"
                place = self._place(number, "keep", index, "basis")
                self._report("RET101", place, what, doc.id, nearest(keep.basis, self.written_bases))
            clocks.place = here
            since = clocks.since(keep.since)
            if basis is not None and since is not None:
                keeps.append(Keep(basis, since, keep.when_null, here))
        where = self._where(doc, self._place(number, "where"))
        if doc.then_after is not None:
            check_period(doc.then_after.term, self._place(number, "then_after"), self.lookup.findings, doc.id)
        parts = tuple(self._parts(doc, doc.with_, table, (number, "with")))
        to = self._to(doc, doc.to, table, "to" in doc.model_fields_set, self._place(number, "to"))
        columns = self._columns(number, doc)
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
            place=self._place(number),
            to=to,
            lines={key: self._place(number, key) for key in _LINES if key in doc.model_fields_set},
        )

    def _place(self, number: int, *steps: Step) -> Place:
        return self.source.place("rules", number, *steps)

    def _report(self, code: str, place: Place, what: str, rule: str, do: str = "") -> None:
        self.lookup.findings.append(finding(code, place, what, subject=rule, do=do))

    def _where(self, doc: RuleDoc, place: Place) -> WhereExpression | None:
        if doc.where is None:
            return None
        try:
            return parse_where(doc.where)
        except WhereError as error:
            self._report("RET106", place, f"where of rule {doc.id}: {error}", doc.id)
            return None

    @staticmethod
    def _uses(doc: RuleDoc, uses: list[PurposeUseDoc]) -> Iterator[tuple[tuple[Step, ...], PurposeUseDoc]]:
        for index, use in enumerate(uses):
            yield (("purpose", index) if isinstance(doc.purpose, list) else ("purpose",)), use

    def _purpose(
        self, doc: RuleDoc, use: PurposeUseDoc, clocks: ClockReader, number: int, step: tuple[Step, ...]
    ) -> PurposeUse | None:
        place = self._place(number, *step)
        purpose = self.purposes.get(use.name)
        if purpose is None and use.name not in self.written_purposes:
            what = f"there is no purpose {use.name} under `purposes:`"
            at = self._place(number, *step, "name")
            self._report("RET101", at, what, doc.id, nearest(use.name, self.written_purposes))
        clocks.place = place
        ends = clocks.ends(use.ends)
        return PurposeUse(purpose, ends, place) if purpose is not None and ends is not None else None

    def _referenced(self, rule: str, doc: KeepReferencedDoc, place: Place) -> WhileReferenced:
        for name in doc.while_referenced_by:
            if name not in self.ids:
                self._report("RET101", place, f"there is no rule {name}", rule, nearest(name, self.ids))
            elif name == rule:
                self._report("RET128", place, f"the rule {rule} waits for itself: its rows would stay for ever", rule)
        known = tuple(name for name in doc.while_referenced_by if name in self.ids and name != rule)
        return WhileReferenced(known, place)

    def _parts(
        self, of: RuleDoc, written: Iterable[str | PartDoc], owner: TableName | None, path: tuple[Step, ...]
    ) -> Iterator[Part]:
        rule = of.id
        for index, one in enumerate(written):
            here = (*path, index)
            place = self.source.place("rules", *here)
            doc = PartDoc.model_validate({"table": one}) if isinstance(one, str) else one
            table = self.lookup.listed(doc.table, place, rule)
            inner = tuple(self._parts(of, doc.with_, table, (*here, "with")))
            to = self._to(of, doc.to, table, "to" in doc.model_fields_set, self.source.place("rules", *here, "to"))
            if len(doc.columns) != len(doc.to_columns):
                what = f"the part {doc.table} has {len(doc.columns)} columns and {len(doc.to_columns)} to_columns"
                self._report("RET005", place, what, rule, "write as many of one as of the other")
            elif doc.columns and doc.relation is not None:
                what = f"the part {doc.table} has a relation by name and by its columns"
                self._report("RET005", place, what, rule, "keep one of the two")
            elif table is not None and owner is not None and table.database != owner.database:
                self._report("RET131", place, f"{table} is a part of {owner}, which is in another database", rule)
            elif table is not None:
                yield Part(table, tuple(doc.columns), tuple(doc.to_columns), doc.relation, place, inner, to)

    def _to(
        self, of: RuleDoc, written: str | None, table: TableName | None, said: bool, place: Place
    ) -> TableName | None:
        """Return where rows of ``table`` are moved to; None, and a finding, where that is missing or has no place."""
        whose = f"rule {of.id}" if table is None or of.table == str(table) else f"rule {of.id}: the part {table}"
        if of.then != "separate":
            if said:
                what = f"{whose} has `to`, and {of.then} moves nothing: the rows would be sought there in vain"
                self._report("RET143", place, what, of.id, "take it out, or write then: separate")
            return None
        if written is None:
            if not said:
                self._report("RET143", place, f"{whose} doesn't say where its rows are moved to", of.id)
            return None
        to = self.lookup.listed(written, place, of.id)
        if to is not None and table is not None and to.database != table.database:
            self._report("RET131", place, f"{whose} is to be moved to {to}, which is in another database", of.id)
            return None
        return to

    def _columns(self, number: int, doc: RuleDoc) -> dict[str, TransformSpec]:
        place = self._place(number, "columns")
        if doc.columns is None:
            return {}
        if isinstance(doc.columns, list):
            if doc.then in ("anonymize", "pseudonymize"):
                what = (
                    f"rule {doc.id}: {doc.then} takes a mapping of columns to transforms: a list doesn't say into what"
                )
                self._report("RET108", place, what, doc.id)
            return {
                name: TransformSpec("null", place=self._place(number, "columns", index))
                for index, name in enumerate(doc.columns)
            }
        if doc.then == "erase":
            what = f"rule {doc.id}: erase takes a list of columns; they become null, and nothing else"
            self._report("RET108", place, what, doc.id)
        return {name: spec_of(written, self._place(number, "columns", name)) for name, written in doc.columns.items()}
