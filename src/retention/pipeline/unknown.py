"""Runs that have left their marks in a database and that the ledger at hand doesn't know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from retention.database.connect import Database
from retention.execute.settle import runs_of
from retention.ledger import Ledger
from retention.matrix.binding import Binding
from retention.pipeline.base import Pipeline


def unknown_runs(ledger: Ledger, bindings: Sequence[Binding]) -> Iterator[tuple[Database, list[str]]]:
    """Yield each database that has any, with their ids.

    The ledger is another one or an older copy, or its end was cut off.

    Raises:
        DatabaseFault: the marks can't be read.
    """
    known = ledger.run_ids()
    for binding in bindings:
        with binding.database.planning() as connection:
            marked = runs_of(connection)
        if not marked <= known:
            yield binding.database, sorted(marked - known)


def warn_of_unknown(pipeline: Pipeline, bindings: Sequence[Binding]) -> Mapping[tuple[str, int], int]:
    """Say where a ledger is used that doesn't know all that was destroyed; return how many runs, by name and shard.

    It is no refusal: a database may have a new ledger, or one for each of several matrices.

    Raises:
        DatabaseFault: the marks can't be read.
    """
    found: dict[tuple[str, int], int] = {}
    for database, runs in unknown_runs(pipeline.ledger, bindings):
        found[database.name, database.shard] = len(runs)
        some = f"{len(runs):,} run{' has' if len(runs) == 1 else 's have'} destroyed rows here"
        pipeline.progress(
            f"warning: {database.label}: {some}, the last of them {runs[-1]}, and this ledger knows nothing of that; "
            "see that it is no older copy and no other database's (RETENTION_LEDGER_URL, --ledger)"
        )
    return found
