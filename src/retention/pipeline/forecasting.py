"""What becomes due in the months to come, as the databases stand. Nothing is changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from retention.pipeline.base import Pipeline
from retention.pipeline.shown import shown
from retention.plan.forecast import Month, RuleForecast, forecast, months_after

SCHEMA = "retention.forecast/1"


def forecast_months(pipeline: Pipeline, as_of: date, number: int) -> dict[str, Any]:
    """Return the document ``retention.forecast/1`` over the next ``number`` calendar months.

    Rows are judged under the whole matrix, whichever rules are named; those named are shown.

    Raises:
        Refused: a database is missing, unreachable or of another identity, or a name is unknown.
        MatrixRefused: a finding refuses every run.
    """
    pipeline.check_names()
    whole = replace(pipeline, rules=frozenset())
    months = months_after(as_of, number)
    rules: list[dict[str, Any]] = []
    with whole.bindings() as bindings:
        findings = whole.check(bindings)
        planner = whole.planner(as_of, findings)
        stopped = dict(planner.refused)
        for binding in bindings:
            units, problems = planner.units(binding)
            stopped.update({problem.subject: problem.line() for problem in problems})
            with binding.database.planning() as connection:
                for unit in units:
                    if any(shown(pipeline, rule.id) for rule in unit.rules):
                        pipeline.progress(f"forecasting {unit.id}")
                        rules.extend(
                            _rule(one, months) for one in forecast(connection, unit, as_of, months, planner.holds)
                        )
    return {
        "schema": SCHEMA,
        "as_of": as_of.isoformat(),
        "matrix": pipeline.matrix.digest,
        "months": [_month(month) for month in months],
        "rules": [one for one in rules if shown(pipeline, one["id"])],
        "stopped": [{"id": rule, "finding": line} for rule, line in stopped.items() if shown(pipeline, rule)],
    }


def _month(month: Month) -> dict[str, str]:
    return {"month": month.name, "first": month.first.isoformat(), "last": month.last.isoformat()}


def _rule(found: RuleForecast, months: tuple[Month, ...]) -> dict[str, Any]:
    binding = found.rule.binding
    return {
        "id": found.rule.id,
        "database": binding.entry.name,
        "shard": binding.database.shard,
        "table": str(binding.name_of(found.rule.table)),
        "action": found.rule.action.value,
        "due": found.due,
        "months": [{"month": month.name, "rows": rows} for month, rows in zip(months, found.by_month, strict=True)],
        "stays": dict(found.stays),
    }
