"""All findings about one live database, each kind in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.classification import unclassified_columns, unlisted_tables
from retention.check.clocks import clocks
from retention.check.columns import changed_columns
from retention.check.conditions import conditions
from retention.check.destinations import destinations
from retention.check.generated import generated
from retention.check.gentleness import gentleness
from retention.check.keys import keys
from retention.check.names import missing_names
from retention.check.needs import needs_of
from retention.check.parents import parents
from retention.check.partitions import partitions
from retention.check.relations import relations
from retention.check.rights import rights
from retention.check.subjects import subjects
from retention.check.taken import taken
from retention.check.triggers import triggers
from retention.database.catalog import Facts, catalog_of
from retention.database.url import ConnectionSource
from retention.errors import DatabaseFault, Finding, Refused
from retention.matrix.binding import Binding


def check_binding(
    binding: Binding, *, no_key: str, costs: bool = False, connections: ConnectionSource | None = None
) -> Iterator[Finding]:
    """Yield every finding; where tables or columns are missing, the rest would only repeat it.

    ``no_key`` says why no pseudonym can be drawn, and is empty where one can. ``costs`` says with each missing index
    what it costs, by the engine's own estimates of today. With ``connections`` load probe and replicas are asked too.

    Raises:
        Refused: the database's own catalog can't be read.
    """
    facts = _facts(binding, sizes=costs)
    missing = tuple(missing_names(binding, facts))
    yield from missing
    if missing:
        return
    yield from keys(binding)
    yield from unclassified_columns(binding)
    yield from unlisted_tables(binding)
    yield from subjects(binding)
    yield from conditions(binding)
    yield from clocks(binding, facts)
    yield from changed_columns(binding, facts, no_key=no_key)
    yield from generated(binding, facts)
    yield from relations(binding, facts)
    yield from parents(binding)
    yield from destinations(binding)
    yield from triggers(binding, facts)
    yield from taken(binding, facts)
    yield from partitions(binding, facts)
    yield from rights(binding, facts)
    yield from gentleness(binding, connections)


def missing_from(binding: Binding) -> tuple[Finding, ...]:
    """Return a finding for each table and column that the matrix names and the database lacks.

    Raises:
        Refused: the database's own catalog can't be read.
    """
    return tuple(missing_names(binding, _facts(binding, sizes=False)))


def _facts(binding: Binding, *, sizes: bool) -> Facts:
    try:
        with binding.database.planning() as connection:
            return catalog_of(binding.database).facts(connection, needs_of(binding), sizes=sizes)
    except DatabaseFault as fault:
        raise Refused(str(fault)) from None
