"""Taking measures: each one statement and one short transaction, so that no snapshot is kept longer than it needs."""

from __future__ import annotations

from collections.abc import Sequence

from retention.database.connect import Database
from retention.quality.measure import Counted, Measure


def take(database: Database, measures: Sequence[Measure]) -> list[Counted]:
    """Return every count of every measure, in their order.

    Raises:
        DatabaseFault: a measure could not be taken.
    """
    counted: list[Counted] = []
    for measure in measures:
        with database.planning() as connection:
            row = connection.execute(measure.query).mappings().one()
        counted.extend(Counted(expected, int(row[name] or 0)) for name, expected in measure.expected.items())
    return counted
