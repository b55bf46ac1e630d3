"""What of a policy no rule covers: personal data that nothing ever destroys, and promises that nothing keeps."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.errors import Finding
from retention.matrix.model import Matrix, Part, Rule, TableEntry, TableName


def uncovered(matrix: Matrix) -> Iterator[Finding]:
    """Yield each table, column, item, purpose and legal basis of the matrix that no rule covers."""
    going = going_tables(matrix)
    for name, entry in matrix.tables.items():
        if entry.out_of_scope is None and entry.items and name not in going:
            yield from _table(matrix, entry)
    held = {item for entry in matrix.tables.values() for item in entry.items.values()}
    used = {use.purpose.id for rule in matrix.rules for use in rule.purposes}
    for purpose in matrix.purposes.values():
        for item in dict.fromkeys((*purpose.required, *purpose.optional)):
            if item not in held:
                what = f"the item {item} of the purpose {purpose.id} is on no column"
                yield finding("RET404", purpose.place, what, purpose.id)
        if purpose.id not in used:
            what = f"no rule says when the purpose {purpose.id} ({purpose.name}) ends"
            yield finding("RET405", purpose.place, what, purpose.id)
    kept = {keep.basis.id for rule in matrix.rules for keep in rule.keeps}
    for basis in matrix.bases.values():
        if basis.id not in kept:
            record = basis.record or basis.statute
            what = f"no rule keeps {record} for {basis.keep} under {basis.statute} {basis.article} ({basis.id})"
            yield finding("RET406", basis.place, what, basis.id)


def _table(matrix: Matrix, entry: TableEntry) -> Iterator[Finding]:
    """Yield the table where it has no rule at all, else the items that its column rules leave."""
    rules = [rule for rule in matrix.rules if rule.table == entry.name]
    if not rules:
        items = ", ".join(dict.fromkeys(entry.items.values()))
        yield finding("RET401", entry.place, f"no rule ever destroys rows of {entry.name} ({items})", str(entry.name))
        return
    changed = {column for rule in rules for column in rule.columns}
    for column, item in entry.items.items():
        if column not in changed:
            what = f"{entry.name}.{column} ({item}) stays for ever: the rules {_ids(rules)} leave it"
            yield finding("RET402", f"{entry.name}.{column}", what, str(entry.name))


def _ids(rules: list[Rule]) -> str:
    return ", ".join(rule.id for rule in rules)


def going_tables(matrix: Matrix) -> set[TableName]:
    """Return the tables of which rows go: by a rule, at its term, or with their owner."""
    going = {rule.table for rule in matrix.rules if rule.action.on_rows or rule.then_after is not None}
    for rule in matrix.rules:
        going.update(_parts(rule.parts))
    return going


def _parts(parts: tuple[Part, ...]) -> Iterator[TableName]:
    for part in parts:
        yield part.table
        yield from _parts(part.parts)
