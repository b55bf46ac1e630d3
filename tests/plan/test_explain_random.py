"""Rows of random schemas explained: as the plan counts them, and gone on the day that was said."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from plan.random_schema import AS_OF, random_scene
from plan.steps import Steps, ledger_in
from plan.test_deferral import Field
from retention.database.names import TableKey
from retention.plan.explain import Explainer, Key
from retention.plan.states import STATES
from retention.plan.units import Unit

NEVER = date(8999, 12, 31)
DAY = timedelta(days=1)


@contextmanager
def _units(steps: Steps) -> Iterator[tuple[Connection, dict[TableKey, Unit]]]:
    pipeline = steps.pipeline()
    with pipeline.bindings() as bindings:
        units, _findings = pipeline.planner(AS_OF, ()).units(bindings[0])
        with bindings[0].database.planning() as connection:
            yield connection, {rule.table: unit for unit in units for rule in unit.rules}


def _keys(connection: Connection, unit: Unit, table: TableKey) -> list[Key]:
    sql = unit.binding.shape(table).sql
    columns = [sql.c[name] for name in unit.binding.row_key(table)]
    return [tuple(key) for key in connection.execute(select(*columns).order_by(*columns))]


def _check(steps: Steps, chance: random.Random) -> tuple[int, int]:
    """Hold every row's state against the plan's counts, and some rows' days against later states."""
    plan = {rule.id: rule.as_json()["rows"] for rule in steps.plan(AS_OF).rules}
    rows = days = 0
    with _units(steps) as (connection, units):
        for table, unit in units.items():
            keys = _keys(connection, unit, table)
            rows += len(keys)
            together = Explainer(connection, unit, AS_OF).states(table, keys)
            for rule, states in together.items():
                assert Counter(states.values()) == Counter({one: plan[rule][one] for one in STATES if plan[rule][one]})
            for key in chance.sample(keys, min(len(keys), 2)):
                for answer in Explainer(connection, unit, AS_OF).row(table, key).rules:
                    assert together[answer.rule.id][key] == answer.state
                    days += 1
                    if answer.state == "due":
                        assert answer.goes_on == AS_OF
                        continue
                    asked = [NEVER] if answer.goes_on is None else [answer.goes_on - DAY, answer.goes_on]
                    found = [
                        Explainer(connection, unit, day).states(table, [key])[answer.rule.id].get(key) for day in asked
                    ]
                    if answer.goes_on is None:
                        assert found != ["due"], (table, key)
                        continue
                    # Columns that have their last values already are done with on the day that was said.
                    ends = ("due",) if answer.rule.action.on_rows else ("due", "done")
                    assert [one in ends for one in found] == [False, True], (table, key, answer.goes_on, found)
    return rows, days


def _sweep(url: str, folder: Path, engine: str, seeds: range) -> None:
    field = Field(url, folder)
    rows = days = 0
    with ledger_in(folder) as ledger:
        for seed in seeds:
            scene = random_scene(seed, engine)
            field.put(scene)
            found = _check(Steps(url, folder / "matrix.yaml", ledger, f"{engine}-{seed}"), random.Random(seed))
            rows, days = rows + found[0], days + found[1]
    print(f"{engine}: {len(seeds):,} schemas, {rows:,} rows explained, {days:,} days asked again, 0 differences")


@pytest.mark.thorough
@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "first", "few", "many"),
    [
        ("sqlite", 5000, 3, 60),
        pytest.param("postgresql", 6000, 1, 20, marks=pytest.mark.postgresql),
        pytest.param("mariadb", 7000, 1, 20, marks=pytest.mark.mariadb),
    ],
)
def test_rows_of_random_schemas_are_explained_as_planned(
    request: pytest.FixtureRequest, tmp_path: Path, proof: bool, engine: str, first: int, few: int, many: int
) -> None:
    url = request.getfixturevalue(f"{engine}_url")
    _sweep(url, tmp_path, engine, range(first, first + (many if proof else few)))
