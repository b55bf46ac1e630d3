"""The page of findings says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from retention.check.catalogue import page
from retention.check.codes import CODES as DATABASE_CODES
from retention.matrix.codes import CODES as MATRIX_CODES

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_written_from_the_codes() -> None:
    written = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")
    assert written == page(), "write it anew: python -m retention.check.catalogue > docs/findings.md"


def test_every_code_that_is_used_is_on_the_page_and_none_has_two_meanings() -> None:
    source = ROOT / "src" / "retention"
    files = [path for path in source.rglob("*.py") if path.name != "codes.py"]
    used = {code for path in files for code in re.findall(r'"(RET\d{3})"', path.read_text(encoding="utf-8"))}
    known = {*MATRIX_CODES, *DATABASE_CODES}
    assert used <= known
    assert not set(MATRIX_CODES) & set(DATABASE_CODES)
    assert known == used
    names = [code.name for code in (*MATRIX_CODES.values(), *DATABASE_CODES.values())]
    assert len(names) == len(set(names))
