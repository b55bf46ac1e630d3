"""Loading a matrix: all its mistakes at once, or the typed matrix."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from retention.errors import Finding, MatrixRefused
from retention.matrix.between_check import check_between
from retention.matrix.build import Builder
from retention.matrix.model import Matrix
from retention.matrix.policy_check import check_policy
from retention.matrix.rules_check import Lines, check_rules
from retention.matrix.sections import read_sections
from retention.matrix.source import read


def inspect(path: Path) -> tuple[Matrix | None, tuple[Finding, ...]]:
    """Return the matrix, None where it can't be used, and every finding that needs no database."""
    with _uncollected():
        return _inspect(path)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause the collector: a thousand rules are half a million objects and no garbage, a fifth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _inspect(path: Path) -> tuple[Matrix | None, tuple[Finding, ...]]:
    source = read(path)
    if source.data is None:
        return None, tuple(source.findings)
    sections = read_sections(source)
    builder = Builder(source, sections)
    matrix = builder.build()
    lines = Lines.of_matrix(source, matrix, builder.numbers)
    findings = [
        *source.findings,
        *sections.findings,
        *builder.findings,
        *check_rules(matrix, lines),
        *check_between(matrix, lines),
        *check_policy(source, sections, matrix),
    ]
    findings.sort(key=lambda one: (int(one.where.rpartition(":")[2] or 0), one.code))
    unusable = any(one.severity == "error" and one.scope == "run" for one in findings)
    return (None if unusable else matrix), tuple(dict.fromkeys(findings))


def load(path: Path) -> tuple[Matrix, tuple[Finding, ...]]:
    """Return the matrix and the findings that leave it usable.

    Raises:
        MatrixRefused: a finding refuses the run; the error holds them all.
    """
    matrix, findings = inspect(path)
    if matrix is None:
        raise MatrixRefused([one for one in findings if one.severity == "error"])
    return matrix, findings
