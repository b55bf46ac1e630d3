"""The tables of a matrix: whose rows they are, which column holds which item, what the database doesn't declare."""

from __future__ import annotations

from collections.abc import Iterator

from retention.matrix.clockdocs import ClockReader
from retention.matrix.codes import finding
from retention.matrix.lookup import Lookup
from retention.matrix.mistakes import nearest
from retention.matrix.model import Place, RelationEntry, Subject, TableEntry, TableName
from retention.matrix.sections import Sections
from retention.matrix.source import Source, Step
from retention.matrix.tabledocs import NoSubjectDoc, SubjectPathDoc, TableDoc


def build_tables(source: Source, sections: Sections, lookup: Lookup) -> dict[TableName, TableEntry]:
    """Return every table that could be read."""
    known = {
        item for purpose in sections.purposes.values() for item in (*purpose.items.required, *purpose.items.optional)
    }
    found: dict[TableName, TableEntry] = {}
    for text, doc in sections.tables.items():
        whole = ("tables", text) not in sections.mended
        entry = _Table(source, lookup, text, doc, known).entry(whole=whole)
        if entry is None:
            continue
        if entry.name in found:
            what = f"{text} is the table of line {found[entry.name].place.line}, spelled in another way"
            lookup.findings.append(finding("RET006", entry.place, what))
            continue
        found[entry.name] = entry
    return found


class _Table:
    def __init__(self, source: Source, lookup: Lookup, text: str, doc: TableDoc, known: set[str]) -> None:
        self.source, self.lookup, self.text, self.doc, self.known = source, lookup, text, doc, known
        self.place = source.place("tables", text)

    def entry(self, *, whole: bool) -> TableEntry | None:
        name = self.lookup.table(self.text, self.place)
        if name is None:
            return None
        doc = self.doc
        subject, none = self._subject()
        if whole:
            self._contradictions(name, subject, none)
        self._items(name)
        return TableEntry(
            name=name,
            key=tuple(doc.key),
            subject=subject,
            no_subject=none,
            items=doc.items,
            not_personal=tuple(doc.not_personal),
            relations=tuple(self._relations(name)),
            out_of_scope=doc.out_of_scope,
            place=self.place,
        )

    def _report(self, code: str, steps: tuple[Step, ...], what: str, *, subject: str = "", do: str = "") -> None:
        place = self.source.place("tables", self.text, *steps)
        self.lookup.findings.append(finding(code, place, what, subject=subject, do=do))

    def _subject(self) -> tuple[Subject | None, str | None]:
        written = self.doc.subject
        if isinstance(written, NoSubjectDoc):
            return None, self.doc.none or written.none
        if written is None:
            return None, self.doc.none
        if isinstance(written, SubjectPathDoc):
            reader = ClockReader(self._place("subject"), self.lookup.findings, self.lookup.hop, self.text)
            hops = list(reader.hops(written.via))
            return Subject((written.column,), tuple(hop for hop in hops if hop is not None)), self.doc.none
        return Subject((written,) if isinstance(written, str) else tuple(written)), self.doc.none

    def _place(self, *steps: Step) -> Place:
        return self.source.place("tables", self.text, *steps)

    def _contradictions(self, name: TableName, subject: Subject | None, none: str | None) -> None:
        doc = self.doc
        if doc.out_of_scope is not None and (doc.items or subject is not None):
            what = f"{name} is out of scope ({doc.out_of_scope}), and has items or a subject: a row with a name in it"
            self._report("RET139", ("out_of_scope",), what)
        elif none is not None and subject is not None:
            self._report("RET139", ("none",), f"{name} has a subject and says that its rows are nobody's")
        elif doc.items and subject is None and none is None and name not in self.lookup.parts:
            what = f"{name} holds personal items, and nothing says whose: a hold on a person would not cover her rows"
            self._report("RET113", (), what)

    def _items(self, name: TableName) -> None:
        for column, item in self.doc.items.items():
            if self.known and item not in self.known:
                what = f"the item {item} of {name}.{column} is under no purpose"
                do = nearest(item, self.known)
                self._report("RET114", ("items", column), what, subject=str(name), do=do)
        for number, column in enumerate(self.doc.not_personal):
            if column in self.doc.items:
                what = f"{name}.{column} is the item {self.doc.items[column]} and not_personal at once"
                self._report("RET124", ("not_personal", number), what, subject=str(name))

    def _relations(self, name: TableName) -> Iterator[RelationEntry]:
        for number, relation in enumerate(self.doc.relations):
            place = self._place("relations", number)
            to = self.lookup.table(relation.to, place)
            if len(relation.columns) != len(relation.to_columns):
                what = f"a relation has as many columns as to_columns, not {len(relation.columns)} and "
                self._report("RET005", ("relations", number), f"{what}{len(relation.to_columns)}")
            elif to is not None and to.database != name.database:
                what = f"the relation leads from {name} to {to}, which is in another database"
                self._report("RET131", ("relations", number), what)
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
