"""The page of reports inside Airflow's interface, behind Airflow's own auth."""

from __future__ import annotations

from typing import Any

import pytest

from retention.ledger import Ledger
from retention.pipeline import wall_clock

pytestmark = pytest.mark.slow


def test_nobody_sees_a_page_without_logging_in(api: Any, library: Any) -> None:
    for path in ("/retention/", "/retention/runs/x", "/retention/runs/x/report"):
        assert api.client.get(path).status_code == 401, path


def test_looking_before_the_first_night_makes_no_ledger(api: Any, library: Any) -> None:
    page = api.call("viewer", "GET", "/retention/")
    assert (page.status_code, "No night has run yet" in page.text) == (200, True)
    assert not (library.folder / "ledger.sqlite").exists()


def test_a_viewer_finds_the_run_and_reads_its_report(api: Any, library: Any) -> None:
    library.night("Approve")
    run = Ledger.open(f"sqlite:///{library.folder}/ledger.sqlite", None, wall_clock).runs()[-1].run
    # The process that shows a report can't sign one.
    (library.folder / "ledger.sqlite.keys").rename(library.folder / "elsewhere")
    page = api.call("viewer", "GET", "/retention/")
    assert f"/retention/runs/{run}" in page.text
    assert "succeeded" in page.text
    shown = api.call("viewer", "GET", f"/retention/runs/{run}?lang=ko")
    assert f"/retention/runs/{run}/report?lang=ko" in shown.text
    for lang, words in (("ko", "배움도서관"), ("en", "배움도서관")):
        report = api.call("viewer", "GET", f"/retention/runs/{run}/report?lang={lang}")
        assert (report.status_code, words in report.text) == (200, True)
        assert "frame-ancestors 'self'" in report.headers["content-security-policy"]


def test_a_run_that_is_not_there_is_one_line(api: Any, library: Any) -> None:
    page = api.call("viewer", "GET", "/retention/runs/none/report")
    assert page.status_code == 404
    assert "the ledger holds no such run" in page.text
