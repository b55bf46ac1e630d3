"""What the product is measured against: one statement by hand, the ORM row by row, Faker row by row, a partition drop.

A rival that would take hours is tried on a sample; its figure says of how many rows it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from faker import Faker
from sqlalchemy import MetaData, Select, Table, create_engine, select, text
from sqlalchemy.orm import Session, registry
from sqlalchemy.pool import NullPool

from benching.contest import Broken, Figure
from benching.places import connected
from benching.shapes import CUTOFF, Shape

SAMPLE, OBJECTS = 2000, 500
_ENOUGH = 5.0


def by_hand(shape: Shape, engine_name: str) -> Callable[[str, int], Figure]:
    """Return the contestant that gives the one statement in one transaction."""

    def contestant(url: str, expected: int) -> Figure:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            started = time.monotonic()
            changed = connection.exec_driver_sql(shape.by_hand(engine_name)).rowcount
            connection.commit()
            ended = time.monotonic()
        # A cascade isn't counted by the statement that sets it off.
        if changed > expected or (changed < expected and shape.names[1:] == ()):
            raise Broken(f"the statement by hand took {changed} rows of {expected}")
        return Figure(expected, ended - started, (ended - started) * 1000, started, ended)

    return contestant


def orm(url: str, expected: int) -> Figure:
    """Delete rows of the login log as objects, a commit for each: what code that follows a tutorial does."""
    engine = create_engine(url)
    mapper = registry()
    table = Table("login_log", MetaData(), autoload_with=engine)
    login = type("Login", (), {})
    mapper.map_imperatively(login, table)
    with Session(engine, expire_on_commit=False) as session:
        due: Select[Any] = select(login).where(table.c.logged_in_at < CUTOFF).order_by(table.c.id)
        started = time.monotonic()
        done, ended = 0, started
        for one in session.scalars(due.limit(min(OBJECTS, expected))).all():
            session.delete(one)
            session.commit()
            done, ended = done + 1, time.monotonic()
            if ended - started > _ENOUGH:
                break
    engine.dispose()
    return Figure(done, ended - started, None, started, ended)


def faker(url: str, expected: int) -> Figure:
    """Change members one by one to what Faker draws for each value, in one transaction."""
    fake = Faker("ko_KR", use_weighting=False)
    fake.seed_instance(1)
    update = text(
        "UPDATE member SET name = :name, mobile = :mobile, email = :email, address = :address, "
        "birth_date = :birth_date, changed_at = :now WHERE id = :id"
    )
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        started = time.monotonic()
        due = text("SELECT id FROM member WHERE left_at < :cutoff ORDER BY id LIMIT :most")
        ids = connection.execute(due, {"cutoff": CUTOFF, "most": min(SAMPLE, expected)}).scalars().all()
        for one in ids:
            values: dict[str, Any] = {
                "name": fake.name(),
                "mobile": fake.phone_number(),
                "email": fake.email(),
                "address": fake.address(),
                "birth_date": fake.date_of_birth(),
            }
            connection.execute(update, {**values, "now": CUTOFF, "id": one})
    ended = time.monotonic()
    return Figure(len(ids), ended - started, None, started, ended)


def partition_drop(url: str, expected: int) -> Figure:
    """Move the log into ten partitions of lapsed rows and one of living ones, and time the drop of those ten.

    PostgreSQL only; making the partitions isn't timed.
    """
    names = [f"login_part_{number}" for number in range(10)]
    with connected(url) as connection:
        low = connection.execute(text("SELECT min(logged_in_at) FROM login_log")).scalar_one()
        width = (CUTOFF - low) / len(names)
        connection.exec_driver_sql(
            "CREATE TABLE login_part (LIKE login_log INCLUDING DEFAULTS) PARTITION BY RANGE (logged_in_at)"
        )
        edges = [low + width * number for number in range(len(names))] + [CUTOFF]
        for name, begin, end in zip(names, edges[:-1], edges[1:], strict=True):
            bounds = f"FROM ('{begin}') TO ('{end}')"
            connection.exec_driver_sql(f"CREATE TABLE {name} PARTITION OF login_part FOR VALUES {bounds}")
        connection.exec_driver_sql("CREATE TABLE login_part_living PARTITION OF login_part DEFAULT")
        connection.exec_driver_sql("INSERT INTO login_part SELECT * FROM login_log")
        connection.exec_driver_sql("CREATE INDEX ON login_part (logged_in_at)")
        connection.exec_driver_sql("ALTER TABLE login_part ADD PRIMARY KEY (id, logged_in_at)")
        longest, started = 0.0, time.monotonic()
        for name in names:
            before = time.monotonic()
            connection.exec_driver_sql(f"DROP TABLE {name}")
            longest = max(longest, time.monotonic() - before)
        ended = time.monotonic()
    return Figure(expected, ended - started, longest * 1000, started, ended)
