"""The condition that the destroying statement re-checks: the whole of it, on the row as it is at that moment.

Planning knows which rows *will* go; the statement knows only which rows are still there. Children go first, so a row
that still refers to this one stays, and keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import FromClause, Select, and_, delete, exists, literal, not_, or_, select, true
from sqlalchemy.sql.elements import False_

from retention.database.reading import Sql
from retention.database.relations import Relation
from retention.matrix.binding import BoundPart
from retention.plan.clocks import sure
from retention.plan.held import Covers
from retention.plan.rows import TableRules
from retention.plan.rules import BoundRule, Staying, joined
from retention.plan.units import Unit


def remaining(as_of: date, covers: Covers) -> Staying:
    """Return what tells whether a row that is still there stays: one of a row rule does.

    A row of a column rule is there for good; what it was before its own rule is carried out decides, and a hold.
    """

    def stays(rule: BoundRule, row: FromClause) -> Sql:
        if rule.action.on_rows:
            return true()
        return or_(not_(sure(rule.lapsed(row, as_of, stays))), covers(rule.table, row))

    return stays


def condition(unit: Unit, rule: BoundRule, as_of: date, covers: Covers, *, parts_gone: bool) -> Sql:
    """Return the whole condition under which a row of ``rule`` goes, or changes, on ``as_of``.

    ``covers``: which rows a live hold covers. ``parts_gone``: whether the row's parts have gone before in the same
    transaction, or are still to go with it.
    """
    rules = unit.table_rules(rule)
    row = rules.row
    conditions = [rules.lapsed(row, as_of, remaining(as_of, covers)), not_(covers(rule.table, row))]
    if not rule.action.on_rows:
        return and_(*conditions)
    conditions.append(rules.carried_under(rule, row))
    own = () if parts_gone else tuple(part.relation for part in rule.parts)
    conditions.extend(
        not_(_referred(unit, relation, row)) for relation in unit.referring(rule.table) if relation not in own
    )
    if not parts_gone:
        conditions.extend(not_(one) for one in _stuck_parts(unit, rules, rule.parts, row, as_of, covers))
    return and_(*conditions)


def clock_query(rule: BoundRule, as_of: date) -> Select[Any]:
    """Return a query for the rows whose clocks alone let them go: what an index of a clock can serve."""
    row = rule.row
    return select(literal(1)).select_from(row).where(rule.selected(row), rule.clocks_lapsed(row, as_of))


def destroying_sql(unit: Unit, rule: BoundRule, as_of: date, covers: Covers) -> str:
    """Return the statement as text for a person, with named parameters in place of values."""
    row = rule.shape.sql
    statement = delete(row).where(condition(unit, rule, as_of, covers, parts_gone=True))
    text = str(statement.compile(unit.binding.database.engine))
    if not rule.action.on_rows:
        columns = ", ".join(rule.rule.columns)
        text = text.replace("DELETE FROM", "UPDATE", 1).replace(" WHERE", f" SET ({columns}) WHERE", 1)
    return " ".join(text.split())


def _referred(unit: Unit, relation: Relation, row: FromClause) -> Sql:
    child = unit.binding.shape(relation.child).sql.alias()
    conditions = [joined(relation, child, row)]
    if relation.to_itself:
        conditions.append(not_(and_(*(child.c[name] == row.c[name] for name in unit.binding.row_key(relation.child)))))
    return exists(select(literal(1)).where(*conditions).correlate(row))


def _stuck_parts(
    unit: Unit, rules: TableRules, parts: Sequence[BoundPart], row: FromClause, as_of: date, covers: Covers
) -> list[Sql]:
    """Return, for each kind of part, whether the row has one that can't go with it."""
    found: list[Sql] = []
    for part in parts:
        member = unit.binding.shape(part.table).sql.alias()
        own = tuple(inner.relation for inner in part.parts)
        reasons = [_referred(unit, one, member) for one in unit.referring(part.table) if one not in own]
        reasons.extend(_stuck_parts(unit, rules, part.parts, member, as_of, covers))
        held = covers(part.table, member)
        if not isinstance(held, False_):
            reasons.append(held)
        for owner, relation in unit.part_owners[part.table]:
            above = unit.row_rules.get(owner)
            if above is None or (owner == rules.table and _one_owner(unit, relation)):
                continue
            other = above.row.alias()
            reasons.append(
                exists(
                    select(literal(1))
                    .where(
                        joined(relation, member, other),
                        or_(not_(above.lapsed(other, as_of, remaining(as_of, covers))), covers(owner, other)),
                    )
                    .correlate(member)
                )
            )
        if reasons:
            found.append(
                exists(select(literal(1)).where(joined(part.relation, member, row), or_(*reasons)).correlate(row))
            )
    return found


def _one_owner(unit: Unit, relation: Relation) -> bool:
    """Whether the relation's parent columns name one row, so that a part has one owner over it."""
    shape = unit.binding.shape(relation.parent)
    return any(set(key) <= set(relation.parent_columns) for key in (shape.primary_key, *shape.unique_keys) if key)
