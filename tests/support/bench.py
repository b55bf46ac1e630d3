"""A database of any tables under any matrix, planned and carried out without a command, a ledger or a report.

What the states of rows are has nothing to do with those; a test of many small nights would only wait for them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy import Connection, func, make_url, select, text

from retention.database.connect import Database, open_database
from retention.database.identity import give_identity
from retention.database.reflect import Schema, reflect
from retention.execute.context import Outcome, RunContext
from retention.execute.unit import UnitRun
from retention.keys import Fingerprinter, RunKey
from retention.matrix.binding import Binding, bind
from retention.matrix.load import inspect
from retention.matrix.model import Matrix
from retention.plan.counting import Counter, Counts
from retention.plan.going import Going
from retention.plan.held import Held
from retention.plan.plan import Plan, RulePlan
from retention.plan.planner import Planner
from retention.plan.units import Unit
from retention.quality.independent import due_left
from retention.register import Hold

IDENTITY = "bench"
ORGANISATION = {"name": "시험"}
_RUNS = itertools.count(1)


class Chain:
    """A ledger's chain that only remembers."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, Mapping[str, Any]]] = []
        self._batches: dict[int, tuple[Mapping[str, Any], bytes]] = {}

    def append(self, kind: str, body: Mapping[str, Any], blob: bytes | None = None) -> None:
        self.entries.append((kind, body))
        if kind == "batch":
            self._batches[body["seq"]] = body, blob or b""

    @property
    def batches(self) -> list[Mapping[str, Any]]:
        """Return the batches, each as it was told last: one that was rolled back gives its number to the next try."""
        return [body for body, _blob in self._batches.values()]

    @property
    def fingerprints(self) -> bytes:
        """Return the fingerprints of all batches, one after the other."""
        return b"".join(blob for _body, blob in self._batches.values())


class Mistaken(AssertionError):
    """A matrix has errors that no database is needed to find."""


class NoHolds:
    """A register that nobody ever wrote a hold to."""

    def version(self) -> int:
        return 0

    def of(self, database: str, identity: str) -> Sequence[Hold]:
        return ()


class OneHold(NoHolds):
    """A register that a hold may come to."""

    def __init__(self, *, there: bool = False, **of: Any) -> None:
        self.hold = Hold(
            database="shop", by="the officer", reason="a case", id="h1", since="2026-11-24T00:00:00+00:00", **of
        )
        self.there = there

    def version(self) -> int:
        return int(self.there)

    def of(self, database: str, identity: str) -> Sequence[Hold]:
        return (self.hold,) if self.there else ()


