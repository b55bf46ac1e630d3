"""The condition that the destroying statement re-checks: the whole of it, on the row as it is at that moment.

Planning knows which rows *will* go; the statement knows only which rows are still there. Children go first, so a row
that still refers to this one stays, and keeps it. Rows that can only go together are told apart from others by who
leaves in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import FromClause, Insert, Select, and_, delete, insert, literal, not_, or_, select, true

from retention.database.exists import exists
from retention.database.names import TableKey
from retention.database.reading import Sql
from retention.database.relations import Relation, joined
from retention.plan.clocks import sure
from retention.plan.held import Covers
from retention.plan.record import Record
from retention.plan.rules import BoundRule, Staying
from retention.plan.units import Unit

Leaving = Callable[[TableKey, FromClause], Sql]
"""Whether a row of a table leaves in this very transaction."""


def remaining(as_of: date, covers: Covers) -> Staying:
    """Return what tells whether a row that is still there stays: one of a row rule does.

    A row of a column rule is there for good; what it was before its own rule is carried out decides, and a hold.
    """

    def stays(rule: BoundRule, row: FromClause) -> Sql:
        if rule.action.on_rows:
            return true()
        return or_(not_(sure(rule.lapsed(row, as_of, stays))), covers(rule.table, row))

    return stays


def condition(
    unit: Unit,
    rule: BoundRule,
    as_of: date,
    covers: Covers,
    *,
    parts_gone: bool,
    staged: bool = True,
    row: FromClause | None = None,
) -> Sql:
    """Return the whole condition under which a row of ``rule`` goes, or changes, on ``as_of``.

    ``covers``: which rows a live hold covers. ``parts_gone``: whether the row's parts have gone before in the same
    transaction, or are still to go with it. ``staged``: whether the row was found due before anything went, so that
    clocks in rows that have gone since count as read. ``row``: the row meant, the table itself unless said.
    """
    rules = unit.table_rules(rule)
    rules = rules.staged if staged else rules
    row = rules.row if row is None else row
    conditions = [rules.lapsed(row, as_of, remaining(as_of, covers)), not_(covers(rule.table, row))]
    if not rule.action.on_rows:
        return and_(*conditions)
    conditions.append(rules.carried_under(rule, row))
    record = Record(unit, rule, row, covers)
    if parts_gone:
        conditions.extend(not_(_referred(unit, relation, row)) for relation in unit.referring(rule.table))
    else:
        conditions.extend(not_(one) for one in record.held())
    return and_(*conditions)


def part_condition(unit: Unit, table: TableKey, row: FromClause, covers: Covers) -> Sql:
    """Return the condition under which a part goes with its owner: nothing that is still there refers to it."""
    free = (not_(_referred(unit, relation, row)) for relation in unit.referring(table))
    return and_(true(), not_(covers(table, row)), *free)


def together(unit: Unit, table: TableKey, row: FromClause, as_of: date, covers: Covers, leaving: Leaving) -> Sql:
    """Return whether a row of ``table`` may go with those that leave: all that hold it leave too."""
    conditions = [not_(covers(table, row))]
    conditions.extend(not_(_referred(unit, relation, row, leaving)) for relation in unit.referring(table))
    for owner, relation in unit.part_owners.get(table, ()):
        above = unit.binding.shape(owner).sql.alias()
        left = select(literal(1)).where(joined(relation, row, above), not_(leaving(owner, above))).correlate(row)
        conditions.append(not_(exists(left)))
    if table in unit.row_rules:
        rules = unit.row_rules[table].staged
        stays = remaining(as_of, covers)

        def remains(rule: BoundRule, child: FromClause) -> Sql:
            return (
                and_(stays(rule, child), not_(leaving(rule.table, child)))
                if rule.action.on_rows
                else stays(rule, child)
            )

        conditions.extend([rules.lapsed(row, as_of, remains), rules.carried(row)])
    return and_(true(), *conditions)


def clock_query(rule: BoundRule, as_of: date) -> Select[Any]:
    """Return a query for the rows whose clocks alone let them go: what an index of a clock can serve."""
    row = rule.row
    return select(literal(1)).select_from(row).where(rule.selected(row), rule.clocks_lapsed(row, as_of))


def moving(rule: BoundRule, table: TableKey, to: TableKey, chosen: Sql) -> Insert:
    """Return the statement that copies the chosen rows of ``table``, with all their values, to ``to``."""
    row, columns = rule.binding.shape(table).sql, rule.binding.shape(table).stored
    rows = select(*(row.c[name] for name in columns)).where(chosen)
    # A SQLite table may be declared to put a new row in the place of one with the same key.
    copying = insert(rule.binding.shape(to).sql).prefix_with("OR ABORT", dialect="sqlite")
    return copying.from_select(columns, rows, include_defaults=False)


def destroying_sql(unit: Unit, rule: BoundRule, as_of: date, covers: Covers) -> str:
    """Return the statement as text for a person, with named parameters in place of values."""
    row, chosen = rule.shape.sql, condition(unit, rule, as_of, covers, parts_gone=True)
    engine = unit.binding.database.engine
    text = str(delete(row).where(chosen).compile(engine))
    if rule.to is not None:
        text = f"{moving(rule, rule.table, rule.to, chosen).compile(engine)}; {text}"
    if not rule.action.on_rows:
        columns = ", ".join(rule.rule.columns)
        text = text.replace("DELETE FROM", "UPDATE", 1).replace(" WHERE", f" SET ({columns}) WHERE", 1)
    return " ".join(text.split())


def _referred(unit: Unit, relation: Relation, row: FromClause, leaving: Leaving | None = None) -> Sql:
    child = unit.binding.shape(relation.child).sql.alias()
    conditions = [joined(relation, child, row)]
    if leaving is not None:
        conditions.append(not_(leaving(relation.child, child)))
    elif unit.lets_go_of_itself(relation):
        conditions.append(not_(unit.same(relation.child, child, row)))
    return exists(select(literal(1)).where(*conditions).correlate(row))
