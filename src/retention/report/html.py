"""The report as one HTML file that loads nothing: markup, style and chart are all in it, and no script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from retention.report import certificate, chart, done, holds, law, register_form, review, stays
from retention.report.attention import attention
from retention.report.proof import command, proof
from retention.report.report import Report
from retention.report.rules_table import rules_in_numbers
from retention.report.table import Text

_UNSAFE_IN_CSS = re.compile(r"[^0-9A-Za-z._-]")
_WHOLE = re.compile(r"(\d{4}-\d{2}-\d{2}(?: \d{2}:\d{2}:\d{2})?(?: –)?)")
_BREAK = re.compile(r"(?<=\w{40})(?=\w)|(?<=[^\W_][_.])(?=[^\W\d_])")


def render_html(run: Mapping[str, Any], plan: Mapping[str, Any], lang: str) -> str:
    """Return the report of a run as a whole HTML document.

    ``run`` is ``retention.run/1``, ``plan`` the ``retention.plan/1`` it carried out, ``lang`` ``ko`` or ``en``.

    Raises:
        KeyError: there are no words for the language.
    """
    report = Report.of(run, plan, lang)
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        run=run,
        words=report.words,
        attention=attention(report),
        # The drawing library has escaped every text in the chart.
        chart=Markup(chart.svg(report)),  # noqa: S704
        most_rules=chart.MOST_RULES,
        numbers=rules_in_numbers(report),
        destroyed=done.destroyed(report),
        changed=done.changed(report),
        moved=done.moved(report),
        stays=stays.stays(report),
        holds=holds.holds(report),
        uncovered=stays.uncovered(report),
        law=law.law(report),
        marks=law.marks(report),
        approvals=review.approvals(report),
        check_sums=review.check_sums(report),
        wrong_checks=review.wrong_checks(report),
        counted_checks=review.counted_checks(report),
        good_checks=review.good_checks(report),
        copies=stays.copies(report),
        leftovers=stays.leftovers(report),
        register=register_form.register(report),
        certificate=certificate.certificate(report),
        signatures=certificate.signatures(report),
        confirmations=certificate.confirmations(report),
        findings=review.findings(report),
        proof=proof(report),
        command=command(report),
        page_foot=_UNSAFE_IN_CSS.sub("", str(run["run"])),
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("retention.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["number"] = lambda cell: isinstance(cell, (int, float))
    environment.tests["text"] = lambda cell: isinstance(cell, Text)
    environment.filters["number"] = lambda number: f"{number:,}"
    environment.filters["cell_lines"] = _cell_lines
    environment.filters["broken_well"] = _broken_well
    return environment


def _broken_well(line: object) -> Markup:
    """Return a line, escaped, that breaks between the parts of a name or inside one too long, never inside a day."""
    return Markup("").join(
        Markup('<span class="day">{}</span>').format(piece) if number % 2 else Markup("<wbr>").join(_BREAK.split(piece))
        for number, piece in enumerate(_WHOLE.split(str(line)))
    )


def _cell_lines(cell: object) -> tuple[object, ...]:
    if cell is None:
        return ()
    if isinstance(cell, date):
        return (cell.isoformat(),)
    return cell if isinstance(cell, tuple) else (cell,)
