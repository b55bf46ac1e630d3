"""What a database says of itself beside its schema: sizes, triggers, partitions, rights; nothing of a row."""

from retention.database.catalog.base import Catalog, Facts, Need, Right, Trigger
from retention.database.catalog.of import catalog_of

__all__ = ["Catalog", "Facts", "Need", "Right", "Trigger", "catalog_of"]
