"""A command in a process of its own, and one that gets a signal at a chosen step of a chosen batch.

Such processes are forked from one that has done the imports and nothing else: a start of the command costs seconds.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from retention.cli.main import main
from retention.database.lease import Lease
from retention.execute import second
from retention.execute.batch import Batches
from retention.execute.columns import ChangeColumns
from retention.execute.delete import Delete
from retention.execute.sweep import Sweep

STEPS = ("before the statement", "after the statement", "after the marker", "after the ledger", "after the commit")

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "support.doomed",
        "great_expectations",
        "great_expectations.expectations.core.expect_column_pair_values_a_to_be_greater_than_b",
    ]
)


def apart(environment: Mapping[str, str], arguments: Sequence[str], said: Path = Path(os.devnull)) -> int | None:
    """Call a command in a process of its own, which writes what it says to a file; return its exit code."""
    process = _FORKS.Process(target=_call, args=(dict(environment), list(arguments), said))
    process.start()
    process.join()
    return process.exitcode


def _call(environment: Mapping[str, str], arguments: Sequence[str], said: Path) -> None:
    os.environ.update(environment)
    with said.open("a", encoding="utf-8") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    main(list(arguments))


def start(
    environment: Mapping[str, str], arguments: Sequence[str], step: str, after: int, with_: signal.Signals
) -> BaseProcess:
    """Start a command that gets the signal at a step of its ``after``-th batch."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    process = _FORKS.Process(target=_run, args=(dict(environment), list(arguments), step, after, int(with_)))
    process.start()
    return process


def _run(environment: Mapping[str, str], arguments: Sequence[str], step: str, after: int, with_: int) -> None:
    os.environ.update(environment)
    # Every other one has a second worker, where the engine lets two work.
    second.WORTH_TWO = 1 if after % 2 == 0 else second.WORTH_TWO
    met: Counter[str] = Counter()

    def meet(here: str) -> None:
        met[here] += 1
        if here == step and met[here] == after:
            os.kill(os.getpid(), with_)

    _watch(Lease, "check", meet, None, STEPS[0])
    _watch(Sweep, "batch", meet, None, STEPS[1])
    _watch(Delete, "batch", meet, None, STEPS[1])
    _watch(ChangeColumns, "batch", meet, None, STEPS[1])
    _watch(Batches, "_mark", meet, None, STEPS[2])
    _watch(Batches, "_record", meet, None, STEPS[3])
    _watch(Batches, "carry_out", meet, None, STEPS[4])
    main(list(arguments))


def _watch(class_: type, name: str, meet: Callable[[str], None], before: str | None, after: str | None) -> None:
    whole = getattr(class_, name)

    def watched(*arguments: Any, **named: Any) -> Any:
        if before:
            meet(before)
        found = whole(*arguments, **named)
        if after:
            meet(after)
        return found

    setattr(class_, name, watched)