@dataclass
class Bench:
    """One database and its live schema, under whatever matrix a test has next."""

    url: str
    folder: Path
    zone: str | None = "Asia/Seoul"
    database: Database = field(init=False)
    _schema: Schema | None = None

    def __post_init__(self) -> None:
        self.database = open_database("shop", 0, "shop_db", make_url(self.url))
        give_identity(self.database, IDENTITY, datetime(2026, 1, 1, tzinfo=UTC))

    @property
    def engine(self) -> str:
        return self.database.dialect.name

    def do(self, statements: Iterable[str]) -> None:
        """Change the schema or its rows."""
        with self.sql() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%") if self.engine != "sqlite" else statement)
        self._schema = None

    @contextmanager
    def sql(self) -> Iterator[Connection]:
        with self.database.engine.begin() as connection:
            if self.engine == "mariadb":
                # What old applications stored is to be read: zero dates, 31 February.
                connection.execute(text("SET SESSION sql_mode = 'ALLOW_INVALID_DATES'"))
            yield connection
            if self.engine == "mariadb":
                connection.execute(text("SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'"))

    def matrix(self, written: Mapping[str, Any]) -> Matrix:
        """Load a matrix of these sections; what every matrix has is added."""
        entry = {"connection": "shop_db", "identity": IDENTITY, **({"zone": self.zone} if self.zone else {})}
        whole = {
            "version": 1,
            "timezone": "Asia/Seoul",
            "organisation": ORGANISATION,
            "databases": {"shop": entry},
            "classification": "advised",
            **written,
        }
        path = self.folder / "matrix.yaml"
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(whole, file)
        matrix, findings = inspect(path)
        errors = [one.line() for one in findings if one.severity == "error"]
        if matrix is None or errors:
            raise Mistaken("\n".join(errors))
        return matrix

    def one_rule(self, **more: Any) -> Matrix:
        """Load a matrix of one rule on ``log``: rows go a year after their ``seen_on``, unless it says more."""
        keep = [{"basis": "one", "since": "seen_on"}]
        return self.matrix(
            {
                "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
                "tables": {"shop.log": {"none": "t"}},
                "rules": [{"id": "log", "table": "shop.log", "keep": keep, "then": "delete", **more}],
            }
        )

    def bind(self, matrix: Matrix) -> Binding:
        if self._schema is None:
            with self.database.planning() as connection:
                self._schema = reflect(connection, self.database.dialect, {None})
        return bind(matrix, matrix.databases["shop"], self.database, self._schema)

    def planner(
        self, matrix: Matrix, as_of: date, only: frozenset[str] = frozenset(), *, known: bool = True
    ) -> Planner:
        """Return what makes plans; of rules that aren't ``known`` a plan is sealed."""
        fingerprints = Fingerprinter(bytes(32)).for_table
        return Planner(matrix, as_of, fingerprints, lambda *_: known, full=True, only=only)

    def plan(self, matrix: Matrix, as_of: date, only: frozenset[str] = frozenset()) -> Plan:
        """Return the full plan; nothing in it may have been refused."""
        plan = self.planner(matrix, as_of, only).plan([self.bind(matrix)])
        errors = [one for one in plan.findings if one["severity"] == "error"]
        assert not errors, errors
        return plan

    def run(
        self,
        matrix: Matrix,
        as_of: date,
        only: frozenset[str] = frozenset(),
        plan: Plan | None = None,
        chain: Chain | None = None,
        holds: NoHolds | None = None,
        **context_: Any,
    ) -> dict[str, Outcome]:
        """Carry out a plan, or a new one; return the outcomes by rule. ``context_`` is more of the run's context."""
        planner = self.planner(matrix, as_of, only)
        binding = self.bind(matrix)
        plan = plan or planner.plan([binding])
        units, _problems = planner.units(binding)
        now = datetime(as_of.year, as_of.month, as_of.day, 3, tzinfo=UTC)
        key = RunKey.fresh()
        prints = Fingerprinter(bytes(32)).for_table
        context = RunContext(
            f"run{next(_RUNS)}", as_of, lambda: now, prints, lambda _action: key, holds or NoHolds(), **context_
        )
        outcomes: dict[str, Outcome] = {}
        for unit in units:
            for outcome in UnitRun(context, unit, plan.of_unit(unit.id), chain or Chain(), {}).carry_out():
                outcomes[outcome.plan.id] = outcome
        bad = {one.plan.id: one.reason for one in outcomes.values() if one.status in ("failed", "refused")}
        assert not bad, bad
        return outcomes

    def units(self, matrix: Matrix, as_of: date) -> Sequence[Unit]:
        return self.planner(matrix, as_of).units(self.bind(matrix))[0]

    def look(self, matrix: Matrix, as_of: date, rule_id: str) -> tuple[Counts, int]:
        """Return what the plan counts of one rule's rows, and how many the independent check finds due."""
        for unit in self.units(matrix, as_of):
            for rule in unit.rules:
                if rule.id == rule_id:
                    with self.database.planning() as connection:
                        held = Held.copied(connection, unit, ())
                        going = Going(connection, unit, as_of, held.covers)
                        going.build()
                        counts = Counter(connection, unit, as_of, True, going, held).rule(rule)
                        going.drop()
                        held.drop(connection)
                        left = select(func.count()).select_from(rule.row).where(due_left(unit, rule, as_of))
                        return counts, connection.execute(left).scalar_one()
        raise AssertionError(rule_id)

    def due_left(self, matrix: Matrix, as_of: date) -> dict[str, int]:
        """Return how many rows of each rule the independent check finds due."""
        found: dict[str, int] = {}
        with self.database.planning() as connection:
            for unit in self.units(matrix, as_of):
                for rule in unit.rules:
                    query = select(func.count()).select_from(rule.row).where(due_left(unit, rule, as_of))
                    found[rule.id] = connection.execute(query).scalar_one()
        return found

    def all(self, query: str) -> list[Any]:
        with self.sql() as connection:
            return list(connection.exec_driver_sql(query).all())

    def close(self) -> None:
        self.database.close()


def states(rule: RulePlan) -> dict[str, int]:
    """Return how many rows are in which state, without the states that have none."""
    rows = rule.as_json()["rows"]
    assert sum(number for state, number in rows.items() if state != "selected") == rows["selected"], rule.id
    return {state: number for state, number in rows.items() if number and state != "selected"}
