"""The folder and the environment of a local Airflow."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HOST = "127.0.0.1"
PORT = 8080
ROLES = {"admin": "admin", "operator": "op", "viewer": "viewer"}
_PASSWORD_BYTES = 9
_JWT_BYTES = 48


@dataclass(frozen=True)
class Home:
    """``AIRFLOW_HOME``, the DAGs' folder, the port, and what the tasks' environment has besides."""

    folder: Path
    dags: Path
    port: int
    tasks: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return where the interface answers."""
        return f"http://{HOST}:{self.port}"

    @property
    def logs(self) -> Path:
        """Return where the components' own output goes."""
        return self.folder / "components"

    def passwords(self) -> dict[str, str]:
        """Return the users' passwords, made on first use in a file of mode 0600."""
        path = self.folder / "passwords.json"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            made = {user: secrets.token_urlsafe(_PASSWORD_BYTES) for user in ROLES}
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(made, file)
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def environment(self) -> dict[str, str]:
        """Return the environment of Airflow's components; its secrets are made anew for each start."""
        own = {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(self.folder / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in ROLES.items()),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.folder / "passwords.json"),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.folder}/airflow.db",
            "AIRFLOW__API__HOST": HOST,
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(_JWT_BYTES),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(_JWT_BYTES),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            # A small machine that is busy otherwise may take its time to answer.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.folder / "logs"),
            "GX_ANALYTICS_ENABLED": "false",
            # Components and tasks talk to each other over loopback, whatever proxy the machine has.
            "NO_PROXY": f"{HOST},localhost",
            "no_proxy": f"{HOST},localhost",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "AIRFLOW__"))}
        return {**kept, **own, **self.tasks}


def free_port(wanted: int = PORT) -> int:
    """Return the wanted port, or a free one where it is taken."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free on loopback")
