"""A shop in two shards, each a file of its own, under one rule."""

from __future__ import annotations

from pathlib import Path

from support.identity import identify
from support.shop import Shop

MATRIX = """
version: 1
timezone: Asia/Seoul
organisation: {{name: t}}
classification: advised
databases:
  shop: {{connection: [shop_db, shop_2], identity: [first, second], zone: Asia/Seoul}}
legal_bases:
  one: {{statute: s, article: a, keep: P5Y, roll_holidays: false}}
tables:
  shop.log: {{none: t}}
  shop.page: {{none: t}}
rules:
  - {{id: log, table: shop.log, keep: [{{basis: one, since: at}}], then: delete, approval: never,
      limit: {{rows: {limit}}}}}
  - {{id: page, table: shop.page, keep: [{{basis: one, since: at}}], then: delete, approval: {approval}}}
"""


def two_shards(folder: Path, rows: tuple[int, int], limit: int = 9, approval: str = "never") -> Shop:
    """Return two shards with so many lapsed rows each, and a page on the first."""
    matrix = folder / "matrix.yaml"
    matrix.write_text(MATRIX.format(limit=limit, approval=approval), encoding="utf-8")
    shops = []
    for name, number in zip(("first", "second"), rows, strict=True):
        file = folder / f"{name}.sqlite"
        file.touch()
        shop = Shop(f"sqlite:///{file}", folder, matrix)
        shop.do("CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE)")
        shop.do("CREATE TABLE page (id INTEGER PRIMARY KEY, at DATE)")
        for one in range(number):
            shop.do("INSERT INTO log VALUES (:n, '2015-01-01')", n=one)
        identify(shop.url, name)
        shops.append(shop)
    shops[0].do("INSERT INTO page VALUES (1, '2015-01-01')")
    shops[0].environment["RETENTION_CONN_SHOP_2"] = shops[1].url
    return shops[0]


def leave_out(shop: Shop) -> None:
    """Take the second shard out of the matrix."""
    text = shop.matrix.read_text(encoding="utf-8")
    text = text.replace("[shop_db, shop_2]", "shop_db").replace("[first, second]", "first")
    shop.matrix.write_text(text, encoding="utf-8")
