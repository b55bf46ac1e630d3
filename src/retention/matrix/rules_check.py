"""What can be wrong inside one rule, before any database is asked; each with a row that would suffer from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from retention.errors import Finding
from retention.matrix.clocks import clocks_of, is_saved
from retention.matrix.codes import finding
from retention.matrix.model import Action, ClockList, ColumnClock, Matrix, Place, Rule
from retention.matrix.overlap import never_true
from retention.matrix.source import Source, Step


@dataclass(frozen=True)
class Lines:
    """Where each part of each rule is written; ``numbers`` are the rules' places in the file's list."""

    source: Source
    numbers: dict[int, int]

    @classmethod
    def of_matrix(cls, source: Source, matrix: Matrix, numbers: list[int]) -> Lines:
        """Return the lines of a matrix whose rules are at those places of the list."""
        return cls(source, {id(rule): number for rule, number in zip(matrix.rules, numbers, strict=True)})

    def of(self, rule: Rule, *steps: Step) -> Place:
        """Return where a part of the rule is written."""
        return self.source.place("rules", self.numbers[id(rule)], *steps)

    def says_when(self, rule: Rule) -> bool:
        """Return whether a purpose or a period is written in the rule, readable or not."""
        written = self.source.data["rules"][self.numbers[id(rule)]]
        keeps = written.get("keep")
        periods = [one for one in keeps if "while_referenced_by" not in one] if isinstance(keeps, list) else []
        return bool(written.get("purpose") or periods)


def check_rules(matrix: Matrix, lines: Lines) -> Iterator[Finding]:
    """Yield every contradiction inside a rule."""
    seen: dict[str, Rule] = {}
    for rule in matrix.rules:
        if rule.id in seen:
            what = f"the id {rule.id} stands twice, first on line {seen[rule.id].place.line}"
            yield finding("RET102", lines.of(rule, "id"), what, subject=rule.id)
        seen.setdefault(rule.id, rule)
        for code, at, what in (
            *_fires(rule, lines),
            *_shares(rule),
            *_scope(matrix, rule),
            *_columns(rule),
            *_clocks(matrix, rule),
            *_repeated(rule),
        ):
            where = at if isinstance(at, Place) else lines.of(rule, *at)
            yield finding(code, where, f"rule {rule.id}: {what}", subject=rule.id)
    for rule in matrix.rules:
        if rule.then_after is not None and f"{rule.id}.after" in seen:
            what = f"{rule.id}.after is what follows rule {rule.id}, and the rule of line "
            line = seen[f"{rule.id}.after"].place.line
            yield finding("RET118", lines.of(rule, "then_after"), f"{what}{line}", subject=rule.id)


_Problem = tuple[str, tuple[Step, ...] | Place, str]
"""A code, the steps to the place in the rule, or the place itself, and what is wrong."""


def _fires(rule: Rule, lines: Lines) -> Iterator[_Problem]:
    # Of what is written and can't be read it is told already.
    if not rule.purposes and not rule.keeps and not lines.says_when(rule):
        yield "RET103", (), "nothing says from when: a row of 1990 would stay as long as one of today"
    if rule.where is not None and never_true(rule.where):
        yield "RET123", ("where",), f"no row satisfies {rule.where_text}, so none ever goes"


def _shares(rule: Rule) -> Iterator[_Problem]:
    shares = {
        ("limit", "share"): rule.limit.share,
        ("tolerate", "null"): rule.tolerate.null,
        ("tolerate", "unreadable"): rule.tolerate.unreadable,
        ("tolerate", "future"): rule.tolerate.future,
    }
    for steps, share in shares.items():
        if share is not None and not 0 <= share <= 1:
            yield "RET116", steps, f"{steps[-1]} is {share:g}, and a share lies from 0 to 1: this one is never passed"
    if rule.limit.rows is not None and rule.limit.rows < 0:
        yield "RET116", ("limit", "rows"), f"a limit of {rule.limit.rows} rows is below none"


def _scope(matrix: Matrix, rule: Rule) -> Iterator[_Problem]:
    entry = matrix.tables.get(rule.table)
    if entry is not None and entry.out_of_scope is not None:
        yield "RET117", ("table",), f"{rule.table} is out of scope ({entry.out_of_scope})"


def _columns(rule: Rule) -> Iterator[_Problem]:
    """Yield what is wrong with a rule's columns, mark and term for its action."""
    action = rule.action
    if action is Action.PSEUDONYMIZE and rule.for_ is None:
        yield (
            "RET107",
            ("then",),
            "pseudonymized data is still personal: a row past its periods would be kept for no purpose",
        )
    if rule.for_ is not None and action is not Action.PSEUDONYMIZE:
        yield (
            "RET107",
            ("for",),
            f"`for` belongs to pseudonymize, not to {action}: its rows are for nobody's statistics",
        )
    if action.on_rows and rule.columns:
        yield "RET108", ("columns",), f"{action} takes the whole row, so there are no columns left to change"
    if action.on_rows and rule.mark:
        yield "RET108", ("mark",), f"{action} takes the whole row, so there is none left to mark"
    if not action.on_rows and not rule.columns:
        yield "RET108", ("then",), f"{action} needs `columns`: no column would change"
    if rule.drop_partitions and not action.on_rows:
        what = f"`drop_partitions` belongs to actions on rows: {action} leaves the rows where they are"
        yield "RET108", ("drop_partitions",), what
    if rule.parts and not action.on_rows:
        yield "RET108", ("with",), f"`with` belongs to actions on rows: {action} leaves the row, and with it its parts"
    if rule.mark is not None and rule.mark in rule.columns:
        yield "RET111", ("mark",), f"the mark {rule.mark} is one of the columns it changes"
    if rule.then_after is not None and action.on_rows:
        yield "RET115", ("then_after",), f"nothing is left after {action} that could follow"
    if action is Action.PSEUDONYMIZE and rule.then_after is None:
        yield "RET121", ("then",), "no term is declared: its rows are personal data that nothing ever destroys"


