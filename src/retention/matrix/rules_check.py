"""What can be wrong between the rules of a matrix, before any database is asked."""

from __future__ import annotations

from collections.abc import Iterator

from retention.errors import Finding
from retention.matrix.codes import finding
from retention.matrix.model import Action, Matrix, Part, Rule, TableName


def check_rules(matrix: Matrix) -> Iterator[Finding]:
    """Yield every contradiction inside a rule, and between rules."""
    seen: dict[str, Rule] = {}
    for rule in matrix.rules:
        if rule.id in seen:
            what = f"the id {rule.id} stands twice, first on line {seen[rule.id].place.line}"
            yield finding("RET102", rule.place, what, subject=rule.id)
        seen.setdefault(rule.id, rule)
        yield from _one(matrix, rule)
    for rule in matrix.rules:
        if rule.then_after is not None and f"{rule.id}.after" in seen:
            yield finding("RET118", rule.place, f"{rule.id}.after is what follows rule {rule.id}", subject=rule.id)
    yield from _actions(matrix)
    yield from _shared(matrix)
    yield from _parts(matrix)


def _one(matrix: Matrix, rule: Rule) -> Iterator[Finding]:
    def wrong(code: str, what: str) -> Finding:
        return finding(code, rule.place, f"rule {rule.id}: {what}", subject=rule.id)

    if not rule.purposes and not rule.keeps:
        yield wrong("RET103", "nothing says from when, so no row would ever go: for example one whose clock is null")
    if rule.parts and not rule.action.on_rows:
        yield wrong("RET108", "`with` belongs to actions on rows")
    shares = (rule.limit.share, rule.tolerate.null, rule.tolerate.unreadable, rule.tolerate.future)
    if any(share is not None and not 0 <= share <= 1 for share in shares):
        yield wrong("RET116", "a share lies from 0 to 1")
    if rule.limit.rows is not None and rule.limit.rows < 0:
        yield wrong("RET116", "a limit of rows is no less than 0")
    entry = matrix.tables.get(rule.table)
    if entry is not None and entry.out_of_scope is not None:
        yield wrong("RET117", f"{rule.table} is out of scope ({entry.out_of_scope})")
    for code, what in _columns(rule):
        yield wrong(code, what)


def _columns(rule: Rule) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a rule's columns, mark and term for its action."""
    if rule.action is Action.PSEUDONYMIZE and rule.for_ is None:
        yield "RET107", "pseudonymized data is still personal; a row past its periods would be kept without a purpose"
    if rule.for_ is not None and rule.action is not Action.PSEUDONYMIZE:
        yield "RET107", f"`for` belongs to pseudonymize, not to {rule.action}"
    if rule.action.on_rows and (rule.columns or rule.mark):
        yield "RET108", f"{rule.action} takes the whole row, not columns or a mark"
    if not rule.action.on_rows and not rule.columns:
        yield "RET108", f"{rule.action} needs `columns`"
    if rule.action is Action.ERASE and any(spec.name != "null" for spec in rule.columns.values()):
        yield "RET108", "erase takes a list of columns; they become null"
    if rule.mark is not None and rule.mark in rule.columns:
        yield "RET111", f"the mark {rule.mark} is one of the columns it changes"
    if rule.then_after is not None and rule.action.on_rows:
        yield "RET115", "`then_after` follows a transformation; nothing is left after a row has gone"
    if rule.action is Action.PSEUDONYMIZE and rule.then_after is None:
        yield "RET121", "no term of the pseudonymized data is declared"


def _actions(matrix: Matrix) -> Iterator[Finding]:
    first: dict[TableName, Rule] = {}
    for rule in matrix.rules:
        if not rule.action.on_rows:
            continue
        other = first.setdefault(rule.table, rule)
        if other.action is not rule.action:
            what = f"rules {other.id} ({other.action}) and {rule.id} ({rule.action}) could select the same row"
            yield finding("RET109", rule.place, what, subject=rule.id)


def _shared(matrix: Matrix) -> Iterator[Finding]:
    columns: dict[tuple[TableName, str], Rule] = {}
    marks: dict[tuple[TableName, str], Rule] = {}
    for rule in matrix.rules:
        for column in rule.columns:
            other = columns.setdefault((rule.table, column), rule)
            if other is not rule:
                what = f"rules {other.id} and {rule.id} both change {rule.table}.{column}"
                yield finding("RET110", rule.place, what, subject=rule.id)
        if rule.mark is not None:
            other = marks.setdefault((rule.table, rule.mark), rule)
            if other is not rule:
                what = f"rules {other.id} and {rule.id} share the mark {rule.mark}"
                yield finding("RET111", rule.place, what, subject=rule.id)


def _parts(matrix: Matrix) -> Iterator[Finding]:
    owners = {rule.table: rule for rule in matrix.rules if rule.action.on_rows}
    for rule in matrix.rules:
        for path in _paths(rule.parts, (rule.table,)):
            if path[-1] in path[:-1]:
                what = f"rule {rule.id}: the part {path[-1]} is a part of itself"
                yield finding("RET112", rule.place, what, subject=rule.id)
            elif path[-1] in owners:
                what = f"{path[-1]} is a part of rule {rule.id} and has the rule {owners[path[-1]].id}"
                yield finding("RET120", rule.place, what, subject=rule.id)


def _paths(parts: tuple[Part, ...], above: tuple[TableName, ...]) -> Iterator[tuple[TableName, ...]]:
    for part in parts:
        here = (*above, part.table)
        yield here
        if part.table not in above:
            yield from _paths(part.parts, here)
