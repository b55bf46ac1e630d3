"""The catalog of MariaDB 10.6 and later, and MySQL 8."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Any

from sqlalchemy import (
    ClauseElement,
    Connection,
    Select,
    delete,
    exc,
    false,
    insert,
    literal_column,
    select,
    table,
    text,
    update,
)
from sqlalchemy import column as sql_column

from retention.database.catalog.base import Catalog, Facts, Need, Trigger, by_table, listed, own, spelled
from retention.database.names import TableKey

_TRIGGERS = text("""
SELECT TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME, EVENT_MANIPULATION, ACTION_STATEMENT, ACTION_TIMING = 'BEFORE'
FROM information_schema.TRIGGERS ORDER BY 1, 2, 3
""")
_PARTITIONED = text("""
SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME, CONCAT_WS(' ', PARTITION_EXPRESSION, SUBPARTITION_EXPRESSION)
FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL
""")
_GENERATED = text("""
SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, GENERATION_EXPRESSION FROM information_schema.COLUMNS
WHERE GENERATION_EXPRESSION <> '' AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
""")
# Once for all that is asked of it: the server opens every table of every schema for the answer.
_TABLES = text("""
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, t.TABLE_TYPE = 'SYSTEM VERSIONED', e.TRANSACTIONS <> 'YES'
FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
""")
_FOREIGN = """
SELECT {for_schema}, {for_name}, {ref_schema}, {ref_name} FROM information_schema.{catalog}
"""
_NAME = "CONVERT(CONVERT(CAST(SUBSTRING_INDEX({column}, '/', {place}) AS BINARY) USING filename) USING utf8mb4)"
_OF_INNODB = ("INNODB_SYS_FOREIGN", "INNODB_FOREIGN")
"""InnoDB's own list of foreign keys, in MariaDB and in MySQL: it shows those of tables that the role may not see."""
_ROWS = text("""
SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES
WHERE TABLE_ROWS IS NOT NULL AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'mysql', 'sys')
""")
_FIRST = text("""
SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = :schema AND TABLE_NAME = :name
ORDER BY ORDINAL_POSITION LIMIT 1
""")
_QUOTED = re.compile(r"`((?:[^`]|``)+)`")
_REFUSED = {1142, 1143, 1044, 1045, 1227}
_EVERYTHING = re.compile(r"GRANT (ALL PRIVILEGES|.*\bSUPER\b).* ON \*\.\*", re.IGNORECASE)


