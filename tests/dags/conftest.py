"""A real Airflow in this process: its environment before its first import, one migrated metadata database a session."""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from support.reading_room import DAY, make_library, write_matrix

HOME = Path(tempfile.mkdtemp(prefix="retention-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
DAGS = HOME / "dags"
USERS = {"admin": "admin", "operator": "op", "viewer": "viewer"}
DAG = "library_nightly"
_DAG_FILE = f"""
from datetime import timedelta
from retention.airflow.dag import retention_dag
dag = retention_dag(
    matrix="{HOME}/matrix.yaml", dag_id="{DAG}", retries=0, retry_delay=timedelta(0), pool="retention_{{database}}"
)
"""

DAGS.mkdir()
(DAGS / "library_nightly.py").write_text(_DAG_FILE, encoding="utf-8")
(HOME / "passwords.json").write_text("{" + ", ".join(f'"{user}": "{user}-secret"' for user in USERS) + "}")
os.environ.update(
    AIRFLOW_HOME=str(HOME),
    AIRFLOW__CORE__DAGS_FOLDER=str(DAGS),
    AIRFLOW__CORE__PLUGINS_FOLDER=str(HOME / "plugins"),
    AIRFLOW__CORE__LOAD_EXAMPLES="False",
    AIRFLOW__CORE__UNIT_TEST_MODE="False",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS=",".join(f"{user}:{role}" for user, role in USERS.items()),
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE=str(HOME / "passwords.json"),
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{HOME}/airflow.db",
    AIRFLOW__API_AUTH__JWT_SECRET=secrets.token_urlsafe(64),
    AIRFLOW__API__SECRET_KEY=secrets.token_urlsafe(64),
    AIRFLOW__API__BASE_URL="http://testserver",
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=str(HOME / "logs"),
    GX_ANALYTICS_ENABLED="false",
)


@pytest.fixture(scope="session")
def airflow() -> Iterator[Path]:
    """Airflow's own database, migrated; the folder it is in."""
    from airflow import settings
    from airflow.utils.db import initdb

    settings.configure_orm()
    initdb()
    yield HOME
    settings.dispose_orm()


@pytest.fixture(scope="session")
def api(airflow: Path) -> Any:
    """Airflow's API in this process, with the product's pages beside it."""
    from airflow.api_fastapi.app import create_app
    from fastapi.testclient import TestClient

    from retention.airflow.addresses import PREFIX
    from retention.airflow.pages import make_app

    app = create_app()
    if PREFIX not in {getattr(route, "path", "") for route in app.routes}:
        app.mount(PREFIX, make_app())
        app.router.routes.insert(0, app.router.routes.pop())
    return Api(TestClient(app))


@dataclass
class Api:
    """The API as one of the users calls it."""

    client: Any
    tokens: dict[str, str] = field(default_factory=dict)

    def call(self, user: str, method: str, path: str, **arguments: Any) -> Any:
        if user not in self.tokens:
            login = {"username": user, "password": f"{user}-secret"}
            self.tokens[user] = self.client.post("/auth/token", json=login).json()["access_token"]
        headers = {"Authorization": f"Bearer {self.tokens[user]}"}
        return self.client.request(method, path, headers=headers, **arguments)


@dataclass
class Library:
    """A library with its ledger, and nights over it in Airflow."""

    folder: Path
    api: Api
    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)

    def night(self, answer: str | None = None, user: str = "operator", note: str = "", **conf: Any) -> dict[str, str]:
        """Run the DAG to its end, answering the question where there is one; return the tasks' states."""
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(DAGS))
        assert bag.import_errors == {}
        before = {run["dag_run_id"] for run in self._runs()}
        answering = threading.Thread(target=self._answer, args=(before, answer, user, note), daemon=True)
        if answer is not None:
            answering.start()
        self.run = bag.dags[DAG].test(logical_date=None, run_conf={"as_of": DAY.isoformat(), **conf})
        if answer is not None:
            answering.join(timeout=60)
        return {
            task["task_id"] + (f"[{task['rendered_map_index']}]" if task["map_index"] >= 0 else ""): task["state"]
            for task in self._tasks(self.run.run_id)
        }

    def _answer(self, before: set[str], answer: str, user: str, note: str) -> None:
        while True:
            for run in self._runs():
                if run["dag_run_id"] in before:
                    continue
                path = f"/api/v2/dags/{DAG}/dagRuns/{run['dag_run_id']}/taskInstances/approve/-1/hitlDetails"
                waiting = [one for one in self._tasks(run["dag_run_id"]) if one["task_id"] == "approve"]
                if waiting and waiting[0]["state"] == "awaiting_input":
                    self.asked.append(self.api.call("viewer", "GET", path).json())
                    self.asked[-1]["viewer may"] = self.api.call(
                        "viewer", "PATCH", path, json=_said(answer, "")
                    ).status_code
                    self.api.call(user, "PATCH", path, json=_said(answer, note)).raise_for_status()
                    return
                if run["state"] in ("success", "failed"):
                    return
            # What answers is this very process: it would answer instead of running tasks.
            time.sleep(1)

    def _runs(self) -> list[dict[str, Any]]:
        answer = self.api.call("admin", "GET", f"/api/v2/dags/{DAG}/dagRuns?limit=1000")
        found: list[dict[str, Any]] = answer.json().get("dag_runs", [])
        return found

    def _tasks(self, run: str) -> list[dict[str, Any]]:
        path = f"/api/v2/dags/{DAG}/dagRuns/{run}/taskInstances?limit=1000"
        found: list[dict[str, Any]] = self.api.call("admin", "GET", path).json()["task_instances"]
        return found

    def matrix(self, *replacements: tuple[str, str]) -> None:
        write_matrix(HOME / "matrix.yaml", *replacements)


def _said(answer: str, note: str) -> dict[str, Any]:
    return {"chosen_options": [answer], "params_input": {"note": note}}


@pytest.fixture
def library(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library on SQLite, known to Airflow as a connection."""
    return _library(api, tmp_path, f"sqlite:///{tmp_path}/library.sqlite", monkeypatch)


@pytest.fixture
def library_at(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A library wherever a test wants it."""

    def at(url: str, personal: str, connection: str) -> Library:
        made = _library(api, tmp_path, url, monkeypatch, personal)
        monkeypatch.setenv("AIRFLOW_CONN_LIBRARY_DB", connection)
        return made

    return at


def _library(api: Api, folder: Path, url: str, monkeypatch: pytest.MonkeyPatch, personal: str = "somebody") -> Library:
    make_library(url, personal)
    write_matrix(HOME / "matrix.yaml")
    monkeypatch.setenv("AIRFLOW_CONN_LIBRARY_DB", url)
    monkeypatch.setenv("RETENTION_LEDGER_URL", f"sqlite:///{folder}/ledger.sqlite")
    monkeypatch.setenv("RETENTION_KEYRING", str(folder / "keyring"))
    monkeypatch.setenv("RETENTION_REPORTS", str(folder / "reports"))
    return Library(folder, api, url)
