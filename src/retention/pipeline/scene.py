"""The databases of a night, opened and judged: what every step that looks at rows works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from retention.database.connect import Database
from retention.errors import Finding, Refused
from retention.matrix.binding import Binding
from retention.pipeline.base import Pipeline
from retention.plan.plan import Plan
from retention.plan.planner import Planner
from retention.plan.units import Unit


@dataclass(frozen=True)
class Scene:
    """Open databases, the findings about them, and the plan units they make as of a day.

    ``checked`` are the findings of ``check``; ``findings`` has those of binding the rules as well.
    """

    bindings: Sequence[Binding]
    checked: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    planner: Planner
    units: Mapping[str, Unit]

    @classmethod
    def of(cls, pipeline: Pipeline, bindings: Sequence[Binding], as_of: date, *, full: bool = False) -> Scene:
        """Check the databases and bind the rules to them.

        Raises:
            MatrixRefused: a finding refuses the run.
        """
        checked = pipeline.check(bindings)
        planner = pipeline.planner(as_of, checked, full=full)
        units: dict[str, Unit] = {}
        problems: list[Finding] = []
        for binding in bindings:
            found, unbound = planner.units(binding)
            units.update({unit.id: unit for unit in found})
            problems.extend(unbound)
        findings = (*checked, *(one for one in problems if one not in checked))
        return cls(bindings, checked, findings, planner, units)

    def databases(self) -> list[dict[str, Any]]:
        """Return what a report says of each database."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for unit in self.units.values():
            database = unit.binding.database
            found[database.name, database.shard] = {
                "name": database.name,
                "shard": database.shard,
                "identity": unit.binding.identity,
                "engine": database.dialect.label,
                "leftovers": database.dialect.leftovers,
            }
        return list(found.values())

    def by_database(self) -> list[tuple[Database, list[Unit]]]:
        """Return the units grouped by their database."""
        grouped: dict[tuple[str, int], tuple[Database, list[Unit]]] = {}
        for unit in self.units.values():
            database = unit.binding.database
            grouped.setdefault((database.name, database.shard), (database, []))[1].append(unit)
        return list(grouped.values())

    def require(self, pipeline: Pipeline, plan: Plan) -> None:
        """Refuse a recorded plan that matrix, calendar or databases have left behind.

        Raises:
            Refused: they have changed since.
        """
        _same_matrix(pipeline, plan)
        here = [
            {"name": one.entry.name, "shard": one.database.shard, "identity": one.identity} for one in self.bindings
        ]
        if list(plan.databases) != here:
            raise Refused(f"plan {plan.digest[:12]}: it was made for other databases; make a new plan")
        now = [(unit.id, rule.id) for unit in self.units.values() for rule in unit.rules]
        if [(rule.unit, rule.id) for rule in plan.rules] != now:
            raise _schema_changed(plan)

    def unit(self, pipeline: Pipeline, plan: Plan, unit: str) -> Unit:
        """Return one unit of a recorded plan as it is bound here.

        Raises:
            Refused: matrix, calendar or schema have changed since.
        """
        _same_matrix(pipeline, plan)
        found = self.units.get(unit)
        if found is None or [rule.id for rule in found.rules] != [rule.id for rule in plan.of_unit(unit)]:
            raise _schema_changed(plan)
        return found


def _same_matrix(pipeline: Pipeline, plan: Plan) -> None:
    if plan.matrix != pipeline.matrix.digest:
        raise Refused(f"plan {plan.digest[:12]}: the matrix has changed since; make a new plan")
    if plan.calendar != pipeline.matrix.calendar.version:
        raise Refused(f"plan {plan.digest[:12]}: the calendar of holidays has changed since; make a new plan")


def _schema_changed(plan: Plan) -> Refused:
    return Refused(f"plan {plan.digest[:12]}: the databases' schema has changed since; make a new plan")
