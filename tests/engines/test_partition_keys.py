"""Foreign keys that stand on partitions of the referring table alone: they are taken for the whole table's."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from support.bench import Bench, states

pytestmark = pytest.mark.postgresql

AS_OF = date(2026, 11, 24)
BASES = {
    "one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False},
    "ten": {"statute": "s", "article": "b", "keep": "P10Y", "roll_holidays": False},
}
MADE = (
    "CREATE TABLE member (id INTEGER PRIMARY KEY, seen_on DATE)",
    "CREATE TABLE log (id INTEGER, member_id INTEGER, at DATE, PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
    "CREATE TABLE log_p1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    """CREATE TABLE log_p2 PARTITION OF log FOR VALUES FROM ('2021-01-01') TO ('2023-01-01')
       PARTITION BY RANGE (at)""",
    "CREATE TABLE log_p2a PARTITION OF log_p2 FOR VALUES FROM ('2021-01-01') TO ('2022-01-01')",
    "CREATE TABLE log_p2b PARTITION OF log_p2 FOR VALUES FROM ('2022-01-01') TO ('2023-01-01')",
    "INSERT INTO member VALUES (1, '2020-01-01'), (2, '2020-01-01'), (3, '2020-01-01')",
    "INSERT INTO log VALUES (10, 1, '2020-05-05'), (11, 2, '2021-05-05')",
)


def _key(table: str, action: str) -> str:
    return f"ALTER TABLE {table} ADD FOREIGN KEY (member_id) REFERENCES member {action}"


def _matrix(bench: Bench, *, kept: bool = False, **flags: Any) -> Any:
    """Return a matrix that destroys members; logs have a rule that keeps them, or none."""
    relations = [{"columns": ["member_id"], "to": "shop.member", "to_columns": ["id"], **flags}] if flags else []
    rules = [
        {"id": "members", "table": "shop.member", "keep": [{"basis": "one", "since": "seen_on"}], "then": "delete"},
        {"id": "logs", "table": "shop.log", "keep": [{"basis": "ten", "since": "at"}], "then": "delete"},
    ]
    tables = {"shop.member": {"none": "t"}, "shop.log": {"none": "t", "relations": relations}}
    return bench.matrix(
        {
            "legal_bases": BASES if kept else {"one": BASES["one"]},
            "tables": tables if kept or flags else {"shop.member": {"none": "t"}},
            "rules": rules if kept else rules[:1],
        }
    )


def _relations(bench: Bench, matrix: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(str(one), one.on_delete, one.partitions) for one in bench.bind(matrix).graph.relations]


def _stays(bench: Bench, matrix: Any) -> None:
    members = next(one for one in bench.plan(matrix, AS_OF).rules if one.id == "members")
    assert states(members) == {"due": 1, "referenced": 2}
    assert bench.run(matrix, AS_OF)["members"].done == 1
    assert bench.all("SELECT id, member_id FROM log ORDER BY id") == [(10, 1), (11, 2)]
    assert bench.all("SELECT id FROM member ORDER BY id") == [(1,), (2,)]


@pytest.mark.parametrize("kept", [True, False], ids=["under a rule that keeps them", "of a table that nobody names"])
@pytest.mark.parametrize(
    ("table", "action"),
    [
        ("log_p1", "ON DELETE CASCADE"),
        ("log_p1", "ON DELETE SET NULL"),
        ("log_p2", "ON DELETE CASCADE"),
        ("log_p2a", "ON DELETE CASCADE"),
    ],
)
def test_rows_of_a_table_one_of_whose_partitions_has_a_key_hold_what_they_refer_to(
    postgresql_bench: Bench, table: str, action: str, kept: bool
) -> None:
    postgresql_bench.do([*MADE, _key(table, action)])
    _stays(postgresql_bench, _matrix(postgresql_bench, kept=kept))


def test_a_partition_in_another_schema_has_keys_too(postgresql_bench: Bench) -> None:
    moved = ["CREATE SCHEMA old", "ALTER TABLE log_p1 SET SCHEMA old", _key("old.log_p1", "ON DELETE CASCADE")]
    postgresql_bench.do([*MADE, *moved])
    _stays(postgresql_bench, _matrix(postgresql_bench))


def test_a_key_of_a_partition_compares_by_its_own_operator(postgresql_bench: Bench) -> None:
    postgresql_bench.do(
        [
            "CREATE COLLATION loosely (provider = icu, locale = 'und-u-ks-level2', deterministic = false)",
            "CREATE TABLE member (id TEXT COLLATE loosely PRIMARY KEY, seen_on DATE)",
            "CREATE TABLE log (id INTEGER, member_id TEXT, at DATE) PARTITION BY RANGE (at)",
            "CREATE TABLE log_p1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
            _key("log_p1", "ON DELETE CASCADE"),
            "INSERT INTO member VALUES ('kim', '2020-01-01'), ('lee', '2020-01-01')",
            "INSERT INTO log VALUES (1, 'KIM', '2020-05-05')",
        ]
    )
    assert postgresql_bench.run(_matrix(postgresql_bench), AS_OF)["members"].done == 1
    assert postgresql_bench.all("SELECT member_id FROM log") == [("KIM",)]


def test_what_partitions_have_alike_is_one_relation(postgresql_bench: Bench) -> None:
    cascades = [_key(table, "ON DELETE CASCADE") for table in ("log_p1", "log_p2a")]
    postgresql_bench.do([*MADE, *cascades, _key("log_p2b", "ON DELETE SET NULL")])
    joins = "log(member_id) -> member(id)"
    assert sorted(_relations(postgresql_bench, _matrix(postgresql_bench))) == [
        (joins, "CASCADE", ("log_p1", "log_p2a")),
        (joins, "SET NULL", ("log_p2b",)),
    ]


def test_a_key_of_a_partition_that_only_refuses_is_not_the_tables_unless_the_matrix_says_so(
    postgresql_bench: Bench,
) -> None:
    postgresql_bench.do([*MADE, _key("log_p1", "")])
    assert not _relations(postgresql_bench, _matrix(postgresql_bench))
    with pytest.raises(AssertionError, match="log_p1_member_id_fkey"):
        postgresql_bench.run(_matrix(postgresql_bench), AS_OF)
    assert postgresql_bench.all("SELECT id FROM member") == [(1,)]
    matrix = _matrix(postgresql_bench, detach=False)
    assert _relations(postgresql_bench, matrix) == [("log(member_id) -> member(id)", "NO ACTION", ())]
    assert postgresql_bench.run(matrix, AS_OF)["members"].status == "nothing"


def test_a_key_that_the_table_has_is_no_partitions_own(postgresql_bench: Bench) -> None:
    postgresql_bench.do([*MADE, _key("log_p1", "ON DELETE CASCADE"), _key("log", "ON DELETE CASCADE")])
    assert _relations(postgresql_bench, _matrix(postgresql_bench)) == [("log(member_id) -> member(id)", "CASCADE", ())]


def test_a_key_between_partitioned_tables_is_one_relation(postgresql_bench: Bench) -> None:
    parted = "CREATE TABLE member (id INTEGER PRIMARY KEY, seen_on DATE) PARTITION BY RANGE (id)"
    part = "CREATE TABLE member_p1 PARTITION OF member FOR VALUES FROM (0) TO (100)"
    postgresql_bench.do(
        [parted, part, *MADE[1:], _key("log_p2", "ON DELETE SET NULL"), _key("log_p1", "ON DELETE CASCADE")]
    )
    assert sorted(_relations(postgresql_bench, _matrix(postgresql_bench))) == [
        ("log(member_id) -> member(id)", "CASCADE", ("log_p1",)),
        ("log(member_id) -> member(id)", "SET NULL", ("log_p2", "log_p2a", "log_p2b")),
    ]


@pytest.mark.parametrize("flags", [{"detach": True}, {"holds": False}])
@pytest.mark.parametrize("action", ["ON DELETE SET NULL", "ON DELETE CASCADE"])
def test_a_key_of_a_partition_lets_go_of_nothing_as_the_other_rows_would_still_refer(
    postgresql_bench: Bench, action: str, flags: dict[str, Any]
) -> None:
    postgresql_bench.do([*MADE, _key("log_p1", action)])
    _stays(postgresql_bench, _matrix(postgresql_bench, **flags))


def test_a_key_that_the_table_has_may_be_detached_in_every_partition(postgresql_bench: Bench) -> None:
    postgresql_bench.do([*MADE, _key("log", "ON DELETE SET NULL")])
    assert postgresql_bench.run(_matrix(postgresql_bench, detach=True), AS_OF)["members"].done == 3
    assert postgresql_bench.all("SELECT id, member_id FROM log ORDER BY id") == [(10, None), (11, None)]


@pytest.mark.parametrize("others", [(), (_key("log_p2a", "ON DELETE SET NULL"),)], ids=["one key", "unlike keys"])
def test_rows_of_every_partition_go_with_their_record_whichever_has_the_key(
    postgresql_bench: Bench, others: tuple[str, ...]
) -> None:
    postgresql_bench.do([*MADE, _key("log_p1", "ON DELETE CASCADE"), *others])
    rule = {
        "id": "members",
        "table": "shop.member",
        "keep": [
            {"basis": "one", "since": "seen_on"},
            {"basis": "one", "since": {"latest_of": ["shop.log"], "column": "at"}, "when_null": "not_applicable"},
        ],
        "then": "delete",
        "with": ["shop.log"],
    }
    tables = {"shop.member": {"none": "t"}, "shop.log": {"none": "t"}}
    matrix = postgresql_bench.matrix({"legal_bases": {"one": BASES["one"]}, "tables": tables, "rules": [rule]})
    outcome = postgresql_bench.run(matrix, AS_OF)["members"]
    assert (outcome.done, dict(outcome.parts)) == (3, {"shop.log": 2})
    assert postgresql_bench.all("SELECT count(*) FROM log") == [(0,)]


def test_a_key_of_a_table_that_inherits_another_is_its_own(postgresql_bench: Bench) -> None:
    postgresql_bench.do(
        [
            MADE[0],
            "CREATE TABLE log (id INTEGER PRIMARY KEY, member_id INTEGER, at DATE)",
            "CREATE TABLE log_old (PRIMARY KEY (id)) INHERITS (log)",
            "CREATE TABLE log_older (PRIMARY KEY (id)) INHERITS (log_old)",
            _key("log_old", "ON DELETE CASCADE"),
            _key("log_older", "ON DELETE CASCADE"),
            MADE[-2],
            "INSERT INTO log_old VALUES (10, 1, '2020-05-05')",
            "INSERT INTO log_older VALUES (11, 2, '2020-05-05')",
        ]
    )
    _stays(postgresql_bench, _matrix(postgresql_bench))
