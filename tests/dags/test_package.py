"""The wheel in an environment of its own that has Airflow: provider, plugin, and a DAG over another schema."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from support.reading_room import write_matrix

pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
LOOK = """
import json, sys
from pathlib import Path
from airflow.providers_manager import ProvidersManager
from airflow import plugins_manager
from airflow.dag_processing.dagbag import DagBag
import retention
from retention.database.ddl import script
from retention.ledger import Ledger
from retention.pipeline import wall_clock
from retention.report.html import _environment

home = Path(sys.argv[1])
bag = DagBag(str(home / "dags"))
dag = bag.dags["library"]
plugins = plugins_manager._get_plugins()[0]
Ledger.open(f"sqlite:///{home}/ledger.sqlite", None, wall_clock).close()
_environment().get_template("report.html.j2")
print(json.dumps({
    "from": retention.__file__,
    "provider": ProvidersManager().providers["retention"].data["name"],
    "operators": [one["python-modules"] for one in ProvidersManager().providers["retention"].data["operators"]],
    "plugins": [str(one.source) for one in plugins if one.name == "retention"],
    "pages": [one["url_prefix"] for one in plugins_manager.get_fastapi_plugins()[0]],
    "errors": bag.import_errors,
    "tasks": [task.task_id for task in dag.topological_sort()],
    "rules": dag.params.get_param("rules").schema["examples"],
    "pool": dag.get_task("purge").pool,
    "ddl": "retention_lease" in script("pipeline/postgresql.sql"),
}))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, that sees Airflow and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("bare")
    uv = str(Path(sys.executable).parent / "uv")
    build = [
        uv,
        "build",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        str(folder),
        str(ROOT),
    ]
    _run(build, offline=True)
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    _run([uv, "pip", "install", "--python", str(python), "--no-deps", str(wheel)], offline=True)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    seen = [one for one in sys.path if one.endswith("site-packages")]
    (packages / "airflow.pth").write_text("\n".join(seen), encoding="utf-8")
    return python


def test_the_installed_wheel_shows_provider_and_plugin_and_makes_a_dag_over_another_schema(
    bare: Path, tmp_path: Path
) -> None:
    (tmp_path / "dags").mkdir()
    write_matrix(tmp_path / "library.yaml")
    (tmp_path / "dags" / "library.py").write_text(
        "from retention.airflow.dag import retention_dag\n"
        f"dag = retention_dag(matrix={str(tmp_path / 'library.yaml')!r}, dag_id='library', pool='p_{{database}}')\n",
        encoding="utf-8",
    )
    environment = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
    }
    seen = json.loads(_run([str(bare), "-c", LOOK, str(tmp_path)], **environment).splitlines()[-1])
    assert Path(seen["from"]).is_relative_to(bare.parents[1]), "the wheel is what is looked at"
    assert (seen["provider"], seen["operators"]) == ("Retention", [["retention.airflow.operators"]])
    assert len(seen["plugins"]) == 1
    assert "retention.airflow.plugin:RetentionPlugin" in seen["plugins"][0]
    assert "/retention" in seen["pages"]
    assert seen["errors"] == {}
    assert seen["tasks"] == ["plan", "quality", "approve", "authorise", "purge", "verify", "report", "outcome"]
    assert seen["rules"] == ["loans", "visits", "readers"]
    assert seen["pool"] == "p_library"
    assert seen["ddl"], "the static SQL is in the wheel"


def _run(command: list[str], *, offline: bool = False, **environment: Any) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHONPATH"))}
    if offline:
        kept["UV_OFFLINE"] = "1"
    done = subprocess.run(
        command, env={**kept, **environment}, cwd="/", capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout
