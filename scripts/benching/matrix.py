"""The matrix under which a shape is purged."""

from __future__ import annotations

from pathlib import Path

from benching.shapes import PERIOD, Shape

IDENTITY = "bench"
CONNECTION = "bench_db"


def write_matrix(path: Path, shape: Shape, proof: str, workers: int, *, asked: bool = False) -> None:
    """Write it. ``proof`` is ``keys``, which is what a rule has that says nothing, or ``count``.

    Nobody is ``asked``, as in any night but the first: a plan that a person is to approve also lists the rows.
    """
    path.write_text(
        f"""\
version: 1
timezone: Asia/Seoul
organisation: {{name: bench}}
classification: advised
databases:
  bench: {{connection: {CONNECTION}, identity: {IDENTITY}, zone: Asia/Seoul, execute: {{workers: {workers}}}}}
legal_bases:
  kept: {{statute: 통신비밀보호법, article: 제15조의2 ②, record: 로그인 기록, keep: {PERIOD}, roll_holidays: false}}
purposes:
  membership: {{name: 회원관리, items: {{required: [member_id]}}}}
tables:
{shape.matrix_tables}rules:
{shape.rule}    proof: {proof}
    approval: {"always" if asked else "never"}
""",
        encoding="utf-8",
    )
