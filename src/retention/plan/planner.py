"""Making a plan: bind, count, seal, and write down; nothing in the databases changes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection, FromClause, and_, func, not_, or_, select

from retention.database.reading import Sql
from retention.errors import Finding
from retention.keys import Fingerprint, FingerprintFile, Keys, in_order, numbers_of
from retention.matrix.binding import Binding
from retention.matrix.model import Matrix, TableName
from retention.plan.approval import Standing, limit_document, reasons_to_wait
from retention.plan.bind import AFTER, bind_all, sharing_parts
from retention.plan.clocks import sure
from retention.plan.concerned import concerns
from retention.plan.counting import Counter, Counts
from retention.plan.going import Going, count
from retention.plan.held import Held
from retention.plan.plan import Plan, RulePlan, Sealed, canonical
from retention.plan.rules import BoundRule
from retention.plan.statement import clock_query, destroying_sql
from retention.plan.units import Unit, units_of
from retention.register import Hold

Fingerprints = Callable[[str], Fingerprint]
"""Given a table's name, a function from key tuples to their 128-bit fingerprints, joined."""

TERM: Mapping[str, str] = {"id": "pseudonymized_term", "statute": "개인정보 보호법", "article": "제21조 ①"}
"""What documents call the term after which transformed rows go."""

_CHUNK = 50_000


@dataclass(frozen=True)
class Planner:
    """What a plan is made from, besides the databases.

    ``refused`` names rules that a finding stops, with why. ``holds`` are those in force now, whatever ``as_of`` is.
    """

    matrix: Matrix
    as_of: date
    fingerprints: Fingerprints
    standing: Standing
    full: bool = False
    only: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    progress: Callable[[str], None] = lambda _line: None
    holds: Sequence[Hold] = ()
    file: FingerprintFile = field(default_factory=FingerprintFile, repr=False, compare=False)

    def units(self, binding: Binding) -> tuple[tuple[Unit, ...], list[Finding]]:
        """Return the plan units of one database, and findings about rules that can't be bound.

        A rule that is refused still has its say over rows, and parts, that it shares with others: they stay. One that
        can't even be bound has none, so that rules which share parts with it can't be carried out either.
        """
        bound, problems = bind_all(binding)
        findings = [one for one in problems if one.subject not in self.refused]
        findings.extend(sharing_parts(binding, {problem.subject for problem in problems}, self.refused))
        broken = {finding.subject for finding in findings} | set(self.refused)
        tables = {rule.table for rule in binding.rules if rule.id in broken and rule.action.on_rows}
        kept = [
            rule
            for rule in bound
            if rule.rule.id not in broken and not (rule.action.on_rows and rule.binding.name_of(rule.table) in tables)
        ]
        carried = [rule for rule in kept if not self.only or self.names(rule)]
        silent = [rule for rule in bound if rule not in carried]
        return units_of(binding, carried, silent), findings

    def names(self, rule: BoundRule) -> bool:
        """Whether the rule is one of those asked for; naming a rule names what follows it."""
        return rule.id in self.only or rule.id.removesuffix(AFTER) in self.only

    def plan(self, bindings: Sequence[Binding], findings: Sequence[Finding] = ()) -> Plan:
        """Return the plan over all databases, counted each in one transaction of its own.

        Raises:
            Refused: a hold in force can't be applied to a database.
        """
        rules: list[RulePlan] = []
        tables: list[Mapping[str, Any]] = []
        found = list(findings)
        for binding in bindings:
            units, problems = self.units(binding)
            found.extend(problems)
            with binding.database.planning() as connection:
                # Each of its long questions is asked once: to seek it among earlier ones would take a fifth more.
                connection.execution_options(compiled_cache=None)
                for unit in units:
                    rules.extend(self._unit(connection, unit, len(rules)))
                tables.extend(uncovered_rows(connection, binding, units) if self.full else tables_in_scope(binding))
        return Plan(
            as_of=self.as_of,
            matrix=self.matrix.digest,
            calendar=self.matrix.calendar.version,
            databases=tuple(
                {"name": one.entry.name, "shard": one.database.shard, "identity": one.identity} for one in bindings
            ),
            rules=tuple(self._with_findings(one, found) for one in rules),
            tables=tuple(tables),
            findings=tuple(finding.as_json() for finding in found),
            holds=holds_digest(self.holds, bindings),
            narrowed={"rules": sorted(self.only)} if self.only else {},
        )

    def _with_findings(self, planned: RulePlan, findings: Sequence[Finding]) -> RulePlan:
        rule = self.matrix.rule(planned.id.removesuffix(AFTER))
        return replace(planned, findings=tuple(one.as_json() for one in findings if concerns(one, rule)))

    def _unit(self, connection: Connection, unit: Unit, before: int) -> list[RulePlan]:
        self.progress(f"counting {unit.id}")
        held = Held.copied(connection, unit, self.holds)
        going = Going(connection, unit, self.as_of, held.covers)
        going.build()
        counter = Counter(connection, unit, self.as_of, self.full, going, held)
        planned = [
            self._rule(connection, unit, rule, counter.rule(rule), counter, before + number)
            for number, rule in enumerate(unit.rules)
        ]
        going.drop()
        held.drop(connection)
        return planned

    def _rule(
        self, connection: Connection, unit: Unit, rule: BoundRule, counts: Counts, counter: Counter, order: int
    ) -> RulePlan:
        binding = unit.binding
        rows = None
        if rule.rule.limit.share is not None:
            rows = int(connection.execute(select(func.count()).select_from(rule.row)).scalar_one())
        digest = self.matrix.rule_digests[rule.id]
        waits = reasons_to_wait(rule, counts.due, rows, self.standing(rule.id, digest, binding.identity))
        return RulePlan(
            id=rule.id,
            database=binding.entry.name,
            shard=binding.database.shard,
            table=str(binding.name_of(rule.table)),
            action=rule.action.value,
            unit=unit.id,
            order=order,
            bases=tuple(bases(rule, self.as_of)),
            planned=counts.planned,
            due=counts.due,
            held=counts.held,
            referenced=counts.referenced,
            unreadable=counts.unreadable,
            overdue=counts.overdue,
            rows_of_table=rows,
            parts=counts.parts,
            referenced_by=counts.referenced_by,
            limit=limit_document(rule, counts.due, rows),
            approval=rule.rule.approval,
            waits=waits,
            statement=destroying_sql(unit, rule, self.as_of, Held(unit, self.holds).covers),
            index=", ".join(binding.database.dialect.indexes_used(connection, clock_query(rule, self.as_of))),
            rule_digest=digest,
            oldest_due=counts.oldest_due,
            full=counts.full,
            sealed=self._seal(connection, unit, rule, counter) if waits else None,
            holds=counts.holds,
            to=None if rule.to is None else str(binding.name_of(rule.to)),
        )

    def _seal(self, connection: Connection, unit: Unit, rule: BoundRule, counter: Counter) -> Sealed:
        rules, going = unit.table_rules(rule), counter.going
        row = rules.row
        due = and_(rules.carried_under(rule, row), rules.lapsed(row, self.as_of, going.stays))
        due = and_(due, not_(counter.held.covers(rule.table, row)))
        if rule.action.on_rows:
            due = and_(due, going.due(rule.table, row))
        fingerprint = self.fingerprints(str(unit.binding.name_of(rule.table)))
        found = in_order(fingerprint(keys) for keys in _keys(connection, rule, row, due))
        kept = self.file.keep(found)
        return Sealed(kept.digest, lambda: kept)


