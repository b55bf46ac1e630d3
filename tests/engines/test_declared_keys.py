"""Foreign keys as an engine reads them: in another case, of unlike types, to a partition, emptying some columns."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from support.bench import Bench, states

AS_OF = date(2026, 11, 24)
BASES = {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}}


def _members(bench: Bench, table: str = "member", relations: Any = ()) -> Any:
    """Return a matrix that destroys the rows of one table; orders have no rule, and stay."""
    return bench.matrix(
        {
            "legal_bases": BASES,
            "tables": {f"shop.{table}": {"none": "t"}, "shop.orders": {"none": "t", "relations": list(relations)}},
            "rules": [
                {
                    "id": "members",
                    "table": f"shop.{table}",
                    "keep": [{"basis": "one", "since": "seen_on"}],
                    "then": "delete",
                }
            ],
        }
    )


def _keeps(bench: Bench, matrix: Any, stays: int, total: int) -> None:
    (rule,) = bench.plan(matrix, AS_OF).rules
    assert states(rule) == {"due": total - stays, "referenced": stays}
    assert bench.run(matrix, AS_OF)["members"].done == total - stays
    assert bench.all("SELECT count(*) FROM orders") == [(stays,)]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("member", "FOREIGN KEY (MEMBER_ID) REFERENCES Member (ID) ON DELETE CASCADE"),
        ("member", "FOREIGN KEY (Member_Id) REFERENCES member (id) ON DELETE CASCADE"),
        ("Member", "FOREIGN KEY (member_id) REFERENCES member ON DELETE CASCADE"),
    ],
    ids=["table and columns", "columns", "implied"],
)
def test_sqlite_looks_at_no_case_of_a_name(sqlite_bench: Bench, table: str, key: str) -> None:
    sqlite_bench.do(
        [
            f'CREATE TABLE "{table}" (id INTEGER PRIMARY KEY, seen_on DATE)',
            f"CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER, {key})",
            f"INSERT INTO \"{table}\" VALUES (1, '2020-01-01'), (2, '2020-01-01')",
            "INSERT INTO orders VALUES (10, 1)",
        ]
    )
    _keeps(sqlite_bench, _members(sqlite_bench, table), 1, 2)


def test_sqlite_compares_references_by_the_parents_collation_and_texts_with_numbers(sqlite_bench: Bench) -> None:
    sqlite_bench.do(
        [
            """CREATE TABLE member (id INTEGER PRIMARY KEY, loose TEXT COLLATE NOCASE UNIQUE,
               padded TEXT COLLATE RTRIM UNIQUE, digits TEXT UNIQUE, seen_on DATE)""",
            """CREATE TABLE orders (id INTEGER PRIMARY KEY, member TEXT REFERENCES member ON DELETE CASCADE,
               loose TEXT REFERENCES member (loose) ON DELETE CASCADE,
               padded TEXT COLLATE NOCASE REFERENCES member (padded) ON DELETE CASCADE,
               digits INTEGER REFERENCES member (digits) ON DELETE CASCADE)""",
            """INSERT INTO member VALUES (1, 'Kim', 'kim', 'k', '2020-01-01'), (2, 'Lee', 'lee', '7', '2020-01-01'),
               (3, 'Han', 'han', 'h', '2020-01-01'), (4, 'Oh', 'OH', 'o', '2020-01-01'),
               (7, 'Yu', 'oh', 'y', '2020-01-01')""",
            """INSERT INTO orders VALUES (1, '007', NULL, NULL, NULL), (2, NULL, 'KIM', NULL, NULL),
               (3, NULL, NULL, 'OH  ', NULL), (4, NULL, NULL, NULL, 7)""",
        ]
    )
    _keeps(sqlite_bench, _members(sqlite_bench), 4, 5)
    assert sqlite_bench.all("SELECT id FROM member WHERE loose = 'Han'") == []


@pytest.mark.postgresql
def test_a_key_compares_by_its_own_operator_and_its_parents_collation(postgresql_bench: Bench) -> None:
    postgresql_bench.do(
        [
            "CREATE COLLATION loosely (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            "CREATE DOMAIN seven AS INTEGER",
            """CREATE TABLE member (padded CHAR(5) PRIMARY KEY, loose TEXT COLLATE loosely UNIQUE,
               number NUMERIC(10, 2) UNIQUE, day TIMESTAMP UNIQUE, seen_on DATE)""",
            """CREATE TABLE orders (id INTEGER PRIMARY KEY, padded TEXT REFERENCES member ON DELETE CASCADE,
               loose VARCHAR(9) REFERENCES member (loose) ON DELETE CASCADE,
               number seven REFERENCES member (number) ON DELETE CASCADE,
               day DATE REFERENCES member (day) ON DELETE CASCADE)""",
            """INSERT INTO member VALUES ('a', 'Kim', 1, '2020-01-01', '2020-01-01'),
               ('b', 'Lee', 2, '2020-01-02', '2020-01-01'), ('c', 'Han', 3, '2020-01-03', '2020-01-01'),
               ('d', 'Oh', 4, '2020-01-04', '2020-01-01'), ('e', 'Yu', 5, '2020-01-05', '2020-01-01')""",
            """INSERT INTO orders VALUES (1, 'a ', NULL, NULL, NULL), (2, NULL, 'LEE', NULL, NULL),
               (3, NULL, NULL, 3, NULL), (4, NULL, NULL, NULL, '2020-01-04')""",
        ]
    )
    _keeps(postgresql_bench, _members(postgresql_bench), 4, 5)


@pytest.mark.postgresql
def test_a_key_that_refers_to_a_partition_alone_holds_rows_of_the_whole_table(postgresql_bench: Bench) -> None:
    postgresql_bench.do(
        [
            "CREATE TABLE member (id INTEGER PRIMARY KEY, seen_on DATE) PARTITION BY RANGE (id)",
            "CREATE TABLE member_p1 PARTITION OF member FOR VALUES FROM (0) TO (100)",
            "CREATE TABLE member_p2 PARTITION OF member FOR VALUES FROM (100) TO (200)",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES member_p1 ON DELETE CASCADE)",
            "INSERT INTO member VALUES (1, '2020-01-01'), (2, '2020-01-01'), (101, '2020-01-01')",
            "INSERT INTO orders VALUES (10, 1)",
        ]
    )
    _keeps(postgresql_bench, _members(postgresql_bench), 1, 3)


@pytest.mark.postgresql
def test_a_key_of_a_partitioned_table_is_one_relation(postgresql_bench: Bench) -> None:
    postgresql_bench.do(
        [
            "CREATE TABLE member (id INTEGER PRIMARY KEY, seen_on DATE) PARTITION BY RANGE (id)",
            "CREATE TABLE member_p1 PARTITION OF member FOR VALUES FROM (0) TO (100)",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, member_id INTEGER REFERENCES member (id))",
        ]
    )
    assert [str(one) for one in postgresql_bench.bind(_members(postgresql_bench)).graph.relations] == [
        "orders(member_id) -> member(id)"
    ]


@pytest.mark.postgresql
def test_a_key_that_empties_some_of_its_columns_may_be_detached(postgresql_bench: Bench) -> None:
    if postgresql_bench.all("SHOW server_version_num")[0][0] < "150000":
        pytest.skip("PostgreSQL 15 and later")
    postgresql_bench.do(
        [
            "CREATE TABLE member (shop INTEGER, id INTEGER, seen_on DATE, PRIMARY KEY (shop, id))",
            """CREATE TABLE orders (id INTEGER PRIMARY KEY, shop INTEGER NOT NULL, member_id INTEGER,
               FOREIGN KEY (shop, member_id) REFERENCES member (shop, id) ON DELETE SET NULL (member_id))""",
            "INSERT INTO member VALUES (1, 1, '2020-01-01')",
            "INSERT INTO orders VALUES (10, 1, 1)",
        ]
    )
    relation = {
        "columns": ["shop", "member_id"],
        "to": "shop.member",
        "to_columns": ["shop", "id"],
        "detach": True,
    }
    assert postgresql_bench.run(_members(postgresql_bench, relations=[relation]), AS_OF)["members"].done == 1
    assert postgresql_bench.all("SELECT shop, member_id FROM orders") == [(1, None)]
