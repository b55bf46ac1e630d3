"""Reports of a run for the person who signs and for an auditor: one HTML file, one workbook, in Korean or English."""

from __future__ import annotations

from retention.report.html import render_html
from retention.report.xlsx import write_xlsx

__all__ = ["render_html", "write_xlsx"]
