"""``check``, ``coverage`` and ``schema``: the matrix and its findings."""

from __future__ import annotations

from typing import Annotated

import typer

from retention.cli.show import finding_lines
from retention.cli.state import State
from retention.errors import Finding
from retention.matrix.load import inspect
from retention.pipeline.coverage import cover
from retention.pipeline.schemas import SCHEMAS, schema_of


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(check)
    app.command()(coverage)
    app.command()(schema)


def check(
    context: typer.Context,
    static: Annotated[bool, typer.Option("--static", help="Look at the matrix alone, at no database.")] = False,
) -> None:
    """Find what is wrong with the matrix, then with each database against it. Exits 1 for any error."""
    state: State = context.obj
    matrix, findings = inspect(state.config)
    if matrix is not None and not static:
        with state.open_pipeline() as pipeline, pipeline.bindings() as bindings:
            findings = pipeline.check(bindings, costs=True)
    _print(state, findings)
    raise typer.Exit(1 if any(finding.severity == "error" for finding in findings) else 0)


def coverage(context: typer.Context) -> None:
    """Find personal data that nothing ever destroys: tables, columns, rows, items, purposes, records without a rule."""
    state: State = context.obj
    matrix, findings = inspect(state.config)
    if matrix is not None:
        with state.open_pipeline() as pipeline:
            covered = cover(pipeline)
        findings = covered.findings
        if not state.json:
            state.out.print(covered.summary)
    _print(state, findings)
    raise typer.Exit(1 if any(finding.severity == "error" for finding in findings) else 0)


def schema(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(sorted(SCHEMAS))}.")],
) -> None:
    """Print the JSON Schema of a document."""
    state: State = context.obj
    state.print_json(schema_of(name))


def _print(state: State, findings: tuple[Finding, ...]) -> None:
    if state.json:
        state.print_json({"findings": [finding.as_json() for finding in findings]})
    elif findings:
        for line in finding_lines(findings):
            state.out.print(line, soft_wrap=True)
    else:
        state.out.print("nothing is wrong")
