"""The steps of a night as functions: what the command and Airflow both call."""

from retention.pipeline.base import Pipeline, environment_connections, wall_clock
from retention.pipeline.night import Night, run_night
from retention.pipeline.plans import load_plan, record_plan
from retention.pipeline.verify import verify

__all__ = [
    "Night",
    "Pipeline",
    "environment_connections",
    "load_plan",
    "record_plan",
    "run_night",
    "verify",
    "wall_clock",
]
