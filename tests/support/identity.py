"""A database of a test's own, with the pipeline's tables and an identity."""

from __future__ import annotations

from sqlalchemy import make_url

from retention.database.connect import open_database
from retention.database.identity import give_identity
from retention.pipeline import wall_clock


def identify(url: str, identity: str = "shop-1") -> None:
    """Make the pipeline's own tables in a database, and name it."""
    database = open_database("db", 0, "db", make_url(url))
    try:
        give_identity(database, identity, wall_clock())
    finally:
        database.close()
