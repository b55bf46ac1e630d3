"""How far real replicas are behind, and who waits, as a role sees it that has no more rights than it needs."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, exc, make_url, text
from sqlalchemy.pool import NullPool

from retention.database.connect import Database, open_database
from retention.database.watch import Watch
from retention.errors import DatabaseFault
from support.servers import Server, _as, _postgresql_programs, free_port, mariadb, postgresql


def administer(server: Server) -> Engine:
    return create_engine(server.url, isolation_level="AUTOCOMMIT", poolclass=NullPool)


def do(server: Server, *statements: str) -> None:
    with administer(server).connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def asked(server: Server, user: str, question: Callable[[Database, Connection], Any]) -> Any:
    """What a role learns over a connection for watching."""
    database = open_database("db", 0, "db", make_url(server.url))
    database.close()
    name = "information_schema" if server.name == "mariadb" else "postgres"
    url = make_url(server.url).set(username=user, database=name)
    watch = Watch("replica", lambda: database.dialect.watch_engine(url))
    try:
        return watch.ask(lambda connection: question(database, connection))
    finally:
        watch.close()


def lag(server: Server, user: str) -> Any:
    return asked(server, user, lambda database, connection: database.dialect.replica_lag(connection))


def rows(server: Server) -> int:
    with administer(server).connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM t")).scalar_one())


def soon(seen: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """What is seen at last, once it is as wanted, or after ten seconds."""
    until = time.monotonic() + 10
    while not wanted(found := seen()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


@pytest.fixture
def mariadb_replica(mariadb_server: Server) -> Iterator[Server]:
    replica = mariadb()
    replica.command = [one.replace("--server-id=1", "--server-id=2") for one in replica.command]
    try:
        replica.start()
        do(replica, "CREATE USER watcher@'%'")
        yield replica
    finally:
        replica.stop()


@pytest.mark.mariadb
@pytest.mark.slow
def test_a_mariadb_replica_says_how_far_it_is_behind(mariadb_server: Server, mariadb_replica: Server) -> None:
    with pytest.raises(DatabaseFault, match="refused with"):
        lag(mariadb_replica, "watcher")
    do(mariadb_replica, "GRANT REPLICA MONITOR ON *.* TO watcher@'%'")
    assert lag(mariadb_replica, "watcher") is None, "it follows nobody"
    do(mariadb_server, "CREATE USER follower@'%' IDENTIFIED BY 'x'", "GRANT REPLICATION SLAVE ON *.* TO follower@'%'")
    with administer(mariadb_server).connect() as connection:
        here = connection.execute(text("SELECT @@gtid_current_pos")).scalar_one()
    try:
        do(
            mariadb_replica,
            f"SET GLOBAL gtid_slave_pos = '{here}'",
            f"CHANGE MASTER TO master_host = '127.0.0.1', master_port = {mariadb_server.port}, "
            "master_user = 'follower', master_password = 'x', master_use_gtid = slave_pos",
        )
        assert lag(mariadb_replica, "watcher") is None, "it has stopped to follow"
        do(mariadb_replica, "START SLAVE")
        assert soon(lambda: lag(mariadb_replica, "watcher"), lambda found: found == 0) == 0
        do(mariadb_replica, "STOP SLAVE", "CHANGE MASTER TO master_delay = 60", "START SLAVE")
        do(mariadb_server, "CREATE DATABASE to_be_replayed", "DROP DATABASE to_be_replayed")
        assert soon(lambda: lag(mariadb_replica, "watcher"), lambda found: found and found >= 2) >= 2
    finally:
        do(mariadb_server, "DROP USER follower@'%'")


@pytest.mark.mariadb
def test_who_waits_is_seen_with_the_right_to_see_it(mariadb_server: Server) -> None:
    def waiting() -> Any:
        return asked(mariadb_server, "looker", lambda database, connection: database.dialect.waiting(connection, 1))

    do(mariadb_server, "CREATE USER looker@'%'")
    try:
        with pytest.raises(DatabaseFault, match="refused with"):
            waiting()
        do(mariadb_server, "GRANT PROCESS ON *.* TO looker@'%'")
        assert waiting() == 0
    finally:
        do(mariadb_server, "DROP USER looker@'%'")


@pytest.fixture
def postgresql_pair() -> Iterator[tuple[Server, Server]]:
    primary = postgresql()
    replica: Server | None = None
    try:
        primary.start()
        do(primary, "CREATE ROLE watcher LOGIN", "CREATE TABLE t (x INTEGER)")
        folder = primary.folder / "replica"
        folder.mkdir()
        data, port = folder / "data", free_port()
        programs = _postgresql_programs()
        copy = [str(programs / "pg_basebackup"), "-h", "127.0.0.1", "-p", str(primary.port), "-U", "retention"]
        if _as("postgres"):
            subprocess.run(["chown", "postgres", str(folder)], check=True)
        subprocess.run([*_as("postgres"), *copy, "-D", str(data), "-R", "-c", "fast"], check=True, capture_output=True)
        replica = _replica(primary, folder, data, port, programs)
        replica.start()
        yield primary, replica
    finally:
        if replica is not None:
            replica.stop()
        primary.stop()


def _replica(primary: Server, folder: Path, data: Path, port: int, programs: Path) -> Server:
    with (data / "postgresql.conf").open("a") as file:
        file.write(f"port = {port}\n")
    url = make_url(primary.url).set(port=port).render_as_string(hide_password=False)

    def answers() -> bool:
        try:
            create_engine(url, poolclass=NullPool).connect().close()
        except exc.OperationalError:
            return False
        return True

    command = [*_as("postgres"), str(programs / "postgres"), "-D", str(data)]
    return Server("postgresql", folder, port, command, answers, url)


@pytest.mark.postgresql
@pytest.mark.slow
def test_a_postgresql_replica_says_how_far_it_is_behind(postgresql_pair: tuple[Server, Server]) -> None:
    primary, replica = postgresql_pair
    assert lag(primary, "watcher") is None, "it follows nobody"
    assert soon(lambda: lag(replica, "watcher"), lambda found: found == 0) == 0
    do(primary, "INSERT INTO t VALUES (0)")
    # Until it has replayed one it can't tell the age of any.
    assert soon(lambda: rows(replica), lambda found: found == 1) == 1
    assert soon(lambda: lag(replica, "watcher"), lambda found: found == 0) == 0
    do(replica, "ALTER SYSTEM SET recovery_min_apply_delay = '60s'", "SELECT pg_reload_conf()")
    time.sleep(0.5)
    do(primary, "INSERT INTO t VALUES (1)")
    assert soon(lambda: lag(replica, "watcher"), lambda found: (found or 0) >= 1) >= 1
    do(replica, "ALTER SYSTEM SET recovery_min_apply_delay = 0", "SELECT pg_reload_conf()")
    assert soon(lambda: lag(replica, "watcher"), lambda found: found == 0) == 0, "an idle primary is no lag"
    do(replica, "ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()")
    assert soon(lambda: lag(replica, "watcher"), lambda found: found is None) is None, "nobody receives"


@pytest.mark.postgresql
def test_a_role_without_rights_sees_who_waits_for_it(postgresql_url: str, postgresql_server: Server) -> None:
    engine = create_engine(postgresql_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x INTEGER)")
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    def other() -> None:
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE t SET x = 2")

    do(postgresql_server, "CREATE ROLE looker LOGIN")
    try:
        with engine.begin() as holder:
            session = holder.execute(text("SELECT pg_backend_pid()")).scalar_one()
            holder.exec_driver_sql("UPDATE t SET x = 3")

            def waiting() -> Any:
                return asked(postgresql_server, "looker", lambda db, one: db.dialect.waiting(one, session))

            assert waiting() == 0
            thread = threading.Thread(target=other)
            thread.start()
            assert soon(waiting, lambda found: found == 1) == 1
        thread.join(10)
    finally:
        do(postgresql_server, "DROP ROLE looker")
