"""``plan``, ``approve``, ``run`` and ``verify``: the night."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.text import Text

from retention.cli.arguments import number_in
from retention.cli.show import checks_table, finding_lines, plan_table, run_table
from retention.cli.state import State, as_text, write_text
from retention.errors import Refused, RetentionError
from retention.pipeline import Night, Pipeline, Wish, load_plan, record_plan, run_night, verify
from retention.pipeline.reports import write_report
from retention.plan.plan import Plan


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(plan)
    app.command()(approve)
    app.command()(run)
    app.command(name="verify")(verify_)


def plan(
    context: typer.Context,
    full: Annotated[bool, typer.Option("--full", help="Count every state, and rows no rule selects.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Show each rule's statement.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the plan's JSON to a file.")] = None,
) -> None:
    """Count what a night would do, record the plan, and change nothing. Exits 0 even where rules would wait."""
    state: State = context.obj
    with state.open_pipeline() as pipeline:
        made = _plan(pipeline, state, full=full)
    document = made.as_json()
    if out is not None:
        write_text(out, as_text(document), "plan --out")
    if state.json:
        state.print_json(document)
    else:
        state.out.print(plan_table(document, state.lang))
        if sql:
            for rule in made.rules:
                state.out.print(Text.assemble("\n", (rule.id, "bold"), f"\n{rule.statement}"))
    raise typer.Exit(1 if any(one["severity"] == "error" for one in document["findings"]) else 0)


def _plan(pipeline: Pipeline, state: State, *, full: bool) -> Plan:
    as_of = state.as_of or pipeline.today
    with pipeline.bindings() as bindings:
        findings = pipeline.check(bindings)
        made = pipeline.planner(as_of, findings, full=full).plan(bindings, findings)
    record_plan(pipeline.ledger, made)
    return made


def approve(
    context: typer.Context,
    digest: Annotated[str, typer.Argument(help="The plan's digest, or its first characters.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    note: Annotated[str, typer.Option(help="Why.")],
    reject: Annotated[bool, typer.Option("--reject", help="Reject the plan.")] = False,
) -> None:
    """Record a person's decision on a plan: that digest may be carried out, or may not.

    It answers for every rule of the plan that waits. Then: retention run --plan DIGEST.
    """
    state: State = context.obj
    if not by.strip() or not note.strip():
        raise Refused("approve: a decision without a name or a reason proves nothing; fill in --by and --note")
    with state.open_pipeline(new=False) as pipeline:
        found = load_plan(pipeline.ledger, digest)
        pipeline.refuse_future(max(found.as_of, state.as_of or found.as_of))
        rules = found.asked
        decision = pipeline.approvals.decide(found.digest, "rejected" if reject else "approved", by, note, rules)
    if state.json:
        state.print_json({"plan": decision.plan, "decision": decision.decision, "by": by, "rules": rules})
    else:
        state.out.print(f"{decision.decision}: plan {decision.plan} by {by}")


def run(
    context: typer.Context,
    plan: Annotated[str | None, typer.Option(help="Carry out this plan, by its digest.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and check; change nothing.")] = False,
    accept: Annotated[
        list[str] | None, typer.Option(help="RULE=COUNT: approve up to COUNT rows of a rule for this run.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Who accepts.")] = None,
) -> None:
    """Run a night: plan, check, carry out, verify, report.

    A rule that is new, changed, or over its limit waits, and the run exits with 3; the others are carried out. To let
    it go this once: --accept logins=12000 --by NAME, with the count that you read in the plan: more rows than that
    still wait. A run that was stopped or killed is gone on with by the same command.
    """
    state: State = context.obj
    stop = _Stop()
    wish = Wish(
        as_of=state.as_of,
        plan=plan,
        dry_run=dry_run,
        accepted=dict(_accepted(one) for one in accept or ()),
        by=by,
        budget=state.limit_rows,
        stop=stop.reason,
    )
    with state.open_pipeline() as pipeline, stop:
        night = run_night(pipeline, wish)
        if night.broke_off:
            typer.echo(f"{night.broke_off}; what was done is in the ledger, the same command goes on", err=True)
        path, unwritten = None, ""
        if not night.broke_off:
            try:
                path = write_report(pipeline.ledger, night.run, state.reports, "html", state.lang)
            except Refused as problem:
                # The night is done and recorded: nothing of it is refused.
                unwritten = f"{problem}; the run is closed, and `retention report {night.run}` writes it again"
                typer.echo(unwritten, err=True)
    _show(state, night, path)
    raise typer.Exit(RetentionError.exit_code if unwritten else night.exit_code)


def _accepted(text: str) -> tuple[str, int]:
    rule, _, count = text.rpartition("=")
    number = number_in(count)
    if not rule or number is None:
        raise Refused(f"--accept {text}: write RULE=COUNT, such as logins=12000")
    return rule, number


def _show(state: State, night: Night, path: Path | None) -> None:
    document = dict(night.document) if path is None else {**night.document, "report": str(path)}
    if state.json:
        state.print_json(document)
        return
    if night.broke_off:
        return
    state.out.print(run_table(document, state.lang))
    wrong = [check for check in document["checks"] if not check["ok"]]
    if wrong:
        state.out.print(checks_table(wrong))
    state.out.print(f"run {night.run}: {night.status}")
    if path is not None:
        state.out.print(f"report: {path}")


def verify_(
    context: typer.Context,
    quiesced: Annotated[
        bool, typer.Option("--quiesced", help="The databases are at rest: orphans count as faults too.")
    ] = False,
) -> None:
    """Look again: nothing due is left, ledger and markers agree, the ledger is whole."""
    state: State = context.obj
    with state.open_pipeline() as pipeline:
        found = verify(pipeline, state.as_of, quiesced=quiesced)
    if state.json:
        state.print_json(found.as_json())
    else:
        state.out.print(checks_table([check.as_json() for check in found.checks]))
        for line in finding_lines(found.errors) if found.errors else ():
            state.out.print(line, soft_wrap=True)
        for problem in found.problems:
            state.out.print(problem)
        state.out.print("everything holds" if found.exit_code == 0 else "something doesn't hold")
    raise typer.Exit(found.exit_code)


class _Stop:
    """Ends a run between two batches when the process is asked to stop."""

    def __init__(self) -> None:
        self._signal: int | None = None
        self._before: dict[int, object] = {}

    def __enter__(self) -> None:
        for one in (signal.SIGINT, signal.SIGTERM):
            self._before[one] = signal.signal(one, self._asked)

    def __exit__(self, *_error: object) -> None:
        for one, handler in self._before.items():
            signal.signal(one, handler)  # type: ignore[arg-type]

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number

    def reason(self) -> str | None:
        """Return why the run should end, or None."""
        return None if self._signal is None else f"signal {signal.Signals(self._signal).name}"