def _clocks(matrix: Matrix, rule: Rule) -> Iterator[_Problem]:
    database = matrix.databases.get(rule.table.database)
    said: set[str] = set()
    for clock in clocks_of(rule):
        if _wants_zone(clock) and clock.zone is None and database is not None and database.zone is None:
            yield (
                "RET129",
                clock.place,
                f"the clock {clock.column} is wall-clock time without a zone: 2021-03-15 15:30 is that day "
                "in Seoul's time and the next in UTC",
            )
        if not clock.via and clock.column == rule.mark:
            yield (
                "RET111",
                ("mark",),
                f"the mark {rule.mark} is also the clock its periods count from: a change would start them anew",
            )
        if is_saved(clock.column) and clock.column not in said:
            said.add(clock.column)
            yield (
                "RET132",
                clock.place,
                f"the clock {clock.column} moves with every save: a row of 2015 that somebody edits today is kept "
                "as if it were of today",
            )


def _wants_zone(clock: ColumnClock) -> bool:
    format_ = clock.format or ""
    return format_ == "timestamp" or (format_.startswith("text:") and "%H" in format_ and "%z" not in format_)


def _repeated(rule: Rule) -> Iterator[_Problem]:
    kept = Counter((keep.basis.id, _bare(keep.since)) for keep in rule.keeps)
    for (basis, clock), times in kept.items():
        if times > 1:
            yield "RET136", ("keep",), f"the basis {basis} counts from {clock} {times} times"
    used = Counter(use.purpose.id for use in rule.purposes)
    for purpose, times in used.items():
        if times > 1:
            yield "RET136", ("purpose",), f"the purpose {purpose} stands {times} times"
    if len(rule.purposes) != 1:
        return
    end = rule.purposes[0].ends
    for keep in rule.keeps:
        same = isinstance(end, (ColumnClock, ClockList)) and _bare(keep.since) == _bare(end)
        if same and keep.when_null == "not_applicable":
            yield (
                "RET137",
                keep.place,
                f"a row whose {_bare(end)} is null is in use, since that ends the only purpose, so what "
                f"{keep.basis.id} says of a null is never asked",
            )


def _bare(clock: object) -> str:
    """Return a clock in words, the same for the same clock wherever it stands."""
    if isinstance(clock, ColumnClock):
        way = [hop.relation or str(hop.table) for hop in clock.via]
        return ".".join([*way, clock.column]) + (f" as {clock.format}" if clock.format else "")
    return " and ".join(_bare(one) for one in clock.clocks) if isinstance(clock, ClockList) else "?"
