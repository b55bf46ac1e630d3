"""What every step of a night needs: the matrix, the ledger, the databases, the keys and the clock."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from retention.check import check_binding, narrowed
from retention.database.connect import Database, open_database
from retention.database.identity import require_identity
from retention.database.reflect import Schema, reflect
from retention.database.url import ConnectionSource, from_environment, refuse_clashes
from retention.errors import DatabaseFault, Finding, MatrixRefused, Refused
from retention.keys import Fingerprinter, KeyRing
from retention.law import seoul_day
from retention.ledger import Ledger
from retention.matrix.binding import Binding, bind
from retention.matrix.model import Matrix
from retention.plan.concerned import concerns
from retention.plan.plan import Plan
from retention.plan.planner import Planner
from retention.register import Approvals, Hold, Holds


def wall_clock() -> datetime:
    """Return the instant in UTC: the one place where wall time enters."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Pipeline:
    """What every step needs: the matrix, the ledger, the connections, the keys and the clock.

    ``databases`` and ``rules`` narrow what is named; empty is everything. ``trace`` shows an error that fails one rule
    alone to whoever asked for it; what it shows may hold values.
    """

    matrix: Matrix
    findings: tuple[Finding, ...]
    ledger: Ledger
    connections: ConnectionSource
    key_ring: Path
    now: Callable[[], datetime] = wall_clock
    databases: frozenset[str] = frozenset()
    rules: frozenset[str] = frozenset()
    progress: Callable[[str], None] = field(default=lambda _line: None)
    trace: Callable[[Exception], None] = field(default=lambda _error: None)

    @property
    def today(self) -> date:
        """Return today in Seoul."""
        return seoul_day(self.now())

    @property
    def approvals(self) -> Approvals:
        """Return the approvals of the ledger."""
        return Approvals(self.ledger)

    @property
    def holds(self) -> Holds:
        """Return the holds of the ledger, whatever became of them."""
        return Holds(self.ledger)

    def live_holds(self) -> tuple[Hold, ...]:
        """Return the holds in force today in Seoul."""
        return self.holds.live(self.today)

    @property
    def fingerprinter(self) -> Fingerprinter:
        """Return what makes row fingerprints."""
        return Fingerprinter(self.ledger.secrets.fingerprint_key)

    def named_by(self, plan: Plan) -> Pipeline:
        """Return the pipeline that names what a recorded plan named, as another process has to.

        Raises:
            Refused: this one names something else.
        """
        databases = frozenset(one["name"] for one in plan.databases)
        rules = frozenset(plan.narrowed.get("rules", ()))
        if self.rules not in (frozenset(), rules) or self.databases not in (frozenset(), databases):
            raise Refused(
                f"plan {plan.digest[:12]}: it is of other rules or databases; leave --rule and --database out"
            )
        return replace(self, databases=databases, rules=rules)

    # --- databases ----------------------------------------------------------------------------------------------

    @contextmanager
    def bindings(self, *, identity: bool = True, only: tuple[str, int] | None = None) -> Iterator[list[Binding]]:
        """Open every database that is named, shard by shard, and see that each is the one the matrix means.

        ``only`` narrows it further, to one shard of one database. Where rules are named, a binding lacks tables that
        they don't need and in which names are missing.

        Raises:
            Refused: a database is missing, unreachable or of another identity, or a name is unknown.
        """
        self.check_names()
        opened: list[Database] = []
        try:
            bound: list[Binding] = []
            entries = [entry for name, entry in self.matrix.databases.items() if self.wants(name)]
            refuse_clashes(name for entry in entries for name in entry.connections)
            for entry in entries:
                schemas = {table.schema for table in self.matrix.tables if table.database == entry.name}
                for shard, connection_name in enumerate(entry.connections):
                    if only is not None and only != (entry.name, shard):
                        continue
                    database = open_database(entry.name, shard, connection_name, self.connections(connection_name))
                    opened.append(database)
                    schema = _schema(database, schemas, entry.identities[shard] if identity else None)
                    bound.append(narrowed(bind(self.matrix, entry, database, schema), self._named_rules()))
            yield bound
        finally:
            for database in opened:
                database.close()

    def check_names(self) -> None:
        """See that the matrix has every database and rule that is named.

        Raises:
            Refused: it lacks one.
        """
        for name in sorted(self.databases - set(self.matrix.databases)):
            raise Refused(f"--database {name}: the matrix has no such database")
        self.check_rules("--rule", self.rules)

    def check_rules(self, option: str, names: Iterable[str]) -> None:
        """See that the matrix has every rule that an option names.

        Raises:
            Refused: it lacks one.
        """
        known = {rule.id for rule in self.matrix.rules} | {
            f"{rule.id}.after" for rule in self.matrix.rules if rule.then_after
        }
        for name in sorted(set(names) - known):
            raise Refused(f"{option} {name}: the matrix has no such rule")

    def leaves_out(self, name: str) -> bool:
        """Whether a rule of the matrix isn't among those that are named; naming a rule names what follows it."""
        first = name.removesuffix(".after")
        tables = [rule.table for rule in self.matrix.rules if rule.id in (name, first)]
        if not any(self.wants(table.database) for table in tables):
            return True
        return bool(self.rules) and self.rules.isdisjoint((name, first))

    def wants(self, database: str) -> bool:
        """Whether a database is named, by itself or by one of its rules."""
        if self.databases and database not in self.databases:
            return False
        if not self.rules:
            return True
        named = self._named_rules()
        return any(rule.table.database == database for rule in self.matrix.rules if rule.id in named)

    def _named_rules(self) -> frozenset[str]:
        return self.rules | {name.removesuffix(".after") for name in self.rules}

    def check(self, bindings: Sequence[Binding], *, costs: bool = False) -> tuple[Finding, ...]:
        """Return every finding of the matrix, alone and against the databases.

        ``costs`` adds estimates of what missing indexes cost, and whether load probe and replicas answer; both change
        from day to day, so no plan holds them.
        """
        found, connections = list(self.findings), self.connections if costs else None
        no_key = self._no_key()
        for binding in bindings:
            found.extend(check_binding(binding, no_key=no_key, costs=costs, connections=connections))
        return tuple(dict.fromkeys(found))

    def _no_key(self) -> str:
        """Return why no pseudonym can be drawn; empty where one can."""
        try:
            KeyRing.load(self.key_ring).active()
        except Refused as problem:
            return str(problem)
        return ""

    # --- plan ---------------------------------------------------------------------------------------------------

    def planner(self, as_of: date, findings: Sequence[Finding], *, full: bool = False) -> Planner:
        """Return the planner of a day, with the rules that findings refuse left out.

        Raises:
            MatrixRefused: a finding refuses the run.
        """
        fatal = [finding for finding in findings if finding.severity == "error" and finding.scope == "run"]
        if fatal:
            raise MatrixRefused(fatal)
        return Planner(
            matrix=self.matrix,
            as_of=as_of,
            fingerprints=self.fingerprinter.for_table,
            standing=self.approvals.stands,
            full=full,
            only=self.rules,
            refused=refused_rules(self.matrix, findings),
            progress=self.progress,
            holds=self.live_holds(),
        )

    def refuse_future(self, as_of: date) -> None:
        """Refuse to destroy as of a day that hasn't come.

        Raises:
            Refused: the day lies after today in Seoul.
        """
        if as_of > self.today:
            raise Refused(f"--as-of {as_of}: that day hasn't come in Seoul ({self.today}); nothing is destroyed early")


def _schema(database: Database, schemas: set[str | None], identity: str | None) -> Schema:
    """Return the live schema of a database that carries the identity; nothing has been changed where it can't."""
    try:
        with database.planning() as connection:
            if identity is not None:
                require_identity(connection, database, identity)
            return reflect(connection, database.dialect, schemas)
    except DatabaseFault as fault:
        raise Refused(str(fault)) from None


def refused_rules(matrix: Matrix, findings: Sequence[Finding]) -> dict[str, str]:
    """Return the rules that findings of scope rule or table stop, each with the first finding's line."""
    refused: dict[str, str] = {}
    for finding in findings:
        if finding.severity != "error" or finding.scope == "run":
            continue
        for rule in matrix.rules:
            if concerns(finding, rule):
                refused.setdefault(rule.id, finding.line())
    return refused


def new_run_id(now: datetime) -> str:
    """Return an id that sorts by time and that no other run has."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def environment_connections() -> ConnectionSource:
    """Return the connections of the process's environment."""
    return from_environment(os.environ)
