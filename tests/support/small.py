"""A database of two or three tables and a matrix of a few lines, for one question each."""

from __future__ import annotations

from pathlib import Path

from support.identity import identify
from support.shop import Shop

_HEAD = """
version: 1
timezone: Asia/Seoul
organisation: {name: 가게}
databases:
  shop: {connection: shop_db, identity: shop-1, zone: Asia/Seoul}
legal_bases:
  y5: {statute: 법, article: 제1조, keep: P5Y, roll_holidays: false}
"""


def make_small(url: str, folder: Path, matrix: str, *statements: str) -> Shop:
    """Make the tables and rows; ``matrix`` begins with its tables, one basis ``y5`` of five years is there."""
    file = folder / "small.yaml"
    file.write_text(_HEAD + matrix, encoding="utf-8")
    shop = Shop(url, folder, file)
    with shop.sql() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    identify(url)
    return shop
