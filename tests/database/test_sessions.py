"""Sessions mean the same whatever a role, a server, a URL or the environment sets by default."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from retention.database.connect import open_database
from retention.ledger.store import is_made, open_store
from support.bench import Bench

AS_OF = date(2026, 11, 24)
BASES = {
    "one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False},
    "five": {"statute": "s", "article": "a", "keep": "P5Y", "roll_holidays": False},
}
WRITTEN_OTHERWISE = {
    "datestyle": "SQL, DMY",
    "intervalstyle": "iso_8601",
    "bytea_output": "escape",
    "extra_float_digits": "-5",
    "timezone": "Asia/Seoul",
}
KEYS = {
    "day": ("DATE", "'2024-02-03'", "2024-02-03"),
    "instant": ("TIMESTAMPTZ", "'2024-02-03 00:00:00+00'", "2024-02-03 00:00:00+00"),
    "span": ("INTERVAL", "'1 day 02:00'", "1 day 02:00:00"),
    "bytes": ("BYTEA", "'\\x00ff41'", "\\x00ff41"),
    "float": ("FLOAT8", "0.30000000000000004", "0.30000000000000004"),
    "during": ("DATERANGE", "'[2024-02-03,2024-02-05)'", "[2024-02-03,2024-02-05)"),
    "price": ("MONEY", "1234.5", "000000000001e23a"),
}


def _set(bench: Bench, settings: dict[str, str]) -> None:
    """Give new sessions other defaults, and begin anew."""
    name = make_url(bench.url).database
    bench.do(f"ALTER DATABASE {name} SET {one} = '{value}'" for one, value in settings.items())
    bench.database.engine.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize("key", KEYS)
def test_a_rows_key_is_written_in_one_way_and_the_row_known_again(postgresql_bench: Bench, key: str) -> None:
    type_, value, written = KEYS[key]
    postgresql_bench.do(
        [
            f"CREATE TABLE log (k {type_} PRIMARY KEY, seen_on DATE, name VARCHAR(20))",
            f"INSERT INTO log VALUES ({value}, '2025-01-01', 'Kim')",
        ]
    )
    matrix = postgresql_bench.one_rule(then="anonymize", columns={"name": {"mask": {"first": 1, "last": 0}}})
    assert postgresql_bench.run(matrix, AS_OF)["log"].done == 1
    assert postgresql_bench.all("SELECT row_key FROM retention_done") == [(written,)]
    _set(postgresql_bench, WRITTEN_OTHERWISE)
    assert postgresql_bench.run(matrix, AS_OF)["log"].done == 0
    assert postgresql_bench.all("SELECT row_key FROM retention_done") == [(written,)]


@pytest.mark.postgresql
def test_a_day_kept_for_a_parent_is_found_under_another_date_style(postgresql_bench: Bench) -> None:
    postgresql_bench.do(
        [
            "CREATE TABLE p (day DATE PRIMARY KEY)",
            "CREATE TABLE q (id INT PRIMARY KEY, day DATE REFERENCES p, paid_on DATE)",
            "INSERT INTO p VALUES ('2019-02-03')",
            "INSERT INTO q VALUES (1, '2019-02-03', '2024-06-01')",
        ]
    )
    latest = {"latest_of": ["shop.q"], "column": "paid_on"}
    matrix = postgresql_bench.matrix(
        {
            "legal_bases": BASES,
            "purposes": {"svc": {"name": "svc"}},
            "tables": {"shop.p": {"none": "t"}, "shop.q": {"none": "t"}},
            "rules": [
                {"id": "q", "table": "shop.q", "keep": [{"basis": "one", "since": "paid_on"}], "then": "delete"},
                {
                    "id": "p",
                    "table": "shop.p",
                    "purpose": {"name": "svc", "ends": "day"},
                    "keep": [{"basis": "five", "since": latest, "when_null": "not_applicable"}],
                    "then": "delete",
                },
            ],
        }
    )
    assert {id_: one.done for id_, one in postgresql_bench.run(matrix, AS_OF).items()} == {"q": 1, "p": 0}
    _set(postgresql_bench, WRITTEN_OTHERWISE)
    assert postgresql_bench.run(matrix, AS_OF)["p"].done == 0, "its order of 2024 is to be kept five years"
    assert postgresql_bench.run(matrix, date(2029, 6, 3))["p"].done == 1


@pytest.mark.postgresql
def test_a_role_of_another_encoding_reads_and_writes_every_name(postgresql_bench: Bench) -> None:
    postgresql_bench.do(
        [
            "CREATE TABLE log (id TEXT PRIMARY KEY, seen_on DATE)",
            "INSERT INTO log VALUES ('뷁😀', '2020-01-01'), ('가', '2020-01-01')",
        ]
    )
    _set(postgresql_bench, {"client_encoding": "EUC_KR"})
    assert postgresql_bench.run(postgresql_bench.one_rule(), AS_OF)["log"].done == 2


@pytest.mark.postgresql
def test_the_environment_and_the_url_change_neither_zone_nor_encoding(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Seoul")
    monkeypatch.setenv("PGDATESTYLE", "SQL, DMY")
    url = make_url(postgresql_url).update_query_dict({"client_encoding": "EUC_KR"})
    database = open_database("shop", 0, "shop_db", url)
    for engine in (database.engine, database.dialect.watch_engine(url)):
        with engine.connect() as connection:
            shown = [
                connection.exec_driver_sql(f"SHOW {name}").scalar_one()
                for name in ("timezone", "datestyle", "client_encoding")
            ]
        assert shown == ["UTC", "ISO, DMY", "UTF8"], "in which order triggers read day and month stays as it was"
        engine.dispose()


@pytest.mark.postgresql
def test_every_session_looks_in_the_schema_that_the_url_names(postgresql_url: str) -> None:
    url = make_url(postgresql_url)
    plain = create_engine(url, poolclass=NullPool)
    with plain.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA app")
    url = url.update_query_dict({"options": "-c search_path=app -c lock_timeout=7 -c statement_timeout=90000"})
    database = open_database("shop", 0, "shop_db", url)
    ledger = open_store(url.render_as_string(hide_password=False))
    seen = []
    for engine in (database.engine, database.dialect.watch_engine(url), ledger.engine):
        with engine.connect() as connection:
            settings = ("search_path", "lock_timeout", "statement_timeout")
            seen.append([connection.exec_driver_sql(f"SHOW {one}").scalar_one() for one in settings])
        engine.dispose()
    assert seen == [["app", "1min", "90s"], ["app", "7ms", "1s"], ["app", "5s", "90s"]], "what is set here wins"
    with plain.connect() as connection:
        where = text("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename LIKE 'ledger%'")
        assert connection.execute(where).scalars().all() == ["app"]
    assert is_made(url.render_as_string(hide_password=False))


@pytest.mark.postgresql
def test_a_ledger_waits_for_its_server_to_keep_an_entry_even_where_the_role_would_not(postgresql_url: str) -> None:
    url = make_url(postgresql_url).update_query_dict({"options": "-csynchronous_commit=off"})
    ledger = open_store(url.render_as_string(hide_password=False))
    with ledger.engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
    ledger.engine.dispose()


@pytest.mark.mariadb
@pytest.mark.parametrize(
    ("variable", "value"), [("sql_select_limit", 2), ("sql_quote_show_create", 0), ("sql_safe_updates", 1)]
)
def test_what_a_mariadb_server_sets_for_everybody_hides_no_table_and_stops_no_night(
    mariadb_bench: Bench, variable: str, value: int
) -> None:
    mariadb_bench.do(
        [
            "CREATE TABLE log (id INT PRIMARY KEY, seen_on DATE, name VARCHAR(20))",
            "INSERT INTO log VALUES (1, '2020-01-01', 'Kim'), (2, '2020-01-01', 'Lee'), (3, '2020-01-01', 'Oh')",
            "CREATE TABLE orders (id INT PRIMARY KEY, log_id INT, FOREIGN KEY (log_id) REFERENCES log (id)"
            " ON DELETE CASCADE)",
            "INSERT INTO orders VALUES (1, 1)",
            f"SET GLOBAL {variable} = {value}",
        ]
    )
    mariadb_bench.database.engine.dispose()
    masked = mariadb_bench.one_rule(then="anonymize", columns={"name": {"mask": {"first": 1, "last": 0}}})
    try:
        assert mariadb_bench.run(masked, AS_OF)["log"].done == 3
        assert mariadb_bench.run(mariadb_bench.one_rule(), AS_OF)["log"].done == 2
        ledger = open_store(mariadb_bench.url)
        ledger.engine.dispose()
        assert is_made(mariadb_bench.url)
        assert mariadb_bench.all("SELECT id FROM orders") == [(1,)]
    finally:
        mariadb_bench.do([f"SET GLOBAL {variable} = DEFAULT"])


@pytest.mark.mariadb
def test_a_mariadb_urls_own_first_command_is_carried_out(mariadb_url: str) -> None:
    command = "SET lc_time_names = 'ko_KR', sql_select_limit = 1"
    url = make_url(mariadb_url).update_query_dict({"init_command": command, "sql_mode": "ANSI"})
    database = open_database("shop", 0, "shop_db", url)
    ledger = open_store(url.render_as_string(hide_password=False))
    for engine in (database.engine, database.dialect.watch_engine(url), ledger.engine):
        with engine.connect() as connection:
            query = "SELECT @@lc_time_names, @@sql_select_limit > 1, @@sql_mode LIKE '%%ANSI%%'"
            assert connection.exec_driver_sql(query).one() == ("ko_KR", 1, 0)
        engine.dispose()
