"""Which changes of a matrix make a rule another one, so that it waits for a person before it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from retention.matrix.load import inspect

WIDENED = {
    "a rule beside it on its table": (
        "  - {id: paid, table: shop.orders, where: paid = 1, keep: [long], then: delete}\n",
        "",
    ),
    "how long that one keeps": ("keep: [long]", "keep: [short]"),
    "what may refer to its rows": ("holds: true", "holds: false"),
    "which rows another one selects that it waits for": ("where: open = 1", "where: open = 2"),
}


@pytest.mark.parametrize("what", WIDENED)
def test_a_rule_is_another_one_once_what_kept_its_rows_is(tmp_path: Path, what: str) -> None:
    """Not a word of the rule itself is changed, and more of its rows may go: whoever let it go has to be asked."""
    before, after = WIDENED[what]
    assert before in BESIDE
    one, other = (_digest_of(tmp_path, text) for text in (BESIDE, BESIDE.replace(before, after)))
    assert one != other


def test_a_rule_stays_what_it_is_where_others_change(tmp_path: Path) -> None:
    longer = BESIDE.replace(
        "id: visits, table: shop.visit, keep: [long]", "id: visits, table: shop.visit, keep: [short]"
    )
    assert longer != BESIDE and _digest_of(tmp_path, BESIDE) == _digest_of(tmp_path, longer)


BESIDE = """
version: 1
timezone: Asia/Seoul
organisation: {name: t}
classification: advised
databases:
  shop: {connection: shop_db, identity: s, zone: Asia/Seoul}
legal_bases:
  short: {statute: s, article: a, keep: P1Y}
  long: {statute: s, article: a, keep: P5Y}
tables:
  shop.orders: {none: t}
  shop.visit: {none: t}
  shop.line:
    none: t
    relations: [{name: of, columns: [order_id], to: shop.orders, to_columns: [id], holds: true}]
rules:
  - {id: orders, table: shop.orders, keep: [short, {while_referenced_by: [lines]}], then: delete}
  - {id: paid, table: shop.orders, where: paid = 1, keep: [long], then: delete}
  - {id: lines, table: shop.line, where: open = 1, keep: [short], then: delete}
  - {id: visits, table: shop.visit, keep: [long], then: delete}
"""


def _digest_of(folder: Path, text: str) -> str:
    path = folder / "matrix.yaml"
    for basis in ("short", "long"):
        text = text.replace(f"[{basis}", f"[{{basis: {basis}, since: at}}")
    path.write_text(text, encoding="utf-8")
    matrix, findings = inspect(path)
    assert matrix is not None and not [one.line() for one in findings if one.severity == "error"]
    return matrix.rule_digests["orders"]
