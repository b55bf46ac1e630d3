"""Settling a run that broke off: which of its last batches were committed is read from the markers, not guessed."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from retention.database.own_tables import BATCH

Told = TypeVar("Told", bound=Hashable)


def committed(connection: Connection, run: str) -> dict[tuple[str, int], int]:
    """Return the rows of every committed batch of the run, by unit and sequence."""
    found = connection.execute(select(BATCH.c.unit, BATCH.c.seq, BATCH.c.row_count).where(BATCH.c.run == run))
    return {(unit, int(number)): int(rows) for unit, number, rows in found}


def runs_of(connection: Connection) -> set[str]:
    """Return the runs that have committed a batch."""
    return set(connection.execute(select(BATCH.c.run).distinct()).scalars())


def latest(entries: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Return the ledger's batches by unit and sequence; of several under one number the last of the newest epoch.

    A first try may never have committed, and the late word of a task that another one has taken over from doesn't
    count.
    """
    return of_newest_epoch(((body["unit"], body["seq"]), body) for body in entries)


def of_newest_epoch(told: Iterable[tuple[Told, Mapping[str, Any]]]) -> dict[Told, Mapping[str, Any]]:
    """Return what holds of what was told several times of the same: the last word of the newest epoch.

    A word without an epoch, of a task that could not take the lease, is the oldest.
    """
    last: dict[Told, Mapping[str, Any]] = {}
    for what, body in told:
        known = last.get(what)
        if known is None or body.get("epoch", 0) >= known.get("epoch", 0):
            last[what] = body
    return last


def settle(
    last: Mapping[tuple[str, int], Mapping[str, Any]], markers: Mapping[tuple[str, int], int]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Compare the :func:`latest` of the ledger's batches of a run with the markers of its databases.

    Returns the settled batches, each with ``committed``, and problems: a marker the ledger doesn't know, or one whose
    count differs.
    """
    settled = [
        {"unit": unit, "seq": number, "rows": body["rows"], "committed": (unit, number) in markers}
        for (unit, number), body in sorted(last.items())
    ]
    problems = [
        f"batch {number} of unit {unit} is committed but not in the ledger"
        for unit, number in sorted(set(markers) - set(last))
    ]
    problems.extend(
        f"batch {number} of unit {unit}: the ledger says {last[unit, number]['rows']} rows, its marker {rows}"
        for (unit, number), rows in sorted(markers.items())
        if (unit, number) in last and last[unit, number]["rows"] != rows
    )
    return settled, problems
