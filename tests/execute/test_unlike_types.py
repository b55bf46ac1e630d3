"""Relations between columns of unlike types: a run compares them as a plan does, and '007' is not 7 on any engine."""

from __future__ import annotations

from datetime import date

import pytest

from support.bench import Bench, OneHold

AS_OF = date(2026, 3, 2)
BASES = {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}}
KEEP = [{"basis": "one", "since": "seen_on"}]
TABLES = (
    "CREATE TABLE pay (id INTEGER PRIMARY KEY, seen_on DATE)",
    "CREATE TABLE card (id INTEGER PRIMARY KEY, pay_ref VARCHAR(20), login VARCHAR(20), seen_on DATE)",
    "CREATE TABLE slip (id INTEGER PRIMARY KEY, card_id INTEGER NOT NULL)",
    "INSERT INTO pay VALUES (7, '2020-01-01'), (8, '2026-01-01')",
    "INSERT INTO card VALUES (1, '7', 'kim', '2020-01-01'), (2, '007', 'lee', '2020-01-01'), (3, '8', 'kim', NULL)",
    "INSERT INTO slip VALUES (10, 1), (20, 2), (30, 3)",
)
CARDS = {"columns": ["pay_ref"], "to": "shop.pay", "to_columns": ["id"], "name": "cards"}
SLIPS = {"columns": ["card_id"], "to": "shop.card", "to_columns": ["id"], "name": "slips"}


@pytest.fixture
def bench(bench: Bench) -> Bench:
    bench.do(TABLES)
    return bench


def _left(bench: Bench) -> list[list[int]]:
    return [[row[0] for row in bench.all(f"SELECT id FROM {one} ORDER BY id")] for one in ("pay", "card", "slip")]


def test_only_parts_that_are_equal_as_texts_go(bench: Bench) -> None:
    matrix = bench.matrix(
        {
            "legal_bases": BASES,
            "tables": {
                "shop.pay": {"none": "t"},
                "shop.card": {"relations": [CARDS]},
                "shop.slip": {"relations": [SLIPS]},
            },
            "rules": [
                {
                    "id": "pay",
                    "table": "shop.pay",
                    "keep": KEEP,
                    "then": "delete",
                    "with": [
                        {
                            "table": "shop.card",
                            "relation": "cards",
                            "with": [{"table": "shop.slip", "relation": "slips"}],
                        }
                    ],
                }
            ],
        }
    )
    outcome = bench.run(matrix, AS_OF)["pay"]
    assert (outcome.done, outcome.parts) == (1, {"shop.card": 1, "shop.slip": 1})
    assert _left(bench) == [[8], [2, 3], [20, 30]]


@pytest.mark.thorough
def test_a_hold_reaches_only_rows_whose_subject_is_found_by_the_same_text(bench: Bench) -> None:
    """The subject of a card is its payer: over the number, the card '007' would be the held payer's as well."""
    bench.do(["ALTER TABLE pay ADD COLUMN payer VARCHAR(20)", "UPDATE pay SET payer = 'kim' WHERE id = 7"])
    matrix = bench.matrix(
        {
            "legal_bases": BASES,
            "tables": {
                "shop.pay": {"subject": "payer"},
                "shop.card": {"relations": [CARDS], "subject": {"via": ["cards"], "column": "payer"}},
            },
            "rules": [{"id": "card", "table": "shop.card", "keep": KEEP, "then": "delete"}],
        }
    )
    held = OneHold(there=True, kind="subject", subject=("kim",))
    outcome = bench.run(matrix, AS_OF, holds=held)["card"]
    assert (outcome.done, outcome.survived) == (1, 1)
    assert [row[0] for row in bench.all("SELECT id FROM card ORDER BY id")] == [1, 3]


def test_a_part_is_found_as_its_declared_key_finds_it(sqlite_bench: Bench) -> None:
    """The cascade of 'ABC' takes 'abc' and not 'abd': so a hold on it holds both, and without one it is counted."""
    sqlite_bench.do(
        [
            "CREATE TABLE pay (id TEXT COLLATE NOCASE PRIMARY KEY, seen_on DATE)",
            """CREATE TABLE card (id INTEGER PRIMARY KEY, login TEXT,
               pay_id TEXT REFERENCES pay (id) ON DELETE CASCADE)""",
            "INSERT INTO pay VALUES ('ABC', '2020-01-01'), ('ABD', '2020-01-01')",
            "INSERT INTO card VALUES (1, 'kim', 'abc'), (2, 'lee', 'abd')",
        ]
    )
    matrix = sqlite_bench.matrix(
        {
            "legal_bases": BASES,
            "tables": {"shop.pay": {"none": "t"}, "shop.card": {"subject": "login"}},
            "rules": [{"id": "pay", "table": "shop.pay", "keep": KEEP, "then": "delete", "with": ["shop.card"]}],
        }
    )
    outcome = sqlite_bench.run(matrix, AS_OF, holds=OneHold(there=True, kind="subject", subject=("kim",)))["pay"]
    assert (outcome.done, outcome.parts) == (1, {"shop.card": 1})
    assert sqlite_bench.all("SELECT pay.id, card.id FROM pay, card") == [("ABC", 1)]