def _keys(connection: Connection, rule: BoundRule, row: FromClause, due: Sql) -> Iterator[Keys]:
    """Yield the keys of the due rows, some at a time; whole numbers as the server's own lists of them."""
    if rule.numbered:
        number = row.c[rule.key[0]]
        lists = select(rule.binding.database.dialect.numbers(number)).where(due).group_by(number // _CHUNK)
        # A list has half a MiB, and else more and more of them would be fetched at once.
        for text in connection.execute(lists, execution_options={"yield_per": 1}).scalars():
            yield numbers_of(text)
        return
    keys = select(*rule.sorted_key).where(due)
    for chunk in connection.execute(keys, execution_options={"stream_results": True}).partitions(_CHUNK):
        yield [tuple(key) for key in chunk]


def holds_digest(holds: Sequence[Hold], bindings: Sequence[Binding]) -> str:
    """Return a digest of the holds in force on the databases; empty where there is none."""
    found = sorted(hold.id for hold in holds if any(hold.on(one.entry.name, one.identity) for one in bindings))
    return hashlib.sha256(canonical(found)).hexdigest() if found else ""


def bases(rule: BoundRule, as_of: date) -> list[dict[str, Any]]:
    """Return what keeps the rule's rows and until which events, as the published document has it."""
    found: list[dict[str, Any]] = [
        {
            "id": keep.keep.basis.id,
            "kind": "min",
            "statute": keep.keep.basis.statute,
            "article": keep.keep.basis.article,
            **({"record": keep.keep.basis.record} if keep.keep.basis.record else {}),
            "period": keep.keep.basis.keep,
            "computation": keep.keep.basis.computation,
            "roll_holidays": keep.keep.basis.roll_holidays,
            "cutoff": keep.cutoff(as_of, rule.calendar).isoformat(),
        }
        for keep in rule.keeps
    ]
    if rule.referencing:
        named = sorted({other.id for other, _relation in rule.referencing})
        found.append({"id": "while_referenced_by", "kind": "min", "rules": named})
    for use, end in zip(rule.rule.purposes, rule.ends, strict=True) if rule.follows is None else ():
        found.append(
            {
                "id": use.purpose.id,
                "kind": "max",
                "statute": use.purpose.statute,
                "article": use.purpose.article,
                "cutoff": end.first_living_day(as_of).isoformat(),
            }
        )
    if rule.follows is not None:
        found.append(
            {
                **TERM,
                "kind": "max",
                "cutoff": rule.ends[0].first_living_day(as_of).isoformat(),
            }
        )
    return found


def tables_in_scope(binding: Binding) -> list[Mapping[str, Any]]:
    """Return the tables of the matrix that the database has and that aren't out of scope, as a plan lists them."""
    return [{"name": str(name), "shard": binding.database.shard} for name in _in_scope(binding)]


def _in_scope(binding: Binding) -> Iterator[TableName]:
    for name, entry in binding.matrix.tables.items():
        if name.database == binding.entry.name and not entry.out_of_scope and binding.has(name):
            yield name


def uncovered_rows(connection: Connection, binding: Binding, units: Sequence[Unit]) -> list[Mapping[str, Any]]:
    """Return per table of the matrix how many rows no rule selects."""
    found: list[Mapping[str, Any]] = []
    rules: dict[Any, list[BoundRule]] = {}
    for unit in units:
        for rule in (*unit.rules, *(one for one in unit.silent if one.table not in rules)):
            rules.setdefault(rule.table, []).append(rule)
    for name in _in_scope(binding):
        shape = binding.shape(name)
        selecting = [rule.selected(shape.sql) for rule in rules.get(shape.key, ()) if rule.follows is None]
        free = not_(sure(or_(*selecting))) if selecting else None
        rows = (
            count(connection, shape.sql, free)
            if free is not None
            else int(connection.execute(select(func.count()).select_from(shape.sql)).scalar_one())
        )
        found.append({"name": str(name), "shard": binding.database.shard, "uncovered": rows})
    return found
