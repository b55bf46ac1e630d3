"""The report as a workbook, for those who sort, filter and file it. No cell of it is a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from retention.report import certificate, holds, law, register_form, review, stays
from retention.report.attention import attention
from retention.report.proof import command, proof
from retention.report.report import Report
from retention.report.rules_sheet import rules_sheet
from retention.report.table import Cell, Table, lines

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LONGEST = 32_000
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_NARROWEST, _WIDEST, _PAD = 8, 60, 2
_HEAD = PatternFill("solid", fgColor="F3F5F7")
_RULE = Border(bottom=Side("thin", color="1B1F24"))


def write_xlsx(run: Mapping[str, Any], plan: Mapping[str, Any], lang: str, path: Path) -> None:
    """Write the report of a run as a workbook.

    ``run`` is ``retention.run/1``, ``plan`` the ``retention.plan/1`` it carried out, ``lang`` ``ko`` or ``en``.

    Raises:
        KeyError: there are no words for the language.
        OSError: the file can't be written.
    """
    report = Report.of(run, plan, lang)
    words = report.words
    sheets = {
        "summary": _summary(report),
        "rules": rules_sheet(report),
        "register": register_form.register(report),
        "stays": stays.stays(report),
        "holds": holds.holds(report),
        "checks": review.all_checks(report),
        "approvals": review.approvals(report),
        "law": law.law(report),
    }
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, table in sheets.items():
        _fill(book.create_sheet(words(f"sheet_{name}")), table)
    book.properties.title = safe(f"{report.tense('title')} {run['run']}")
    if "closed" in run:
        book.properties.created = datetime.fromisoformat(run["closed"]).replace(tzinfo=None)
    book.save(path)


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, also after it was saved as CSV and opened again."""
    clean = _UNPRINTABLE.sub("", text)[:_LONGEST]
    return f"'{clean}" if clean.lstrip(" ").startswith(_DANGEROUS) else clean


def _summary(report: Report) -> Table:
    words, run = report.words, report.run
    rows: list[tuple[Cell, ...]] = []
    if report.dry:
        rows.append((words("watermark"), words("dry_banner")))
    rows.extend(
        [
            (words("organisation"), report.facts.get("organisation", {}).get("name")),
            (words("status"), report.status),
            (words("as_of"), run["as_of"]),
            (words("carried_out"), words.window(run)),
            (report.tense("fig_destroyed"), report.destroyed),
            (words("col_parts"), report.parts),
            (report.tense("fig_changed"), report.changed),
            *([(report.tense("fig_moved"), report.moved)] if report.moves else []),
            (report.tense("fig_kept"), report.kept),
        ]
    )
    rows.extend((words(f"level_{one.level}"), lines(one.text, one.detail)) for one in attention(report))
    rows.extend(certificate.certificate(report).rows)
    rows.extend((person.role, lines(person.department, person.name, words("sign"))) for person in _signing(report))
    rows.extend((words("col_confirmed_by"), lines(*_texts(row))) for row in certificate.confirmations(report).rows)
    rows.extend(proof(report).rows)
    if command(report):
        rows.append((words("proof_command"), command(report)))
    return Table(report.tense("title"), (words("sum_item"), words("sum_value")), rows)


def _signing(report: Report) -> tuple[certificate.Signature, ...]:
    return certificate.signatures(report) if certificate.certificate(report) else ()


def _texts(row: Iterable[Cell]) -> Iterable[str]:
    return (str(cell) for cell in row if cell is not None)


def _fill(sheet: Worksheet, table: Table) -> None:
    wide = [len(head) for head in table.heads]
    for column, head in enumerate(table.heads, start=1):
        cell = sheet.cell(1, column, safe(head))
        cell.font, cell.fill, cell.border = Font(bold=True), _HEAD, _RULE
        cell.alignment = Alignment(vertical="top", wrap_text=True)
    for number, row in enumerate(table.rows, start=2):
        for column, found in enumerate(row, start=1):
            value = _value(found)
            cell = sheet.cell(number, column, value)
            cell.alignment = Alignment(vertical="top", wrap_text=True)
            if isinstance(value, str):
                # Said outright, so that the library doesn't take a text for a formula.
                cell.data_type = "s"
            elif isinstance(value, int):
                cell.number_format = "#,##0"
            elif isinstance(value, date):
                cell.number_format = "yyyy-mm-dd"
            wide[column - 1] = max(wide[column - 1], _letters(value))
    for column, letters in enumerate(wide, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = min(max(letters, _NARROWEST), _WIDEST) + _PAD
    sheet.freeze_panes = "A2"
    if table.rows:
        sheet.auto_filter.ref = sheet.dimensions
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _value(cell: Cell) -> str | int | float | date | None:
    if cell is None or cell == ():
        return None
    if isinstance(cell, (int, float, date)):
        return cell
    text = "\n".join(str(line) for line in cell) if isinstance(cell, tuple) else str(cell)
    return date.fromisoformat(text) if _ISO_DAY.fullmatch(text) else safe(text)


def _letters(value: object) -> int:
    """Return how many letters wide a value is; a Korean letter takes the room of two."""
    longest = max(str(value).split("\n"), key=len, default="")
    return sum(2 if ord(letter) > 0x2FF else 1 for letter in longest)  # noqa: PLR2004 - where Latin letters end
