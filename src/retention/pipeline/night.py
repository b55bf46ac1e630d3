"""One whole night in one process: the steps in their order, over databases that are opened once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from retention.database.alive import SignOfLife, alive
from retention.errors import RetentionError
from retention.matrix.binding import Binding
from retention.pipeline.after import look_after
from retention.pipeline.base import Pipeline, new_run_id
from retention.pipeline.before import look_before
from retention.pipeline.carrying import carry_out_unit
from retention.pipeline.closing import broken_off, close_run
from retention.pipeline.decide import check_accepted
from retention.pipeline.opening import open_run
from retention.pipeline.outcomes import refused_before
from retention.pipeline.plans import load_plan
from retention.pipeline.prepare import make_plan, settle
from retention.pipeline.scene import Scene
from retention.pipeline.status import exit_code_of
from retention.pipeline.wish import Wish
from retention.plan.plan import Plan


@dataclass(frozen=True)
class Night:
    """A run and its document, ``retention.run/1``; of one that broke off, as far as it is known."""

    run: str
    plan: Plan
    document: Mapping[str, Any]
    broke_off: str = ""

    @property
    def status(self) -> str:
        """Return the run's status."""
        return str(self.document["status"])

    @property
    def exit_code(self) -> int:
        """Return what the command leaves with."""
        return exit_code_of(self.document)


def run_night(pipeline: Pipeline, wish: Wish) -> Night:
    """Run one night to its end.

    Raises:
        Refused: nothing was changed: a bad matrix, connection, schema, identity, day or plan, or another run at work.
        LedgerFault: the ledger can't be written; what was done before is in it.
    """
    as_of = wish.as_of or pipeline.today
    pipeline.refuse_future(as_of)
    stored = load_plan(pipeline.ledger, wish.plan) if wish.plan else None
    if stored:
        as_of, pipeline = stored.as_of, pipeline.named_by(stored)
        pipeline.refuse_future(as_of)
    check_accepted(pipeline, wish)
    with pipeline.bindings() as bindings:
        settle(pipeline, bindings)
        scene = Scene.of(pipeline, bindings, as_of)
        plan = stored or make_plan(pipeline, scene)
        run = new_run_id(pipeline.now())
        before = look_before(pipeline, scene, plan, run)
        with _alive(() if wish.dry_run else bindings, run) as signs:

            def stop() -> str | None:
                for sign in signs:
                    sign.keep()
                return wish.stop()

            outcomes = refused_before(open_run(pipeline, plan, run, wish))
            try:
                if not wish.dry_run:
                    for unit in plan.units:
                        outcomes += carry_out_unit(pipeline, scene, plan, run, unit, stop=stop, budget=wish.budget)
                    look_after(pipeline, scene, plan, run)
                return Night(run, plan, close_run(pipeline, plan, run))
            except RetentionError as problem:
                # Of a unit that hadn't ended nothing is claimed: that can only be told from the markers.
                return Night(run, plan, broken_off(plan, run, outcomes, before.checks, str(problem)), str(problem))


@contextmanager
def _alive(bindings: Sequence[Binding], run: str) -> Iterator[list[SignOfLife]]:
    """Keep the run from being settled by another night while this process lives."""
    with ExitStack() as stack:
        yield [stack.enter_context(alive(one.database, one.identity, run)) for one in bindings]
