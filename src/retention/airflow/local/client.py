"""Airflow's API as a user of the local Airflow calls it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from retention.errors import BrokeOff

_TIMEOUT = 30
_COMPONENTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
# Loopback never goes through a proxy.
_OPEN = build_opener(ProxyHandler({})).open


@dataclass
class Client:
    """Calls as one of the users; each logs in once."""

    url: str
    passwords: Mapping[str, str]
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def healthy(self) -> bool:
        """Whether every component answers."""
        try:
            health = self._send("GET", "/api/v2/monitor/health")
        except (OSError, ValueError):
            return False
        return all((health.get(name) or {}).get("status") == "healthy" for name in _COMPONENTS)

    def call(self, user: str, method: str, path: str, body: Any = None) -> Any:
        """Call the public API.

        Raises:
            BrokeOff: it refused, with what it said.
        """
        if user not in self._tokens:
            login = {"username": user, "password": self.passwords[user]}
            self._tokens[user] = self._send("POST", "/auth/token", login)["access_token"]
        try:
            return self._send(method, f"/api/v2{path}", body, self._tokens[user])
        except HTTPError as error:
            detail = error.read().decode(errors="replace")[:300]
            raise BrokeOff(f"Airflow refused {method} {path} to {user}: {error.code} {detail}") from None
        except URLError as error:
            raise BrokeOff(f"Airflow does not answer any more ({error.reason})") from None

    def _send(self, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
        request = Request(self.url + path, method=method)  # noqa: S310 - loopback, by the URL of our own
        request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        data = None if body is None else json.dumps(body).encode()
        with _OPEN(request, data, timeout=_TIMEOUT) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    # --- the calls of the demo ------------------------------------------------------------------------------------

    def make_pool(self, name: str, slots: int, description: str) -> None:
        """Make a pool, where it isn't there."""
        pools = self.call("admin", "GET", "/pools?limit=1000")["pools"]
        if name not in {pool["name"] for pool in pools}:
            body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            self.call("admin", "POST", "/pools", body)

    def wait_for_dag(self, dag: str, within: float) -> None:
        """Wait until the DAG's file was parsed.

        Raises:
            BrokeOff: it wasn't, with what its import said.
        """
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            known = self.call("admin", "GET", f"/dags?dag_id_pattern={quote(dag)}")["dags"]
            if any(one["dag_id"] == dag for one in known):
                return
            errors = self.call("admin", "GET", "/importErrors")["import_errors"]
            if errors:
                raise BrokeOff(f"DAG {dag}: {errors[0]['stack_trace'].strip().splitlines()[-1]}")
            time.sleep(1)
        raise BrokeOff(f"DAG {dag}: Airflow did not parse its file in time")

    def trigger(self, user: str, dag: str, conf: Mapping[str, Any]) -> str:
        """Trigger a run as the form does, and return its id."""
        body = {"logical_date": None, "conf": dict(conf)}
        return str(self.call(user, "POST", f"/dags/{quote(dag)}/dagRuns", body)["dag_run_id"])

    def run_state(self, dag: str, run: str) -> str:
        """Return a run's state."""
        return str(self.call("viewer", "GET", f"{_run(dag, run)}")["state"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """Return the run's task instances."""
        found: list[dict[str, Any]] = self.call("viewer", "GET", f"{_run(dag, run)}/taskInstances?limit=1000")[
            "task_instances"
        ]
        return found

    def question(self, dag: str, run: str, task: str) -> dict[str, Any]:
        """Return what a task that waits for a person asks."""
        found: dict[str, Any] = self.call("viewer", "GET", f"{_run(dag, run)}/taskInstances/{task}/-1/hitlDetails")
        return found

    def answer(self, user: str, dag: str, run: str, task: str, option: str, note: str) -> None:
        """Answer it."""
        body = {"chosen_options": [option], "params_input": {"note": note}}
        self.call(user, "PATCH", f"{_run(dag, run)}/taskInstances/{task}/-1/hitlDetails", body)


def _run(dag: str, run: str) -> str:
    return f"/dags/{quote(dag)}/dagRuns/{quote(run)}"
