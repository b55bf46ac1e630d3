"""Which catalog a database has."""

from __future__ import annotations

from retention.database.catalog.base import Catalog
from retention.database.catalog.mariadb import MariaDBCatalog
from retention.database.catalog.postgresql import PostgreSQLCatalog
from retention.database.catalog.sqlite import SQLiteCatalog
from retention.database.connect import Database

_CATALOGS: dict[str, Catalog] = {
    "postgresql": PostgreSQLCatalog(),
    "mariadb": MariaDBCatalog(),
    "sqlite": SQLiteCatalog(),
}


def catalog_of(database: Database) -> Catalog:
    """Return the catalog of a database's engine."""
    return _CATALOGS[database.dialect.name]
