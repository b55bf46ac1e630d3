"""Columns' types with all that PostgreSQL says in them: its own words, which reflection loses in part."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from retention.database.columns import Declared

# Of a domain that takes all that its base does only the base matters. Reflection doesn't tell its base's length.
_DECLARED = text("""
SELECT c.relname, a.attname,
  CASE WHEN d.free THEN format_type(t.typbasetype, t.typtypmod) ELSE format_type(a.atttypid, a.atttypmod) END,
  t.typtype = 'd' AND NOT (d.free AND t.typtypmod = -1)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype
CROSS JOIN LATERAL (SELECT t.typtype = 'd' AND NOT t.typnotnull AND b.typtype <> 'd'
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = t.oid) AS free) d
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f') AND NOT c.relispartition
  AND n.nspname = :schema
""")


def by_format(connection: Connection, schema: str | None) -> Mapping[tuple[str, str], Declared]:
    """Return how each column (table, column) of a schema is declared."""
    found = connection.execute(_DECLARED, {"schema": schema or connection.dialect.default_schema_name})
    return {(owner, name): Declared(said, checked=checked) for owner, name, said, checked in found}
