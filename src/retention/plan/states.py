"""The state of each row under a rule as one SQL value: the conditions that count and destroy, in the matrix's order."""

from __future__ import annotations

from datetime import date

from sqlalchemy import FromClause, and_, case, not_, null

from retention.database.reading import Sql
from retention.plan.clocks import sure
from retention.plan.going import Going
from retention.plan.rules import BoundRule
from retention.plan.units import Unit

STATES = ("in_use", "done", "unreadable", "separate", "held", "referenced", "due")
"""Every state a selected row can be in, each row in exactly one: the first that fits."""


def due(unit: Unit, rule: BoundRule, row: FromClause, as_of: date, going: Going) -> Sql:
    """Return whether the row is due under the rule on ``as_of``, which is the day ``going`` was built for."""
    if _staged(rule, going):
        # What a set holds has lapsed, and no hold covers it: nothing else was staged.
        return and_(rule.selected(row), going.due(rule.table, row))
    lapsed = unit.table_rules(rule).lapsed(row, as_of, going.stays)
    return and_(rule.selected(row), lapsed, not_(going.covers(rule.table, row)))


def state(unit: Unit, rule: BoundRule, row: FromClause, as_of: date, going: Going) -> Sql:
    """Return the row's state under the rule as text, one of :data:`STATES`; null where ``where`` doesn't select it."""
    rules = unit.table_rules(rule)
    lapsed = sure(rules.lapsed(row, as_of, going.stays))
    blocked = [(not_(going.due(rule.table, row)), "referenced")] if _staged(rule, going) else []
    return case(
        (not_(rule.selected(row)), null()),
        (sure(rules.alive(row, as_of)), "in_use"),
        (sure(rules.done(row)), "done"),
        (sure(rules.unreadable(row)), "unreadable"),
        (not_(lapsed), "separate"),
        (sure(going.covers(rule.table, row)), "held"),
        *blocked,
        else_="due",
    )


def _staged(rule: BoundRule, going: Going) -> bool:
    return rule.action.on_rows and rule.table in going.sets
