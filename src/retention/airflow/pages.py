"""The reports inside Airflow's interface: a list of runs, a run's page, and the report itself, all from the ledger."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, Literal

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, Query, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from retention.airflow.addresses import front_page, run_page
from retention.errors import Refused, RetentionError
from retention.ledger import Ledger
from retention.pipeline import wall_clock
from retention.pipeline.places import Places
from retention.pipeline.reports import closed_run, html_report

_MOST = 200
_NO_FRAME_FROM_ELSEWHERE = {"Content-Security-Policy": "frame-ancestors 'self'; script-src 'none'"}
Lang = Annotated[Literal["ko", "en"], Query()]


def make_app() -> FastAPI:
    """Return the pages. A plugin's app has no auth of its own: each asks Airflow's for the right to see plugins."""
    app = FastAPI(
        title="Retention reports",
        dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.add_exception_handler(RetentionError, _problem)

    @app.get("/")
    def runs() -> HTMLResponse:
        """List the runs, newest first."""
        with _ledger() as ledger:
            found = [_line(run) for run in reversed(ledger.runs()[-_MOST:])] if ledger else []
        return _page("runs.html.j2", runs=found)

    @app.get("/runs/{run}")
    def run_(run: str, lang: Lang = "ko") -> HTMLResponse:
        """Show one run's report with a way back."""
        return _page("run.html.j2", run=run, lang=lang, back=front_page(), here=run_page(run))

    @app.get("/runs/{run}/report")
    def report(run: str, lang: Lang = "ko") -> HTMLResponse:
        """Show the report as it is written to a file."""
        with _ledger() as ledger:
            if ledger is None:
                raise Refused(f"run {run}: the ledger holds no such run")
            return HTMLResponse(html_report(ledger, closed_run(ledger, run), lang), headers=_NO_FRAME_FROM_ELSEWHERE)

    return app


@contextmanager
def _ledger() -> Iterator[Ledger | None]:
    """Open the ledger without its secrets, which have no business in the process that shows it."""
    ledger = Ledger.to_read(Places.of(os.environ).ledger_url, wall_clock)
    try:
        yield ledger
    finally:
        if ledger is not None:
            ledger.close()


def _line(run: Any) -> dict[str, Any]:
    closed = run.closed or {}
    rules = closed.get("rules", ())
    return {
        "run": run.run,
        "page": run_page(run.run) if run.closed else None,
        "as_of": run.opened["as_of"],
        "opened": run.opened_at[:16].replace("T", " "),
        "status": closed.get("status", "open"),
        "dry_run": bool(run.opened["dry_run"]),
        "planned": sum(rule.get("planned", 0) for rule in rules),
        "done": sum(rule.get("done", 0) for rule in rules),
        "waiting": sum(rule["status"] == "waiting" for rule in rules),
        "failed": sum(rule["status"] in ("failed", "refused") for rule in rules),
        "who": closed.get("who", run.opened.get("who", "")),
    }


def _problem(request: Request, problem: Exception) -> HTMLResponse:
    del request
    return _page("problem.html.j2", 404 if isinstance(problem, Refused) else 503, problem=str(problem))


def _page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    text = _environment().get_template(template).render(**values)
    return HTMLResponse(text, status, headers=_NO_FRAME_FROM_ELSEWHERE)


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("retention.airflow"), autoescape=True, undefined=StrictUndefined)
