"""The process that is measured: a night, by the functions that command and Airflow call.

``purge`` plans, opens the run, says that it is ready, and waits for a line before it purges. The checks before and
after aren't taken: they are tasks of their own, and their library takes seconds to be imported. ``night`` does all that
``retention run`` does in its one process. What is printed at the end is one JSON document; instants are those of the
machine's monotonic clock, which other processes read, too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

from retention.matrix.load import load
from retention.pipeline import (
    Pipeline,
    Scene,
    Wish,
    before,
    carry_out_unit,
    environment_connections,
    load_plan,
    look_before,
    new_run_id,
    open_run,
    run_night,
    wall_clock,
)
from retention.pipeline.places import Places
from retention.pipeline.prepare import make_plan, settle


def main() -> None:
    as_of, whole = date.fromisoformat(sys.argv[1]), sys.argv[2] == "night"
    places = Places.of(os.environ)
    matrix, findings = load(Path(os.environ["RETENTION_CONFIG"]))
    with places.open_ledger(wall_clock) as ledger:
        pipeline = Pipeline(matrix, findings, ledger, environment_connections(), places.key_ring)
        found = _night(pipeline, as_of) if whole else _purge(pipeline, as_of)
    print(json.dumps({**found, "peak_mib": peak_mib()}))


def _purge(pipeline: Pipeline, as_of: date) -> dict[str, Any]:
    before.check_before = lambda *_: []
    with pipeline.bindings() as bindings:
        settle(pipeline, bindings)
        scene = Scene.of(pipeline, bindings, as_of)
        began = time.monotonic()
        plan = make_plan(pipeline, scene)
        planned = time.monotonic()
        # As each of Airflow's tasks does.
        plan = load_plan(pipeline.ledger, plan.digest)
        run = new_run_id(pipeline.now())
        look_before(pipeline, scene, plan, run)
        open_run(pipeline, plan, run, _accepting(as_of, {rule.id: rule.planned for rule in plan.rules}))
        _await_word()
        started = time.monotonic()
        outcomes = [one for unit in plan.units for one in carry_out_unit(pipeline, scene, plan, run, unit)]
        ended = time.monotonic()
    rules = [outcome.as_json() for outcome in outcomes]
    return {"plan_seconds": planned - began, "started": started, "ended": ended, "rules": rules}


def _night(pipeline: Pipeline, as_of: date) -> dict[str, Any]:
    _await_word()
    started = time.monotonic()
    night = run_night(pipeline, _accepting(as_of, {rule.id: sys.maxsize for rule in pipeline.matrix.rules}))
    ended = time.monotonic()
    return {"plan_seconds": None, "started": started, "ended": ended, "rules": list(night.document["rules"])}


def _accepting(as_of: date, rules: dict[str, int]) -> Wish:
    return Wish(as_of=as_of, accepted=rules, by="the bench")


def _await_word() -> None:
    sys.stderr.write("ready\n")
    sys.stderr.flush()
    sys.stdin.readline()


def peak_mib() -> float:
    """Return this process's peak of resident memory.

    ``ru_maxrss`` also counts what the parent held when it forked; the kernel's own mark is this program's alone.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
