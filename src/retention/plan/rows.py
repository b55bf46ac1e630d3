"""All rules that decide over rows of one table, as one: a row that several select has one state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import FromClause, and_, false, not_, or_, true

from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.plan.clocks import sure
from retention.plan.rules import BoundRule, Staying


@dataclass(frozen=True, slots=True)
class TableRules:
    """The row rules of one table in the matrix's order, or one column rule alone.

    ``silent`` rules have their say in a row's state, but aren't carried out: somebody named only some of the rules.
    """

    table: TableKey
    rules: tuple[BoundRule, ...]
    silent: frozenset[str] = frozenset()

    @property
    def row(self) -> FromClause:
        """Return the table itself."""
        return self.rules[0].row

    @property
    def key(self) -> tuple[str, ...]:
        """Return the columns that name a row."""
        return self.rules[0].key

    @property
    def staged(self) -> TableRules:
        """Return the rules as a statement re-checks them on rows that were found due before anything went."""
        return TableRules(self.table, tuple(rule.staged for rule in self.rules), self.silent)

    def _any(self, row: FromClause, test: Callable[[BoundRule], Sql]) -> Sql:
        if len(self.rules) == 1:
            return test(self.rules[0])
        return or_(false(), *(and_(rule.selected(row), test(rule)) for rule in self.rules))

    def alive(self, row: FromClause, as_of: date) -> Sql:
        """Return whether a purpose of any rule that selects the row is alive."""
        return self._any(row, lambda rule: rule.alive(row, as_of))

    def unreadable(self, row: FromClause) -> Sql:
        """Return whether a clock of any rule that selects the row is unreadable, or none is set."""
        counted = self._any(row, lambda rule: rule.counted(row))
        return or_(self._any(row, lambda rule: rule.unreadable(row)), not_(sure(counted)))

    def done(self, row: FromClause) -> Sql:
        """Return whether a column rule has transformed the row."""
        return self._any(row, lambda rule: rule.done(row))

    def wanted(self, row: FromClause, as_of: date, staying: Staying) -> Sql:
        """Return whether a statute of any rule that selects the row still wants it."""
        return self._any(row, lambda rule: rule.wanted(row, as_of, staying))

    def lapsed(self, row: FromClause, as_of: date, staying: Staying | None) -> Sql:
        """Return whether all rules that select the row let it go, and one does select it."""
        if len(self.rules) == 1:
            return self.rules[0].lapsed(row, as_of, staying)
        return and_(
            or_(*(rule.selected(row) for rule in self.rules)),
            self._any(row, lambda rule: rule.counted(row)),
            *(or_(not_(rule.selected(row)), rule.past(row, as_of, staying)) for rule in self.rules),
        )

    def carried(self, row: FromClause) -> Sql:
        """Return whether the rule that the row goes under is carried out."""
        if not self.silent:
            return true()
        return or_(false(), *(self.carried_under(rule, row) for rule in self.rules if rule.id not in self.silent))

    def waits(self, row: FromClause, staying: Staying) -> Sql:
        """Return whether a row that a rule names in ``while_referenced_by``, and that stays, refers to this one."""
        naming = [rule for rule in self.rules if rule.referencing]
        return or_(false(), *(and_(rule.selected(row), rule.referenced_by_rule(row, staying)) for rule in naming))

    def overdue(self, row: FromClause, as_of: date, staying: Staying, lasting: Staying) -> Sql:
        """Return whether all rules that select the row let it go days ago; as :meth:`BoundRule.overdue`."""
        late = ((rule, rule.overdue(row, as_of, staying, lasting)) for rule in self.rules)
        return and_(*(or_(not_(rule.selected(row)), overdue) for rule, overdue in late))

    def carried_under(self, rule: BoundRule, row: FromClause) -> Sql:
        """Return whether ``rule`` is the first that selects the row, and so the one it is carried out under."""
        earlier = self.rules[: [one.id for one in self.rules].index(rule.id)]
        return and_(rule.selected(row), *(not_(one.selected(row)) for one in earlier))


def by_table(rules: Sequence[BoundRule], silent: Sequence[BoundRule] = ()) -> dict[TableKey, TableRules]:
    """Group row rules by their table, in the matrix's order; a table with silent rules only is left out."""
    carried = {rule.table for rule in rules if rule.action.on_rows}
    grouped: dict[TableKey, list[BoundRule]] = {}
    for rule in sorted((*rules, *silent), key=lambda one: one.place):
        if rule.action.on_rows and rule.table in carried:
            grouped.setdefault(rule.table, []).append(rule)
    quiet = {rule.id for rule in silent}
    return {
        table: TableRules(table, tuple(found), frozenset(rule.id for rule in found if rule.id in quiet))
        for table, found in grouped.items()
    }
