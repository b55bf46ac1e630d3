"""Keeping a destroyed row's last day for the row it referred to, where that row's own rule counts from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, and_, case, delete, func, insert, select

from retention.database.own_tables import CLOCK
from retention.database.reading import Sql
from retention.database.relations import Relation
from retention.plan.rules import BoundRule, joined


@dataclass(frozen=True)
class KeptClock:
    """For one rule whose rows others wait for: the parents, each with its relation and the rule that waits."""

    rule: BoundRule
    waiting: Sequence[tuple[BoundRule, Relation]]

    def keep(self, connection: Connection, chosen: Sql) -> None:
        """Write down, before the chosen rows go, the latest last day each parent had from them."""
        for parent, relation in self.waiting:
            days = self._last_days(connection, chosen, parent, relation)
            if days:
                self._write(connection, str(parent.table), days)

    def _last_days(self, connection: Connection, chosen: Sql, parent: BoundRule, relation: Relation) -> dict[str, date]:
        row, above = self.rule.row, parent.row.alias()
        clocks = self.rule.clocks
        name = parent.key_text(above).label("name")
        query = (
            select(name, *(func.max(case((clock.readable(row), clock.bucket(row)))) for clock in clocks))
            .select_from(row.join(above, joined(relation, row, above)))
            .where(and_(chosen))
            .group_by(name)
        )
        found: dict[str, date] = {}
        for key, *buckets in connection.execute(query):
            events = {
                clock: clock.reading.day_of(str(text)) for clock, text in zip(clocks, buckets, strict=True) if text
            }
            last = self.rule.last_day(events)
            if last is not None:
                found[str(key)] = last
        return found

    def _write(self, connection: Connection, table: str, days: dict[str, date]) -> None:
        mine = and_(CLOCK.c.table_name == table, CLOCK.c.rule == self.rule.id, CLOCK.c.row_key.in_(list(days)))
        for key, day in connection.execute(select(CLOCK.c.row_key, CLOCK.c.day).where(mine)):
            days[key] = max(days[key], date.fromisoformat(day))
        connection.execute(delete(CLOCK).where(mine))
        connection.execute(
            insert(CLOCK),
            [
                {"table_name": table, "row_key": key, "rule": self.rule.id, "day": day.isoformat()}
                for key, day in days.items()
            ],
        )
