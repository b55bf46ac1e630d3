"""From an Airflow connection to a URL: its kind, its extras, its secrets, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from retention.errors import Refused

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("connection", "url"),
    [
        (
            {
                "conn_type": "postgres",
                "host": "db",
                "login": "r",
                "password": "p@ss/w:d",
                "port": 5433,
                "schema": "shop",
            },
            "postgresql+psycopg://r:p%40ss%2Fw%3Ad@db:5433/shop",
        ),
        (
            {
                "conn_type": "postgres",
                "host": "db",
                "schema": "shop",
                "extra": {"sslmode": "require", "cursor": "dict"},
            },
            "postgresql+psycopg://db/shop?sslmode=require",
        ),
        (
            {"conn_type": "mysql", "host": "db", "login": "r", "schema": "shop", "extra": {"ssl": {"ca": "/ca.pem"}}},
            "mysql+pymysql://r@db/shop?ssl_ca=%2Fca.pem",
        ),
        (
            {"conn_type": "mariadb", "host": "db", "schema": "shop", "extra": {"charset": "utf8mb4"}},
            "mysql+pymysql://db/shop?charset=utf8mb4",
        ),
        ({"conn_type": "sqlite", "host": "/data/shop.sqlite"}, "sqlite+pysqlite:////data/shop.sqlite"),
        ({"conn_type": "sqlite", "schema": "/data/shop.sqlite"}, "sqlite+pysqlite:////data/shop.sqlite"),
    ],
)
def test_each_kind_of_connection_has_its_url(
    airflow: Path, monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any], url: str
) -> None:
    from retention.airflow.connections import airflow_connection

    monkeypatch.setenv("AIRFLOW_CONN_SOME_DB", json.dumps(connection))
    assert airflow_connection("some_db").render_as_string(hide_password=False) == url


def test_a_uri_of_a_file_is_its_path(airflow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from retention.airflow.connections import airflow_connection

    monkeypatch.setenv("AIRFLOW_CONN_SOME_DB", "sqlite:////data/Shop.sqlite")
    assert airflow_connection("some_db").database == "/data/Shop.sqlite"


@pytest.mark.parametrize(
    ("connection", "says"),
    [
        (None, "Airflow has none of this id"),
        ({"conn_type": "http", "host": "x", "password": "geheim"}, "its type http is not supported"),
        ({"conn_type": "postgres", "host": "x", "extra": {"iam": True}}, "iam isn't supported"),
        ({"conn_type": "sqlite"}, "it names no file"),
    ],
)
def test_what_cannot_be_used_is_one_line_without_a_secret(
    airflow: Path, monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any] | None, says: str
) -> None:
    from retention.airflow.connections import airflow_connection

    if connection is not None:
        monkeypatch.setenv("AIRFLOW_CONN_SOME_DB", json.dumps(connection))
    with pytest.raises(Refused, match=says) as refused:
        airflow_connection("some_db")
    assert "geheim" not in str(refused.value)
    assert "\n" not in str(refused.value)
