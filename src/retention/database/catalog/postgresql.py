"""The catalog of PostgreSQL 13 and later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from retention.database.catalog.base import Catalog, Facts, Need, Trigger, by_table, listed, own, spelled
from retention.database.names import TableKey

_EVENTS = (("INSERT", 4), ("DELETE", 8), ("UPDATE", 16))
_FOR_EACH_ROW, _BEFORE, _INSTEAD = 1, 2, 64
# A partition's own triggers fire for rows of the table that it belongs to.
_TRIGGERS = text("""
SELECT n.nspname, c.relname, t.tgname, t.tgtype::int, p.prosrc, ARRAY(SELECT a.attname::text FROM pg_attribute a
  WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr))
FROM pg_trigger t
JOIN pg_class c ON c.oid = coalesce(pg_partition_root(t.tgrelid), t.tgrelid)
JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND t.tgparentid = 0
ORDER BY 1, 2, 3
""")
_REWRITES = text("""
SELECT n.nspname, c.relname, r.rulename, r.ev_type::text, pg_get_ruledef(r.oid)
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1, 2, 3
""")
_PARTITIONS = text("""
SELECT n.nspname, c.relname, pn.nspname, p.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = pg_partition_root(c.oid) JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
""")
_PARTITION_COLUMNS = text("""
SELECT n.nspname, c.relname, a.attname
FROM pg_partitioned_table p
JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (p.partattrs)
""")
_PARTITION_KEYS = text("""
SELECT n.nspname, c.relname, k.conname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND c.relispartition
ORDER BY 1, 2, 3
""")
_HIDDEN = text("""
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relrowsecurity AND row_security_active(c.oid)
""")
_INHERITED = text("""
SELECT pn.nspname, p.relname, n.nspname, c.relname
FROM pg_inherits i
JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
WHERE NOT c.relispartition AND c.relkind IN ('r', 'p', 'f')
ORDER BY 1, 2, 3, 4
""")
_FOREIGN = text("""
SELECT DISTINCT n.nspname, c.relname
FROM pg_class f JOIN pg_class c ON c.oid IN (f.oid, pg_partition_root(f.oid))
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE f.relkind = 'f'
""")
_UNLOGGED = text("""
SELECT DISTINCT n.nspname, c.relname
FROM pg_class u JOIN pg_class c ON c.oid = coalesce(pg_partition_root(u.oid), u.oid)
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE u.relpersistence = 'u' AND u.relkind IN ('r', 'p')
""")
_ROWS = text("""
SELECT n.nspname, c.relname, (SELECT sum(greatest(l.reltuples, 0)) FROM pg_class l
  WHERE l.oid = c.oid OR l.oid IN (SELECT t.relid FROM pg_partition_tree(c.oid) t WHERE t.isleaf))::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema'
AND n.nspname NOT LIKE 'pg\\_%'
""")
_MAY = text("""
SELECT has_schema_privilege(n.oid, 'USAGE') AND CASE WHEN :one = '' THEN has_table_privilege(c.oid, :right)
  ELSE has_column_privilege(c.oid, :one, :right) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relname = :name
""")
_ROLE = text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")


class PostgreSQLCatalog(Catalog):
    """pg_catalog, which every role may read."""

    locks_need_update = True

    def read(self, connection: Connection) -> Facts:
        """Return what the catalog says."""

        def key(schema: str, name: str) -> TableKey:
            return TableKey(own(schema, connection), name)

        columns: dict[TableKey, set[str]] = {}
        for schema, name, column in connection.execute(_PARTITION_COLUMNS):
            columns.setdefault(key(schema, name), set()).add(column)
        alone: dict[TableKey, list[str]] = {}
        for schema, name, constraint in connection.execute(_PARTITION_KEYS):
            alone.setdefault(key(schema, name), []).append(constraint)
        inherited: dict[TableKey, list[TableKey]] = {}
        for schema, name, child_schema, child in connection.execute(_INHERITED):
            inherited.setdefault(key(schema, name), []).append(key(child_schema, child))
        return Facts(
            triggers=(*self._triggers(connection), *self._rewrites(connection)),
            partitions={
                key(schema, name): key(root_schema, root)
                for schema, name, root_schema, root in connection.execute(_PARTITIONS)
            },
            partition_columns={table: frozenset(names) for table, names in columns.items()},
            partition_keys={table: tuple(names) for table, names in alone.items()},
            inherited={table: tuple(children) for table, children in inherited.items()},
            hidden=frozenset(key(schema, name) for schema, name in connection.execute(_HIDDEN)),
            foreign=frozenset(key(schema, name) for schema, name in connection.execute(_FOREIGN)),
            unlogged=frozenset(key(schema, name) for schema, name in connection.execute(_UNLOGGED)),
        )

    def rows(self, connection: Connection) -> dict[TableKey, int]:
        """Return what the last ANALYZE or VACUUM counted."""
        return {
            TableKey(own(schema, connection), name): int(rows)
            for schema, name, rows in connection.execute(_ROWS)
            if rows is not None
        }

    def lacking(self, connection: Connection, needs: Sequence[Need]) -> Iterator[Need]:
        """Ask the server for each right."""
        for need in needs:
            missing = [column for column in need.columns or ("",) if not self._may(connection, need, column)]
            if missing:
                yield Need(need.table, need.right, tuple(column for column in missing if column))

    def excess(self, connection: Connection) -> str | None:
        """Return whether the role is a superuser."""
        return "it is a superuser" if connection.execute(_ROLE).scalar() else None

    def grants(self, connection: Connection, role: str, needs: Sequence[Need]) -> list[str]:
        """Return GRANT statements."""
        quote = connection.dialect.identifier_preparer.quote
        default = connection.dialect.default_schema_name or "public"
        database = connection.engine.url.database or ""
        schemas = sorted({need.table.schema or default for need in needs})
        found = [f"GRANT CONNECT, TEMPORARY ON DATABASE {quote(database)} TO {quote(role)};"]
        found += [f"GRANT USAGE ON SCHEMA {quote(schema)} TO {quote(role)};" for schema in schemas]
        for table, mine in by_table(needs).items():
            rights = ", ".join(
                f"{need.right} ({listed(connection, need.columns)})" if need.columns else need.right for need in mine
            )
            found.append(f"GRANT {rights} ON {spelled(connection, table)} TO {quote(role)};")
        return found

    @staticmethod
    def _may(connection: Connection, need: Need, column: str) -> bool:
        schema = need.table.schema or connection.dialect.default_schema_name
        values = {"schema": schema, "name": need.table.name, "right": need.right, "one": column}
        return bool(connection.execute(_MAY, values).scalar())

    @staticmethod
    def _triggers(connection: Connection) -> Iterator[Trigger]:
        for schema, name, trigger, kind, body, columns in connection.execute(_TRIGGERS):
            events = frozenset(word for word, bit in _EVENTS if kind & bit)
            table = TableKey(own(schema, connection), name)
            # What a trigger for the whole statement returns is let go.
            rewrites = bool(kind & _FOR_EACH_ROW and kind & (_BEFORE | _INSTEAD))
            yield Trigger(trigger, table, events, body or "", frozenset(columns), rewrites)

    @staticmethod
    def _rewrites(connection: Connection) -> Iterator[Trigger]:
        kinds = {"2": "UPDATE", "3": "INSERT", "4": "DELETE"}
        for schema, name, rule, kind, body in connection.execute(_REWRITES):
            events = frozenset({kinds[kind]} if kind in kinds else ())
            yield Trigger(rule, TableKey(own(schema, connection), name), events, body or "", rewrites=True)
