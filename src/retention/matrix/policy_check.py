"""The matrix against the policy it stands for: bases, purposes and items that nothing uses, holidays, databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from retention.errors import Finding
from retention.law import Calendar
from retention.matrix.codes import finding
from retention.matrix.mistakes import nearest
from retention.matrix.model import Matrix, TableEntry
from retention.matrix.sections import Sections
from retention.matrix.source import Source


def check_policy(source: Source, sections: Sections, matrix: Matrix) -> Iterator[Finding]:
    """Yield what is promised and nothing does, and days and databases that contradict themselves."""
    named = _named(source.data.get("rules"))
    # A name that is nearly one of those defined is told as such, and not once more as one that nobody uses.
    named["basis"] |= _meant(named["basis"], matrix.bases)
    named["name"] |= _meant(named["name"], matrix.purposes)
    for name, basis in matrix.bases.items():
        if name not in named["basis"]:
            record = basis.record or basis.statute
            what = f"the legal basis {name} keeps no row: a record of {record} goes with its purpose"
            yield finding("RET126", basis.place, what)
    for name, purpose in matrix.purposes.items():
        if name not in named["name"]:
            what = (
                f"the purpose {name} ends for no row: what is held for {purpose.name} is never destroyed for its sake"
            )
            yield finding("RET127", purpose.place, what)
    yield from _items(source, sections, matrix)
    yield from _holidays(source, matrix)
    yield from _databases(source, matrix)
    for entry in matrix.tables.values():
        yield from _repeated_relations(entry)


def _named(rules: Any) -> dict[str, set[str]]:
    """Return every ``basis`` and purpose that rules name, those that can't be read for another reason included."""
    found: dict[str, set[str]] = {"basis": set(), "name": set()}
    waiting = [rules]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            for key, value in here.items():
                if key in found and isinstance(value, str):
                    found[key].add(value)
                waiting.append(value)
        elif isinstance(here, list):
            waiting.extend(here)
    return found


def _meant(written: Iterable[str], known: Iterable[str]) -> set[str]:
    names = list(known)
    return {near for one in written for near in get_close_matches(one, names, n=1) if one not in names}


def _items(source: Source, sections: Sections, matrix: Matrix) -> Iterator[Finding]:
    held = {item for doc in sections.tables.values() for item in doc.items.values()}
    promised = {item for one in matrix.purposes.values() for item in (*one.required, *one.optional)}
    held |= _meant(held - promised, promised)
    said: set[str] = set()
    for name, purpose in matrix.purposes.items():
        for kind, items in (("required", purpose.required), ("optional", purpose.optional)):
            for number, item in enumerate(items):
                if item not in held and item not in said:
                    said.add(item)
                    what = f"the item {item} of the purpose {name} is on no column: nobody would find or destroy it"
                    place = source.place("purposes", name, "items", kind, number)
                    yield finding("RET125", place, what, do=nearest(item, held))


def _holidays(source: Source, matrix: Matrix) -> Iterator[Finding]:
    calendar, plain = matrix.calendar, Calendar()
    for number, day in enumerate(calendar.remove):
        place = source.place("holidays", "remove", number)
        if day in calendar.add:
            what = f"{day} is added and removed: a period that ends on it ends that day or the next"
            yield finding("RET130", place, what)
        elif not plain.is_holiday(day):
            what = f"{day} is no holiday in the calendar, so removing it changes nothing"
            yield finding("RET130", place, what, severity="warning", do="leave it out, or write the day that is meant")
    for days in (("add", calendar.add), ("remove", calendar.remove)):
        for number, day in enumerate(days[1]):
            if day in days[1][:number]:
                place = source.place("holidays", days[0], number)
                yield finding("RET130", place, f"{day} stands twice", severity="warning", do="keep one of the two")


def _databases(source: Source, matrix: Matrix) -> Iterator[Finding]:
    connections = Counter(name for entry in matrix.databases.values() for name in entry.connections)
    identities = Counter(name for entry in matrix.databases.values() for name in entry.identities)
    used = {name.database for name in matrix.tables}
    for name, entry in matrix.databases.items():
        for kind, own, all_ in (
            ("connection", entry.connections, connections),
            ("identity", entry.identities, identities),
        ):
            for one in dict.fromkeys(own):
                if all_[one] > 1:
                    what = f"the {kind} {one} stands {all_[one]} times: its rows would be planned as often"
                    yield finding("RET140", source.place("databases", name, kind), what)
        for one in dict.fromkeys(replica for named in entry.replicas.values() for replica in named):
            if one in connections:
                what = f"the replica {one} is a database that is destroyed in, and can't be waited for"
                yield finding("RET140", source.place("databases", name, "replicas"), what)
        if entry.execute.replica_lag is not None and not entry.replicas:
            what = f"database {name} has a `replica_lag` and no `replicas`"
            yield finding("RET142", source.place("databases", name, "execute", "replica_lag"), what)
        if name not in used:
            yield finding(
                "RET141", entry.place, f"no table of the database {name} is listed, so nothing of it ever goes"
            )


def _repeated_relations(entry: TableEntry) -> Iterator[Finding]:
    names: set[str] = set()
    for relation in entry.relations:
        if relation.name is not None and relation.name in names:
            what = f"the relation {relation.name} of {entry.name} stands twice: a path over it could lead either way"
            yield finding("RET102", relation.place, what, do="give each relation a name of its own")
        if relation.name is not None:
            names.add(relation.name)
