"""All findings about one live database, each kind in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator

from retention.check.classification import unclassified_columns, unlisted_tables
from retention.check.clocks import clocks
from retention.check.columns import changed_columns
from retention.check.names import missing_names
from retention.check.relations import references_without_index
from retention.errors import Finding
from retention.matrix.binding import Binding


def check_binding(binding: Binding, *, has_key_ring: bool) -> Iterator[Finding]:
    """Yield every finding; where tables or columns are missing, the rest would only repeat it."""
    missing = list(missing_names(binding))
    yield from missing
    if missing:
        return
    yield from unclassified_columns(binding)
    yield from unlisted_tables(binding)
    yield from clocks(binding)
    yield from changed_columns(binding, has_key_ring=has_key_ring)
    yield from references_without_index(binding)
