"""The steps of a night as functions: what the command and Airflow both call.

:func:`run_night` is all of them in one process; :func:`prepare`, :func:`look_before`, :func:`open_run`,
:func:`carry_out_unit`, :func:`look_after` and :func:`close_run` are one each, rebuilt in any process from a plan's
digest and a run's id.
"""

from retention.pipeline.after import look_after
from retention.pipeline.base import Pipeline, environment_connections, new_run_id, wall_clock
from retention.pipeline.before import look_before
from retention.pipeline.carrying import carry_out_unit
from retention.pipeline.closing import close_run
from retention.pipeline.night import Night, run_night
from retention.pipeline.opening import open_run
from retention.pipeline.plans import load_plan, record_plan
from retention.pipeline.prepare import prepare
from retention.pipeline.scene import Scene
from retention.pipeline.status import exit_code_of
from retention.pipeline.verify import verify
from retention.pipeline.wish import Wish

__all__ = [
    "Night",
    "Pipeline",
    "Scene",
    "Wish",
    "carry_out_unit",
    "close_run",
    "environment_connections",
    "exit_code_of",
    "load_plan",
    "look_after",
    "look_before",
    "new_run_id",
    "open_run",
    "prepare",
    "record_plan",
    "run_night",
    "verify",
    "wall_clock",
]
