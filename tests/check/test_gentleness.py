"""A load probe and replicas that tell nothing are found before a night depends on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

from support.engines import SERVERS
from support.identity import identify
from support.matrices import written
from support.servers import free_port
from support.shop import Shop

MATRIX = """\
version: 1
timezone: Asia/Seoul
organisation: {name: 가게}
databases:
  shop:
    connection: shop_db
    identity: shop-1
    zone: Asia/Seoul
    replicas: {shop_db: [shop_ro]}
    execute: {load_probe: {sql: SELECT n FROM busy, threshold: 10}}
legal_bases:
  login: {statute: 통신비밀보호법, article: 제15조의2, keep: P3M}
tables:
  shop.log: {}
rules:
  - id: logs
    table: shop.log
    keep: [{basis: login, since: at}]
    then: delete
"""


def found(url: str, replica: str, folder: Path, matrix: str, capsys: Any, *statements: str) -> dict[str, str]:
    """What a check finds after the statements, by code."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    identify(url)
    shop = Shop(url, folder, written(folder, matrix))
    shop.environment["RETENTION_CONN_SHOP_RO"] = replica
    called = shop.call(capsys, "check", "--json", day=None)
    assert not {"RET201", "RET202"} & {one["code"] for one in called.document["findings"]}
    return {one["code"]: f"{one['severity']}: {one['what']}" for one in called.document["findings"]}


LOG = "CREATE TABLE log (id INTEGER PRIMARY KEY, at DATE)"


def test_a_load_probe_is_tried(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    alone = MATRIX.replace("    replicas: {shop_db: [shop_ro]}\n", "")
    told = found(engine_url, "", tmp_path, alone, capsys, LOG)["RET237"]
    assert told.startswith("warning: the load probe fails: database shop (connection shop_db): the database refused")
    made = ("CREATE TABLE busy (n INTEGER)", "INSERT INTO busy VALUES (3)")
    assert "RET237" not in found(engine_url, "", tmp_path, alone, capsys, *made)
    assert found(engine_url, "", tmp_path, alone, capsys, "DELETE FROM busy")["RET237"].endswith("give one number")


@pytest.mark.parametrize("server", SERVERS)
def test_replicas_are_asked(server: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: Any) -> None:
    url = request.getfixturevalue(f"{server}_url")
    told = found(url, url, tmp_path, MATRIX, capsys, LOG)["RET236"]
    assert told == (
        "warning: the replica shop_ro doesn't say how far it is behind: it follows nobody, or has stopped to"
    )
    away = make_url(url).set(port=free_port(), password="secret").render_as_string(hide_password=False)
    told = found(url, away, tmp_path, MATRIX, capsys)["RET236"]
    assert told.startswith("warning: the replica shop_ro doesn't say how far it is behind: connection shop_ro: ")
    assert "secret" not in told
    other = found(url, "sqlite:////tmp/none", tmp_path, MATRIX, capsys)["RET236"]
    assert "so no replica of database shop" in other


def test_a_file_has_no_replicas(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    told = found(sqlite_url, sqlite_url, tmp_path, MATRIX, capsys, LOG)
    assert told["RET235"] == "error: database shop (connection shop_db) has replicas, and SQLite knows none"