class MariaDBCatalog(Catalog):
    """information_schema, which shows a role what it may see."""

    def read(self, connection: Connection) -> Facts:
        """Return what the catalog says."""
        columns = {
            TableKey(own(schema, connection), name): _quoted(expression or "")
            for schema, name, expression in connection.execute(_PARTITIONED)
        }
        made: dict[TableKey, dict[str, frozenset[str]]] = {}
        for schema, name, column, expression in connection.execute(_GENERATED):
            made.setdefault(TableKey(own(schema, connection), name), {})[column] = _quoted(expression)
        tables = [
            (TableKey(own(schema, connection), name), versioned, unsafe)
            for schema, name, versioned, unsafe in connection.execute(_TABLES)
        ]
        unseen = _unseen(connection, {table for table, _versioned, _unsafe in tables})
        return Facts(
            unseen=unseen or {},
            blind=unseen is None,
            without_rollback=frozenset(table for table, _versioned, unsafe in tables if unsafe),
            triggers=tuple(
                Trigger(
                    name,
                    TableKey(own(schema, connection), table),
                    frozenset({event.upper()}),
                    body or "",
                    rewrites=bool(before),
                )
                for schema, table, name, event, body, before in connection.execute(_TRIGGERS)
            ),
            partition_columns=columns,
            made_from=made,
            versioned=frozenset(table for table, versioned, _unsafe in tables if versioned),
        )

    def rows(self, connection: Connection) -> dict[TableKey, int]:
        """Return InnoDB's estimates."""
        return {TableKey(own(schema, connection), name): int(rows) for schema, name, rows in connection.execute(_ROWS)}

    def lacking(self, connection: Connection, needs: Sequence[Need]) -> Iterator[Need]:
        """Let the server explain a statement of each kind that touches no row: it refuses where a right is missing."""
        for need in needs:
            missing = [column for column in need.columns or ("",) if not self._may(connection, need, column)]
            if missing:
                yield Need(need.table, need.right, tuple(column for column in missing if column))

    def excess(self, connection: Connection) -> str | None:
        """Return whether the account may do everything on the server."""
        granted = [str(row[0]) for row in connection.execute(text("SHOW GRANTS"))]
        return "it has every right on every database" if any(map(_EVERYTHING.match, granted)) else None

    def grants(self, connection: Connection, role: str, needs: Sequence[Need]) -> list[str]:
        """Return GRANT statements for an account ``name`` or ``name@host``."""
        account = _account(role)
        default = connection.dialect.default_schema_name or ""
        quote = connection.dialect.identifier_preparer.quote
        # Keys of tables that the role may not see destroy rows there: InnoDB tells of them who has PROCESS.
        found = [f"GRANT PROCESS ON *.* TO {account};"]
        found.append(f"GRANT CREATE TEMPORARY TABLES ON {quote(default)}.* TO {account};")
        for one, mine in by_table(needs).items():
            rights = ", ".join(
                f"{need.right} ({listed(connection, need.columns)})" if need.columns else need.right for need in mine
            )
            found.append(f"GRANT {rights} ON {spelled(connection, one)} TO {account};")
        return found

    @staticmethod
    def _may(connection: Connection, need: Need, column: str) -> bool:
        schema = need.table.schema or connection.dialect.default_schema_name
        name = column or connection.execute(_FIRST, {"schema": schema, "name": need.table.name}).scalar()
        if name is None:
            return False
        target = table(need.table.name, sql_column(name), schema=need.table.schema)
        one = target.c[name]
        nothing: Select[Any] = select(one).where(false())
        statement: ClauseElement = {
            "SELECT": select(literal_column("*")).select_from(target).where(false()),
            "INSERT": insert(target).from_select([name], nothing),
            "UPDATE": update(target).values({name: one}).where(false()),
            "DELETE": delete(target).where(false()),
        }[need.right]
        try:
            connection.exec_driver_sql(f"EXPLAIN {statement.compile(dialect=connection.dialect)}").close()
        except exc.DBAPIError as error:
            # Rights are asked first: any other error comes from behind them.
            return getattr(error.orig, "args", (None,))[0] not in _REFUSED
        return True


def _quoted(expression: str) -> frozenset[str]:
    """Return the names in an expression as the server keeps it: each in backquotes, however it was written."""
    return frozenset(one.replace("``", "`") for one in _QUOTED.findall(expression))


def _unseen(connection: Connection, seen: Set[TableKey]) -> dict[TableKey, tuple[str, ...]] | None:
    """Return which tables that the role may not see refer to which; None where nobody can tell."""
    columns = {
        f"{name.lower()[:3]}_{what}": _NAME.format(column=name, place=place)
        for name in ("FOR_NAME", "REF_NAME")
        for what, place in (("schema", 1), ("name", -1))
    }
    for catalog in _OF_INNODB:
        try:
            keys = connection.exec_driver_sql(_FOREIGN.format(catalog=catalog, **columns)).all()
        except exc.DBAPIError:
            continue
        found: dict[TableKey, list[str]] = {}
        for schema, name, parent_schema, parent in keys:
            if TableKey(own(schema, connection), name) not in seen:
                key = TableKey(own(parent_schema, connection), parent)
                found.setdefault(key, []).append(f"{schema}.{name}")
        return {parent: tuple(sorted(set(names))) for parent, names in found.items()}
    return None


def _account(role: str) -> str:
    name, _, host = role.partition("@")
    return f"'{_escaped(name)}'@'{_escaped(host or '%')}'"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "''")
