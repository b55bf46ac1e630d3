"""Reports of runs: from the ledger alone, any day later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from retention.errors import Refused
from retention.ledger import Ledger, RunHead
from retention.pipeline.plans import plan_document
from retention.register import Confirmations


def closed_run(ledger: Ledger, run: str | None) -> RunHead:
    """Return a closed run; the last one where none is named.

    Raises:
        Refused: there is no such run, or it is still open, or its closing was changed.
    """
    runs = [one for one in ledger.runs() if run is None or one.run == run]
    closed = [one for one in runs if one.closed is not None]
    if not closed:
        problem = "it has not ended; the next run settles it" if runs else "the ledger holds no such run"
        raise Refused(f"run {run or '(last)'}: {problem}")
    found = closed[-1]
    ledger.events("closed", found.run)
    return found


def html_report(ledger: Ledger, run: RunHead, lang: str) -> str:
    """Return a closed run's report as a whole HTML document."""
    from retention.report.html import render_html  # noqa: PLC0415 - charts take half a second to load

    document = closed_document(ledger, run)
    return render_html(document, plan_document(ledger, document["plan"]), lang)


def write_report(ledger: Ledger, run: str, folder: Path, format_: str, lang: str, out: Path | None = None) -> Path:
    """Write a run's report and return its path.

    Raises:
        Refused: there is no such run, or the file can't be written.
    """
    from retention.report.xlsx import write_xlsx  # noqa: PLC0415 - as above

    found = closed_run(ledger, run)
    path = out or folder / f"{found.run}.{lang}.{format_}"
    try:
        if out is None:
            folder.mkdir(parents=True, exist_ok=True)
        if format_ == "xlsx":
            document = closed_document(ledger, found)
            write_xlsx(document, plan_document(ledger, document["plan"]), lang, path)
        elif format_ == "json":
            document = closed_document(ledger, found, path)
            path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        else:
            path.write_text(html_report(ledger, found, lang), encoding="utf-8")
    except OSError as error:
        raise Refused(f"report {path}: it can't be written ({error.strerror}); name another place with --out") from None
    return path


def closed_document(ledger: Ledger, run: RunHead, report: Path | None = None) -> dict[str, Any]:
    """Return a closed run's document, ``retention.run/1``, with what came after: its place in the chain, confirmations.

    ``report`` is where it is written to, if it is.
    """
    document: dict[str, Any] = dict(run.closed or {})
    number = document.pop("closing")["number"]
    (entry,) = ledger.events("closed", run.run)
    document["ledger_head"] = f"{entry.hash}@{number}"
    document["confirmations"] = [
        {"by": one.by, "note": one.note, "at": one.at} for one in Confirmations(ledger).of_run(run.run)
    ]
    return document if report is None else {**document, "report": str(report)}
