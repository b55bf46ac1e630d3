"""A filter that an index can be sought by passes the very rows that the condition it was made of is true of."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Table,
    and_,
    create_engine,
    false,
    insert,
    not_,
    or_,
    select,
    true,
)

from retention.database.reading import Sql
from retention.database.seekable import seekable
from retention.plan.clocks import sure

VALUES = (None, 0, 1, 2)
ROWS = Table("row", MetaData(), *(Column(name, Integer) for name in "abc"))


@pytest.fixture(scope="module")
def rows() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        ROWS.create(connection)
        connection.execute(
            insert(ROWS), [dict(zip("abc", one, strict=True)) for one in itertools.product(VALUES, repeat=3)]
        )
        yield connection


def _said(chance: random.Random, depth: int) -> Sql:
    """Return any condition of those that clocks are described by."""
    column, value = ROWS.c[chance.choice("abc")], chance.choice(VALUES[1:])
    if not depth:
        return chance.choice(
            (
                column < value,
                column <= value,
                column > value,
                column >= value,
                column == value,
                column != value,
                column.is_(None),
                column.is_not(None),
                column < ROWS.c[chance.choice("abc")],
                true(),
                false(),
            )
        )
    some = [_said(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    return chance.choice((and_(true(), *some), or_(false(), *some), sure(some[0]), not_(sure(some[0])), not_(some[0])))


def test_it_passes_the_same_rows(rows: Connection) -> None:
    for seed in range(300):
        condition = _said(random.Random(seed), 4)
        found = {tuple(row) for row in rows.execute(select(ROWS).where(condition))}
        assert {tuple(row) for row in rows.execute(select(ROWS).where(seekable(condition)))} == found, seed


def test_a_denied_comparison_becomes_another_one_of_the_column_itself() -> None:
    clock = ROWS.c.a
    unreadable = sure(not_(sure(and_(clock >= 1, clock.is_not(None)))))
    assert str(seekable(unreadable)) == "row.a < :a_1 OR row.a IS NULL OR row.a IS NULL"
