"""One whole night in one process: the steps in their order, over databases that are opened once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from retention.database.alive import SignOfLife, alive
from retention.errors import BrokeOff, RetentionError
from retention.matrix.binding import Binding
from retention.pipeline.after import look_after
from retention.pipeline.base import Pipeline, new_run_id
from retention.pipeline.before import look_before
from retention.pipeline.carrying import carry_out_unit
from retention.pipeline.closing import close_run
from retention.pipeline.decide import check_accepted
from retention.pipeline.opening import open_run
from retention.pipeline.plans import load_plan
from retention.pipeline.prepare import make_plan, settle
from retention.pipeline.scene import Scene
from retention.pipeline.status import exit_code_of
from retention.pipeline.wish import Wish
from retention.plan.plan import Plan


@dataclass(frozen=True)
class Night:
    """A run and what came of it. ``document`` is ``retention.run/1``, empty where the run broke off."""

    run: str
    plan: Plan
    document: Mapping[str, Any] = field(default_factory=dict)
    broke_off: str = ""

    @property
    def status(self) -> str:
        """Return the run's status."""
        return str(self.document["status"]) if self.document else "failed"

    @property
    def exit_code(self) -> int:
        """Return what the command leaves with."""
        return BrokeOff.exit_code if self.broke_off else exit_code_of(self.document)


def run_night(pipeline: Pipeline, wish: Wish) -> Night:
    """Run one night to its end.

    Raises:
        Refused: nothing was changed: a bad matrix, connection, schema, identity, day or plan, or another run at work.
        LedgerFault: the ledger can't be written; what was done before is in it.
    """
    check_accepted(pipeline, wish)
    stored = load_plan(pipeline.ledger, wish.plan) if wish.plan else None
    as_of = stored.as_of if stored else (wish.as_of or pipeline.today)
    pipeline.refuse_future(as_of)
    with pipeline.bindings() as bindings:
        settle(pipeline, bindings)
        scene = Scene.of(pipeline, bindings, as_of)
        plan = stored or make_plan(pipeline, scene)
        run = new_run_id(pipeline.now())
        look_before(pipeline, scene, plan, run)
        with _alive(() if wish.dry_run else bindings, run) as signs:

            def stop() -> str | None:
                for sign in signs:
                    sign.keep()
                return wish.stop()

            open_run(pipeline, plan, run, wish)
            if not wish.dry_run:
                for unit in plan.units:
                    try:
                        carry_out_unit(pipeline, scene, plan, run, unit, stop=stop, budget=wish.budget)
                    except RetentionError as problem:
                        return Night(run, plan, broke_off=str(problem))
                look_after(pipeline, scene, plan, run)
            return Night(run, plan, close_run(pipeline, plan, run))


@contextmanager
def _alive(bindings: Sequence[Binding], run: str) -> Iterator[list[SignOfLife]]:
    """Keep the run from being settled by another night while this process lives."""
    with ExitStack() as stack:
        yield [stack.enter_context(alive(one.database, one.identity, run)) for one in bindings]
