"""Which URLs lead to one server."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from retention.database.url import same_server


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("postgresql://a@db.shop/x", "postgresql+psycopg://b:c@DB.shop:5432/y", True),
        ("mysql://a@db/x", "mariadb+pymysql://b@db:3306/y", True),
        ("postgresql:///x", "postgresql://127.0.0.1/y", True),
        ("postgresql://db/x", "postgresql://db:5433/x", False),
        ("postgresql://db/x", "postgresql://other/x", False),
        ("postgresql:///x?host=/run/a", "postgresql:///x?host=/run/b", False),
        ("sqlite:///x", "sqlite:///x", False),
    ],
)
def test_one_server_is_known_by_engine_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_server(make_url(one), make_url(other)) is same
