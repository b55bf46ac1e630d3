"""The local Airflow of the demo: its port, its users, its environment."""

from __future__ import annotations

import json
import socket
import stat
from pathlib import Path

import pytest

from retention.airflow.local.home import HOST, Home, free_port


def test_a_taken_port_is_replaced() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = free_port(port)
        assert other != port
    assert free_port(other) == other


def test_passwords_are_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "airflow", tmp_path, 8080)
    made = home.passwords()
    assert set(made) == {"admin", "operator", "viewer"}
    assert len(set(made.values())) == 3
    assert home.passwords() == made
    file = tmp_path / "airflow" / "passwords.json"
    assert json.loads(file.read_text(encoding="utf-8")) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_its_environment_is_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://somebody-elses")
    monkeypatch.setenv("AIRFLOW_CONN_PRODUCTION", "postgresql://somebody-elses")
    home = Home(tmp_path, tmp_path / "dags", 8081, {"AIRFLOW_CONN_SHOP_DB": "sqlite:////x"})
    environment = home.environment()
    assert "somebody-elses" not in "".join(environment.values())
    assert environment["AIRFLOW_CONN_SHOP_DB"] == "sqlite:////x"
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert environment["AIRFLOW__API__HOST"] == HOST
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:8081/execution/"
    assert len(environment["AIRFLOW__API_AUTH__JWT_SECRET"]) >= 64
    assert home.environment()["AIRFLOW__API_AUTH__JWT_SECRET"] != environment["AIRFLOW__API_AUTH__JWT_SECRET"]
