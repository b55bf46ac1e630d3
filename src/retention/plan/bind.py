"""Binding rules to live tables, and what the planner derives from them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from retention.database.relations import Relation
from retention.errors import Finding, Refused
from retention.law import Calendar
from retention.matrix.binding import Binding, table_key
from retention.matrix.codes import finding
from retention.matrix.model import Action, ColumnClock, Rule
from retention.matrix.trial import refusal
from retention.matrix.where import columns_of
from retention.plan.clocks import ClockSql, clock_column, clock_sql
from retention.plan.ends import EndSql, LaterEnd, TermEnd, end_sql
from retention.plan.rules import BoundKeep, BoundRule

AFTER = ".after"


def bind_rule(binding: Binding, rule: Rule) -> BoundRule:
    """Return the rule on its live table.

    Raises:
        Refused: the table or a column is missing, nothing names a row, or a path leads nowhere.
    """
    table = table_key(rule.table)
    key = _key(binding, rule)
    for column in sorted(columns_of(rule.where)):
        binding.column(table, column, rule.at("where"))
    keeps = tuple(BoundKeep(keep, clock_sql(binding, table, keep.since)) for keep in rule.keeps)
    ends = tuple(end_sql(binding, table, use.ends) for use in rule.purposes)
    return BoundRule(
        id=rule.id,
        rule=rule,
        binding=binding,
        table=table,
        key=key,
        action=rule.action,
        keeps=keeps,
        ends=ends,
        referencing=_referencing(binding, rule),
        parts=binding.parts(rule),
        to=table_key(rule.to) if rule.to else None,
        mark=_mark(binding, rule),
    )


def bind_after(binding: Binding, rule: Rule) -> BoundRule:
    """Return the row rule that follows the rule's transformation at its term (``<id>.after``).

    Raises:
        Refused: as :func:`bind_rule`.
    """
    assert rule.then_after is not None
    base = bind_rule(binding, rule)
    end: EndSql = (
        LaterEnd(base.mark, rule.then_after.term, False, Calendar(), binding.database.dialect)
        if base.mark is not None
        else TermEnd(binding, rule.id, base.key, rule.then_after.term)
    )
    return BoundRule(
        id=rule.id + AFTER,
        rule=rule,
        binding=binding,
        table=base.table,
        key=base.key,
        action=Action.DELETE,
        keeps=(),
        ends=(end,),
        referencing=(),
        parts=(),
        mark=base.mark,
        base=base,
    )


def bind_all(binding: Binding) -> tuple[list[BoundRule], list[Finding]]:
    """Bind every rule of the database; what can't be bound is a finding of scope rule and is left out.

    So is a rule whose condition, or that of a rule whose rows refer to its own, is one that the database refuses: it
    would be asked along with others.

    Raises:
        DatabaseFault: the database was lost, or is too busy to say what it refuses.
    """
    bound: list[BoundRule] = []
    findings: list[Finding] = []
    refused = {rule.id: said for rule in binding.rules if (said := _refusal(binding, rule)) is not None}
    for rule in binding.rules:
        try:
            pair = [bind_rule(binding, rule)]
            _require_asked(pair[0], refused)
            if rule.then_after is not None:
                pair.append(bind_after(binding, rule))
        except Refused as problem:
            findings.append(finding("RET301", rule.place, str(problem), subject=rule.id))
        else:
            bound.extend(pair)
    return bound, findings


def _refusal(binding: Binding, rule: Rule) -> str | None:
    """Return why the database refuses a rule's condition; one that names what isn't there can't be bound anyway."""
    try:
        return refusal(binding, rule)
    except (KeyError, Refused):
        return None


def _require_asked(rule: BoundRule, refused: Mapping[str, str]) -> None:
    for other in rule.with_referencing():
        if other.id in refused:
            raise Refused(f"{other.rule.at('where')}: rule {other.id}: {refused[other.id]}")


def sharing_parts(binding: Binding, unbound: Collection[str], refused: Collection[str]) -> Iterator[Finding]:
    """Yield rules of which nobody can tell whether their parts are those of a rule that can't be bound as well."""
    for other in binding.rules:
        theirs = set(other.part_tables) if other.id in unbound else set()
        for rule in binding.rules:
            shared = sorted(str(table) for table in theirs & set(rule.part_tables))
            if shared and rule.id not in {*unbound, *refused}:
                what = f"its rows share parts ({', '.join(shared)}) with those of rule {other.id}, which can't be bound"
                yield finding("RET301", rule.place, what, subject=rule.id)


def _key(binding: Binding, rule: Rule) -> tuple[str, ...]:
    table = table_key(rule.table)
    key = binding.row_key(table)
    if not key:
        raise Refused(
            f"{rule.place}: {rule.table} has no primary or unique key, so no row of it can be named; "
            "declare one in the database, or `key:` in the matrix"
        )
    for column in key:
        binding.column(table, column, rule.place)
    return key


def _mark(binding: Binding, rule: Rule) -> ClockSql | None:
    if rule.mark is None:
        return None
    table = table_key(rule.table)
    zone = binding.entry.zone or "UTC"
    clock = ColumnClock(rule.mark, zone=zone, place=rule.place)
    return ClockSql((clock_column(binding, table, clock, table, ()),))


def _referencing(binding: Binding, rule: Rule) -> tuple[tuple[BoundRule, Relation], ...]:
    found: list[tuple[BoundRule, Relation]] = []
    here = table_key(rule.table)
    for entry in rule.while_referenced:
        for rule_id in entry.rules:
            other = binding.matrix.rule(rule_id)
            if other.table.database != rule.table.database:
                raise Refused(
                    f"{entry.place}: rule {rule_id} is in another database; name one of {rule.table.database}"
                )
            relations = [one for one in binding.graph.between(table_key(other.table), here) if one.holds]
            if not relations:
                raise Refused(
                    f"{entry.place}: no relation leads from {other.table} (rule {rule_id}) to {rule.table}; "
                    "declare it under `relations:`"
                )
            referring = bind_rule(binding, other)
            found.extend((referring, relation) for relation in relations)
    return tuple(found)
