"""What can be wrong between the rules of a matrix; each with a row that would suffer from it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from retention.errors import Finding
from retention.matrix.clocks import clocks_of
from retention.matrix.codes import finding
from retention.matrix.model import Action, ColumnClock, Matrix, Part, Rule, TableName
from retention.matrix.overlap import common_row
from retention.matrix.rules_check import Lines
from retention.matrix.separate_check import check_separate


def check_between(matrix: Matrix, lines: Lines) -> Iterator[Finding]:
    """Yield every contradiction between rules."""
    yield from _actions(matrix, lines)
    yield from _shared(matrix, lines)
    yield from _changed_clocks(matrix, lines)
    yield from _changed_subjects(matrix, lines)
    yield from _items_left(matrix, lines)
    yield from _parts(matrix)
    yield from _circles(matrix)
    yield from _elsewhere(matrix)
    yield from check_separate(matrix)


def _by_table(matrix: Matrix) -> dict[TableName, list[Rule]]:
    found: dict[TableName, list[Rule]] = {}
    for rule in matrix.rules:
        found.setdefault(rule.table, []).append(rule)
    return found


def _actions(matrix: Matrix, lines: Lines) -> Iterator[Finding]:
    """Yield pairs of row rules that do different things to a row that both select."""
    for rules in _by_table(matrix).values():
        acting = [taker for rule in rules if (taker := _on_rows(rule)) is not None]
        for (one, first, does), (other, second, differently) in combinations(acting, 2):
            if does is differently or any(rule.where is None and rule.where_text for rule in (one, other)):
                continue
            row = common_row(one.where, other.where)
            if row is not None:
                what = f"{row} is selected by rules {first} ({does}) and {second} ({differently})"
                yield finding("RET109", lines.of(other, "then"), what, subject=other.id)


def _on_rows(rule: Rule) -> tuple[Rule, str, Action] | None:
    """Return the rule, the id under which it takes rows, and how; None where it takes none."""
    if rule.action.on_rows:
        return rule, rule.id, rule.action
    return None if rule.then_after is None else (rule, f"{rule.id}.after", Action.DELETE)


def _shared(matrix: Matrix, lines: Lines) -> Iterator[Finding]:
    columns: dict[tuple[TableName, str], Rule] = {}
    marks: dict[tuple[TableName, str], Rule] = {}
    for rule in matrix.rules:
        for column in rule.columns:
            other = columns.setdefault((rule.table, column), rule)
            if other is not rule:
                what = (
                    f"rules {other.id} and {rule.id} both change {rule.table}.{column}: the second would take the "
                    "first one's value for a person's"
                )
                yield finding("RET110", lines.of(rule, "columns", column), what, subject=rule.id)
        if rule.mark is not None:
            other = marks.setdefault((rule.table, rule.mark), rule)
            if other is not rule:
                what = (
                    f"rules {other.id} and {rule.id} share the mark {rule.mark}: a row that one has changed counts as "
                    "done under the other"
                )
                yield finding("RET111", lines.of(rule, "mark"), what, subject=rule.id)
    for (table, column), rule in marks.items():
        changer = columns.get((table, column))
        if changer is not None and changer is not rule:
            what = f"the mark {column} of rule {rule.id} is changed by rule {changer.id}: its rows would be done again"
            yield finding("RET111", lines.of(rule, "mark"), what, subject=rule.id)


def _changed_clocks(matrix: Matrix, lines: Lines) -> Iterator[Finding]:
    """Yield column rules that change what another rule counts from; to the rule itself such a row is done."""
    counted: dict[tuple[TableName, str], list[Rule]] = {}
    for rule in matrix.rules:
        for clock in clocks_of(rule):
            table = _table_of(rule, clock)
            if table is not None:
                counted.setdefault((table, clock.column), []).append(rule)
    for rule in matrix.rules:
        for column, spec in rule.columns.items():
            others = [other for other in counted.get((rule.table, column), ()) if other is not rule]
            if not others or spec.name == "keep":
                continue
            becomes = (
                "its rows would be unreadable under it, and stay for ever"
                if spec.name == "null"
                else "its rows would go on another day than the law's"
            )
            what = f"rule {rule.id} changes {rule.table}.{column}, from which rule {others[0].id} counts: {becomes}"
            yield finding("RET133", lines.of(rule, "columns", column), what, subject=rule.id)


def _table_of(rule: Rule, clock: ColumnClock) -> TableName | None:
    """Return the table that a clock lies in, None where only a live schema tells."""
    return rule.table if not clock.via else clock.via[-1].table


def _changed_subjects(matrix: Matrix, lines: Lines) -> Iterator[Finding]:
    """Yield column rules after which other tables no longer know whose their rows are."""
    reached: dict[tuple[TableName, str], list[TableName]] = {}
    for entry in matrix.tables.values():
        if entry.subject is not None and entry.subject.via and entry.subject.via[-1].table is not None:
            for column in entry.subject.columns:
                reached.setdefault((entry.subject.via[-1].table, column), []).append(entry.name)
    for rule in matrix.rules:
        for column, spec in rule.columns.items():
            tables = reached.get((rule.table, column), [])
            if tables and spec.name != "keep":
                what = (
                    f"rule {rule.id} changes {rule.table}.{column}, over which {_listed(tables)} "
                    f"know{'s' if len(tables) == 1 else ''} whose the rows are: a hold on the person no longer "
                    "covers them"
                )
                yield finding("RET134", lines.of(rule, "columns", column), what, subject=rule.id)


def _listed(tables: list[TableName]) -> str:
    names = [str(table) for table in tables]
    if len(names) > 4:  # noqa: PLR2004 - more names than anybody reads in a line
        names = [*names[:3], f"{len(names) - 3} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _items_left(matrix: Matrix, lines: Lines) -> Iterator[Finding]:
    """Yield anonymizing rules whose rows still hold items that no column rule of the table changes."""
    for table, rules in _by_table(matrix).items():
        entry = matrix.tables.get(table)
        changed = {column for rule in rules for column, spec in rule.columns.items() if spec.name != "keep"}
        kept = {column for rule in rules for column, spec in rule.columns.items() if spec.name == "keep"}
        for rule in rules:
            if rule.action is not Action.ANONYMIZE or entry is None:
                continue
            left = [column for column in entry.items if column not in changed and column not in kept]
            if left:
                what = (
                    f"rule {rule.id} anonymizes {table} and leaves {', '.join(left)}: such a row can still be "
                    "somebody's"
                )
                yield finding("RET135", lines.of(rule, "columns"), what, subject=rule.id)


def _parts(matrix: Matrix) -> Iterator[Finding]:
    owners = {rule.table: rule for rule in reversed(matrix.rules)}
    for rule in matrix.rules:
        for part, path in _paths(rule.parts, (rule.table,)):
            if path[-1] in path[:-1]:
                what = f"rule {rule.id}: {' is a part of '.join(map(str, reversed(path)))}: none of them can go first"
                yield finding("RET112", part.place, what, subject=rule.id)
            elif path[-1] in owners:
                what = (
                    f"{path[-1]} is a part of rule {rule.id} and has the rule {owners[path[-1]].id}: its rows would go "
                    "on two days"
                )
                yield finding("RET120", part.place, what, subject=rule.id)


def _paths(parts: tuple[Part, ...], above: tuple[TableName, ...]) -> Iterator[tuple[Part, tuple[TableName, ...]]]:
    for part in parts:
        here = (*above, part.table)
        yield part, here
        if part.table not in above:
            yield from _paths(part.parts, here)


def _circles(matrix: Matrix) -> Iterator[Finding]:
    """Yield circles of rules that wait for each other."""
    waits = {rule.id: [name for one in rule.while_referenced for name in one.rules] for rule in matrix.rules}
    told: set[frozenset[str]] = set()
    for rule in matrix.rules:
        circle = _circle(rule.id, waits)
        if circle and frozenset(circle) not in told:
            told.add(frozenset(circle))
            what = (
                f"the rules {', '.join(circle)} wait for each other: rows that refer to each other would stay for ever"
            )
            yield finding("RET128", rule.while_referenced[0].place, what, subject=rule.id)


def _circle(start: str, waits: dict[str, list[str]]) -> list[str]:
    """Return the rules of a circle through ``start``, empty where there is none."""
    came: dict[str, str] = {}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for name in waits.get(here, ()):
            if name == start:
                found = [here]
                while found[-1] != start:
                    found.append(came[found[-1]])
                return found[::-1]
            if name not in came:
                came[name] = here
                waiting.append(name)
    return []


def _elsewhere(matrix: Matrix) -> Iterator[Finding]:
    """Yield paths and waits that lead into another database."""
    tables = {rule.id: rule.table for rule in matrix.rules}
    for rule in matrix.rules:
        here = rule.table.database
        for clock in clocks_of(rule):
            for hop in clock.via:
                if hop.table is not None and hop.table.database != here:
                    what = f"rule {rule.id}: the clock {clock.column} lies in {hop.table}, which is in another database"
                    yield finding("RET131", clock.place, what, subject=rule.id)
        for one in rule.while_referenced:
            for name in one.rules:
                other = tables.get(name)
                if other is not None and other.database != here:
                    what = f"rule {rule.id} waits for rule {name}, whose table {other} is in another database"
                    yield finding("RET131", one.place, what, subject=rule.id)
