"""Making tonight's plan: what broke off is settled first, and the plan is in the ledger before anything else looks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from retention.matrix.binding import Binding
from retention.pipeline.base import Pipeline
from retention.pipeline.plans import record_plan
from retention.pipeline.scene import Scene
from retention.pipeline.settling import settle_broken_off
from retention.plan.plan import Plan


def settle(pipeline: Pipeline, bindings: Sequence[Binding]) -> None:
    """Close every run that broke off on these databases, under its own id.

    Raises:
        Refused: such a run is still at work, or was begun on a database that isn't open here.
    """
    for run in settle_broken_off(pipeline, bindings):
        pipeline.progress(f"run {run} had broken off; it is settled and closed")


def make_plan(pipeline: Pipeline, scene: Scene) -> Plan:
    """Count what the night would do, and record it."""
    plan = scene.planner.plan(scene.bindings, scene.checked)
    record_plan(pipeline.ledger, plan)
    return plan


def prepare(pipeline: Pipeline, as_of: date) -> Plan:
    """Settle, check, plan and record, in one process of its own.

    Raises:
        Refused: a bad matrix, connection, schema, identity or day, or another run at work; nothing was changed.
    """
    pipeline.refuse_future(as_of)
    with pipeline.bindings() as bindings:
        settle(pipeline, bindings)
        return make_plan(pipeline, Scene.of(pipeline, bindings, as_of))
