"""Parts of a condition: true of every row that the whole is true of, whatever was left out."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import Column, Date, Integer, MetaData, Table, and_, create_engine, exists, func, not_, select, true

from retention.database.conjuncts import further, said, unchecked
from retention.database.reading import Sql
from retention.database.sqlite import SQLite
from retention.database.texts import IsoShape

T = Table("t", MetaData(), Column("a", Integer), Column("b", Integer), Column("at", Date))


def _written(condition: Sql) -> str:
    return str(condition.compile(compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize(
    ("condition", "known", "left"),
    [
        (and_(T.c.a >= 1, T.c.a < 5), and_(T.c.a >= 1, T.c.a < 9), T.c.a < 5),
        (and_(T.c.a >= 1, and_(T.c.b > 2, T.c.a < 5)), T.c.b > 2, and_(T.c.a >= 1, T.c.a < 5)),
        (and_(T.c.a >= 1, T.c.b >= 1), T.c.b >= 2, and_(T.c.a >= 1, T.c.b >= 1)),
        (T.c.at < date(2020, 1, 1), T.c.at < date(2020, 1, 2), T.c.at < date(2020, 1, 1)),
        (not_(T.c.a > 1), T.c.a > 1, not_(T.c.a > 1)),
        (and_(true(), T.c.a > 1), T.c.a > 1, true()),
    ],
)
def test_what_is_known_is_left_out_and_nothing_else(condition: Sql, known: Sql, left: Sql) -> None:
    assert _written(further(condition, said(known))) == _written(left)


def test_what_is_said_of_one_row_is_not_taken_for_said_of_another() -> None:
    one, other = T.alias(), T.alias()
    assert further(one.c.a > 1, said(other.c.a > 1)) is not true()
    assert "EXISTS" in _written(further(exists().where(one.c.a == T.c.a), said(exists().where(other.c.b == T.c.a))))


def test_a_condition_without_its_checks_is_true_of_more_rows() -> None:
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        T.create(connection)
        connection.exec_driver_sql(
            "INSERT INTO t VALUES (1, 1, '2020-02-28'), (2, 1, '2020-02-30'), (3, 1, '2021-01-01')"
        )
        shape = SQLite().is_iso(SQLite().as_text(T.c.at), IsoShape(has_time=False))
        whole = and_(T.c.b == 1, and_(shape, T.c.at < date(2021, 1, 1)))
        counted = [
            connection.execute(select(func.group_concat(T.c.a)).where(one)).scalar()
            for one in (whole, unchecked(whole))
        ]
    engine.dispose()
    assert counted == ["1", "1,2"]
