"""A pipeline over a shop without the command, for questions that the command has no words for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, make_url, select

from retention.database.names import TableKey
from retention.ledger import Ledger
from retention.matrix.binding import Binding
from retention.matrix.load import load
from retention.pipeline import Pipeline, wall_clock
from retention.plan.explain import Explainer, Key, RowAnswer
from retention.plan.plan import RulePlan
from retention.plan.planner import Planner
from retention.plan.units import Unit
from retention.register import Hold
from support.shop import Shop


@contextmanager
def opened(shop: Shop, matrix: Path | None = None) -> Iterator[Pipeline]:
    """Give a pipeline on the shop under its matrix, or under another one."""
    loaded, findings = load(matrix or Path(shop.environment["RETENTION_CONFIG"]))
    ledger = Ledger.open(shop.environment["RETENTION_LEDGER_URL"], None, _now)
    try:
        yield Pipeline(
            matrix=loaded,
            findings=findings,
            ledger=ledger,
            connections=lambda _name: make_url(shop.url),
            key_ring=Path(shop.environment["RETENTION_KEYRING"]),
        )
    finally:
        ledger.close()


@contextmanager
def bound(pipeline: Pipeline, day: date) -> Iterator[tuple[Planner, Binding]]:
    """Give the planner of a day, and the one database it is asked about."""
    with pipeline.bindings() as bindings:
        yield pipeline.planner(day, pipeline.check(bindings), full=True), bindings[0]


@dataclass(frozen=True)
class Asker:
    """Asks for rows of one database as of a day, on one connection."""

    connection: Connection
    binding: Binding
    units: dict[str, Unit]
    day: date
    holds: Sequence[Hold]

    def on(self, day: date) -> Asker:
        return replace(self, day=day)

    def keys(self, table: str) -> list[Key]:
        key = TableKey(None, table)
        sql = self.binding.shape(key).sql
        columns = [sql.c[name] for name in self.binding.row_key(key)]
        return [tuple(one) for one in self.connection.execute(select(*columns).order_by(*columns))]

    def row(self, table: str, *key: Any) -> RowAnswer:
        with self._apart():
            return self._explainer(table).row(TableKey(None, table), key)

    def states(self, table: str, keys: Sequence[Key]) -> dict[str, dict[Key, str]]:
        with self._apart():
            return self._explainer(table).states(TableKey(None, table), keys)

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """Forget what was made for one question: PostgreSQL would hold its locks to the end, of as many as it can."""
        if self.connection.dialect.name != "postgresql":
            yield
            return
        with self.connection.begin_nested() as point:
            yield
            point.rollback()

    def _explainer(self, table: str) -> Explainer:
        return Explainer(self.connection, self.units[table], self.day, self.holds)


@contextmanager
def asking(shop: Shop, day: date) -> Iterator[Asker]:
    """Give somebody who asks for many rows at the cost of one opening."""
    with opened(shop) as pipeline, bound(pipeline, day) as (planner, binding):
        units, _findings = planner.units(binding)
        by_table = {table.name: unit for unit in units for table in unit.part_owners}
        by_table.update({rule.table.name: unit for unit in units for rule in unit.rules})
        with binding.database.planning() as connection:
            yield Asker(connection, binding, by_table, day, planner.holds)


def planned(pipeline: Pipeline, day: date) -> dict[str, RulePlan]:
    """Return every rule's plan, counted in full."""
    with bound(pipeline, day) as (planner, binding):
        return {rule.id: rule for rule in planner.plan([binding]).rules}


def _now() -> datetime:
    return wall_clock()
