"""The catalog of PostgreSQL 13 and later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, text

from retention.database.catalog.base import Catalog, Facts, Need, Trigger, by_table, listed, own, spelled
from retention.database.names import TableKey

_EVENTS = (("INSERT", 4), ("DELETE", 8), ("UPDATE", 16))
_FOR_EACH_ROW, _BEFORE, _INSTEAD = 1, 2, 64
# What the partitioned table has itself is told of it alone; what one partition has more, row by row, is set off there.
_TRIGGERS = text("""
SELECT n.nspname, r.relname, t.tgname, t.tgtype::int, p.prosrc, ARRAY(SELECT a.attname::text FROM pg_attribute a
  WHERE a.attrelid = t.tgrelid AND a.attnum = ANY (t.tgattr)), CASE WHEN c.relispartition THEN c.relname END
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
JOIN pg_class r ON r.oid = CASE WHEN c.relispartition THEN pg_partition_root(c.oid) ELSE c.oid END
JOIN pg_namespace n ON n.oid = r.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid
WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' AND (NOT c.relispartition OR (t.tgparentid = 0 AND t.tgtype & 1 = 1))
ORDER BY 1, 2, 3, 7
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
# Until version 14 the column itself depends on the others, from 15 on what is kept as its default does.
_MADE_FROM = text("""
SELECT DISTINCT n.nspname, c.relname, a.attname, s.attname
FROM pg_attribute a JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND (
  d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
  OR d.classid = 'pg_class'::regclass AND d.objid = a.attrelid AND d.objsubid = a.attnum)
JOIN pg_attribute s ON s.attrelid = a.attrelid AND s.attnum = d.refobjsubid
WHERE a.attgenerated <> '' AND s.attnum > 0 AND s.attnum <> a.attnum AND NOT c.relispartition
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
SELECT CASE WHEN :one = '' THEN has_table_privilege(c.oid, :right)
  ELSE has_column_privilege(c.oid, :one, :right) END
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relname = :name
""")
_USES = text("SELECT has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = :schema")
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
        inherited: dict[TableKey, list[TableKey]] = {}
        for schema, name, child_schema, child in connection.execute(_INHERITED):
            inherited.setdefault(key(schema, name), []).append(key(child_schema, child))
        made: dict[TableKey, dict[str, set[str]]] = {}
        for schema, name, column, source in connection.execute(_MADE_FROM):
            made.setdefault(key(schema, name), {}).setdefault(column, set()).add(source)
        return Facts(
            triggers=(*self._triggers(connection), *self._rewrites(connection)),
            partitions={
                key(schema, name): key(root_schema, root)
                for schema, name, root_schema, root in connection.execute(_PARTITIONS)
            },
            partition_columns={table: frozenset(names) for table, names in columns.items()},
            made_from={
                table: {name: frozenset(sources) for name, sources in columns.items()}
                for table, columns in made.items()
            },
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
        """Ask the server for each right, and for the one without which none of a schema's others is any good."""
        for table in by_table(needs):
            if not connection.execute(_USES, {"schema": _schema(connection, table)}).scalar():
                yield Need(table, "USAGE")
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
        values = {"schema": _schema(connection, need.table), "name": need.table.name, "one": column}
        return bool(connection.execute(_MAY, {**values, "right": need.right}).scalar())

    @staticmethod
    def _triggers(connection: Connection) -> Iterator[Trigger]:
        for schema, name, trigger, kind, body, columns, partition in connection.execute(_TRIGGERS):
            events = frozenset(word for word, bit in _EVENTS if kind & bit)
            called = trigger if partition is None else f"{trigger} of the partition {partition}"
            table = TableKey(own(schema, connection), name)
            # What a trigger for the whole statement returns is let go.
            rewrites = bool(kind & _FOR_EACH_ROW and kind & (_BEFORE | _INSTEAD))
            yield Trigger(called, table, events, body or "", frozenset(columns), rewrites)

    @staticmethod
    def _rewrites(connection: Connection) -> Iterator[Trigger]:
        kinds = {"2": "UPDATE", "3": "INSERT", "4": "DELETE"}
        for schema, name, rule, kind, body in connection.execute(_REWRITES):
            events = frozenset({kinds[kind]} if kind in kinds else ())
            yield Trigger(rule, TableKey(own(schema, connection), name), events, body or "", rewrites=True)


def _schema(connection: Connection, table: TableKey) -> str | None:
    return table.schema or connection.dialect.default_schema_name
