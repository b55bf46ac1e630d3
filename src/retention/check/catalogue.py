"""``python -m retention.check.catalogue``: the page of all findings, written from their codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from retention.check.codes import CODES as DATABASE_CODES
from retention.matrix.codes import CODES as MATRIX_CODES
from retention.matrix.codes import Code

_HEAD = """\
# Findings

What `retention check`, `retention coverage` and `retention plan` find, by code. A code never changes its meaning. Each
finding names a place (`file:line` of the matrix, or `database.table.column`), says what is wrong and what to do.

An *error* of scope *run* refuses the whole run, one of scope *table* or *rule* refuses those rules; the others are
carried out. A *warning* refuses nothing. This page is written from the codes themselves by
`python -m retention.check.catalogue`; a test holds it equal to them.
"""
_SECTIONS = (
    ("RET0", "The file", "Whether it can be read at all."),
    ("RET1", "The matrix alone", "What contradicts itself, or the policy; no database is asked."),
    ("RET2", "The matrix against a database", "What is missing there, doesn't fit, or would be slow."),
    ("RET3", "The plan", "What comes up while a plan is made."),
    ("RET4", "Coverage", "What `retention coverage` finds: personal data that nothing ever destroys."),
)


def page() -> str:
    """Return the page, in Markdown."""
    codes = sorted({**MATRIX_CODES, **DATABASE_CODES}.values(), key=lambda code: code.code)
    parts = [_HEAD]
    for prefix, title, says in _SECTIONS:
        parts.append(f"## {title}\n\n{says}\n")
        parts.append(_table([code for code in codes if code.code.startswith(prefix)]))
    return "\n".join(parts)


def _table(codes: Sequence[Code]) -> str:
    lines = ["| code | | stops | for example | what to do |", "|---|---|---|---|---|"]
    for code in codes:
        stops = code.scope if code.severity == "error" else "—"
        cells = (f"`{code.code}`", f"{code.name} ({code.severity})", stops, code.example, code.do)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
