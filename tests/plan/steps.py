"""A night without its quality checks: the same public steps, called one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from retention.execute.context import Outcome, RunContext
from retention.execute.unit import UnitRun
from retention.keys import RunKey
from retention.ledger import Ledger
from retention.matrix.load import load
from retention.pipeline import Pipeline
from retention.plan.plan import Plan
from retention.quality.together import left_together
from retention.register import LiveHolds

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@dataclass
class Steps:
    """One database under one matrix, with a ledger; ``told`` are the lines of progress."""

    url: str
    matrix: Path
    ledger: Ledger
    name: str = "night"
    runs: int = 0
    now: Callable[[], datetime] = lambda: NOW
    replicas: Mapping[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def pipeline(self, named: Sequence[str] = ()) -> Pipeline:
        matrix, findings = load(self.matrix)
        return Pipeline(
            matrix=matrix,
            findings=findings,
            ledger=self.ledger,
            connections=lambda name: make_url(self.replicas.get(name, self.url)),
            key_ring=self.matrix.parent / "keyring",
            now=self.now,
            rules=frozenset(named),
        )

    def plan(self, as_of: date, named: Sequence[str] = ()) -> Plan:
        pipeline = self.pipeline(named)
        with pipeline.bindings() as bindings:
            return pipeline.planner(as_of, (), full=True).plan(bindings)

    def run(
        self,
        as_of: date,
        named: Sequence[str] = (),
        *,
        between: Callable[[], None] = lambda: None,
        withheld: Sequence[str] = (),
        budget: int | None = None,
        batch_rows: int = 10_000,
        stop: Callable[[], str | None] = lambda: None,
    ) -> tuple[Plan, dict[str, Outcome]]:
        """Plan and carry out; ``between`` happens after the plan, before its first unit, ``stop`` between batches."""
        pipeline = self.pipeline(named)
        self.runs += 1
        with pipeline.bindings() as bindings:
            planner = pipeline.planner(as_of, (), full=True)
            plan = planner.plan(bindings)
            between()
            run = f"{self.name}-{self.runs}"
            self.ledger.begin_run(run, {"databases": [], "rules": []})
            key = RunKey.fresh()
            context = RunContext(
                run=run,
                as_of=as_of,
                now=pipeline.now,
                fingerprints=pipeline.fingerprinter.for_table,
                keys_for=lambda _action: key,
                holds=LiveHolds(pipeline.holds, lambda: pipeline.today),
                stop=stop,
                budget=budget,
                batch_rows=batch_rows,
                progress=self.told.append,
                connections=pipeline.connections,
                ledger=self.ledger.url,
            )
            outcomes: dict[str, Outcome] = {}
            waiting = {rule.id: Outcome(rule, "waiting") for rule in plan.rules if rule.id in withheld}
            for unit in planner.units(bindings[0])[0]:
                chain = self.ledger.chain(run, unit.id)
                for one in UnitRun(context, unit, plan.of_unit(unit.id), chain, waiting).carry_out():
                    outcomes[one.plan.id] = one
            self.ledger.close_run(run, {"rules": []})
        return plan, outcomes

    def left(self, as_of: date, named: Sequence[str] = ()) -> dict[str, int]:
        """Return what the independent check finds due, of the rules to whose rows others refer that may go too."""
        pipeline = self.pipeline(named)
        with pipeline.bindings() as bindings:
            units, _problems = pipeline.planner(as_of, ()).units(bindings[0])
            found = left_together(bindings[0].database, units, {"left": as_of}, pipeline.live_holds())
        return {rule: number for (rule, _check), number in found.items()}

    def batches(self) -> list[dict[str, Any]]:
        """Return the ledger's batches of the last run."""
        run = f"{self.name}-{self.runs}"
        return [dict(entry.body) for entry in self.ledger.entries(run=run, kind="batch")]


@contextmanager
def ledger_in(folder: Path) -> Iterator[Ledger]:
    ledger = Ledger.open(f"sqlite:///{folder}/ledger.sqlite", None, lambda: NOW)
    try:
        yield ledger
    finally:
        ledger.close()
