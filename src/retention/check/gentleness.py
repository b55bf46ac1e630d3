"""The load probe and the replicas of a database: whether they tell anything."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.codes import finding
from retention.database.probe import probe
from retention.database.url import ConnectionSource
from retention.errors import DatabaseFault, Finding
from retention.matrix.binding import Binding


def gentleness(binding: Binding, connections: ConnectionSource | None) -> Iterator[Finding]:
    """Yield what a run wouldn't learn; without ``connections`` nobody is asked."""
    entry, database = binding.entry, binding.database
    replicas = entry.replicas.get(database.connection_name, ())
    if replicas and not database.dialect.replicates:
        what = f"{database.label} has replicas, and {database.dialect.label} knows none"
        yield finding("RET235", entry.place, what, entry.name)
        return
    if connections is None:
        return
    for name in replicas:
        watch = database.replica_watch(name, connections)
        said = ""
        try:
            said = "" if watch.ask(database.dialect.replica_lag) is not None else "it follows nobody, or has stopped to"
        except DatabaseFault as fault:
            said = str(fault)
        finally:
            watch.close()
        if said:
            yield finding(
                "RET236", entry.place, f"the replica {name} doesn't say how far it is behind: {said}", entry.name
            )
    if entry.execute.load_probe is not None:
        watch, sql = database.watch(), entry.execute.load_probe.sql
        try:
            watch.ask(lambda connection: probe(connection, sql))
        except DatabaseFault as fault:
            yield finding("RET237", entry.place, f"the load probe fails: {fault}", entry.name)
        finally:
            watch.close()
