"""What each engine calls the few things that the bench's own data is made of."""

from __future__ import annotations

from datetime import datetime


class PostgreSQL:
    """PostgreSQL's words."""

    instant, big = "TIMESTAMP", "BIGINT"
    before_fill: tuple[str, ...] = ()

    def series(self, rows: int) -> str:
        """Return a FROM item that counts ``i`` from 1 to ``rows``."""
        return f"generate_series(1, {rows}) AS s(i)"

    def at(self, day: datetime, seconds: str) -> str:
        """Return an instant as many seconds after a day as an expression says."""
        return f"TIMESTAMP '{day}' + ({seconds}) * INTERVAL '1 second'"

    def padded(self, number: str, width: int) -> str:
        """Return a number as text with zeros before it."""
        return f"lpad(({number})::text, {width}, '0')"

    def shuffled(self) -> str:
        """Return an order that has nothing to do with ``i``, the same in every run."""
        return "md5(i::text)"


class MariaDB:
    """MariaDB's words."""

    instant, big = "DATETIME", "BIGINT"
    # The rows aren't of the measured work: they need not go through the binary log.
    before_fill = ("SET SESSION sql_log_bin = 0", "SET SESSION sql_mode = 'PIPES_AS_CONCAT,STRICT_TRANS_TABLES'")

    def series(self, rows: int) -> str:
        """Return a FROM item that counts ``i`` from 1 to ``rows``."""
        return f"(SELECT CAST(seq AS SIGNED) AS i FROM seq_1_to_{rows}) AS s"

    def at(self, day: datetime, seconds: str) -> str:
        """Return an instant as many seconds after a day as an expression says."""
        return f"TIMESTAMP '{day}' + INTERVAL ({seconds}) SECOND"

    def padded(self, number: str, width: int) -> str:
        """Return a number as text with zeros before it."""
        return f"LPAD({number}, {width}, '0')"

    def shuffled(self) -> str:
        """Return an order that has nothing to do with ``i``, the same in every run."""
        return "MD5(i)"


class SQLite:
    """SQLite's words."""

    instant, big = "TIMESTAMP", "INTEGER"
    before_fill: tuple[str, ...] = ()

    def series(self, rows: int) -> str:
        """Return a FROM item that counts ``i`` from 1 to ``rows``."""
        counted = f"WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s WHERE i < {rows})"
        return f"({counted} SELECT i FROM s) AS s"

    def at(self, day: datetime, seconds: str) -> str:
        """Return an instant as many seconds after a day as an expression says."""
        return f"datetime('{day}', ({seconds}) || ' seconds')"

    def padded(self, number: str, width: int) -> str:
        """Return a number as text with zeros before it."""
        return f"printf('%0{width}d', {number})"

    def shuffled(self) -> str:
        """Return an order that has nothing to do with ``i``, the same in every run."""
        return "(i * 7919) % 104729, i"


Words = PostgreSQL | MariaDB | SQLite
WORDS: dict[str, Words] = {"postgresql": PostgreSQL(), "mariadb": MariaDB(), "sqlite": SQLite()}
