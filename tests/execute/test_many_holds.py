"""Holds on very many persons: no statement is too long or too deep for any engine, and none of their rows goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from retention.register import Hold
from support.bench import Bench, NoHolds

AS_OF = date(2026, 11, 24)
HELD, ROWS = 1500, 1600
ITEMS = {"items": {"who": "login", "grade": "grade"}, "not_personal": ["id"]}


class ManyHolds(NoHolds):
    """A register with a hold on each of these subjects."""

    def __init__(self, subjects: Sequence[tuple[str, ...]]) -> None:
        words = {"kind": "subject", "database": "shop", "by": "the officer", "reason": "a case", "since": "2026-11-24"}
        self.holds = [Hold(id=f"h{number}", subject=one, **words) for number, one in enumerate(subjects)]

    def of(self, database: str, identity: str) -> Sequence[Hold]:
        return self.holds


@pytest.mark.parametrize("subject", ["who", ["who", "grade"], ["who", "seen_on", "grade"]], ids=len)
def test_rows_of_very_many_persons_stay(bench: Bench, subject: Any) -> None:
    bench.do(["CREATE TABLE log (id BIGINT PRIMARY KEY, seen_on DATE NOT NULL, who VARCHAR(20), grade INTEGER)"])
    for at in range(0, ROWS, 400):
        some = (f"({n}, '2020-05-05', 'w{n}', {n % 7})" for n in range(at, at + 400))
        bench.do([f"INSERT INTO log (id, seen_on, who, grade) VALUES {', '.join(some)}"])
    matrix = bench.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {"shop.log": {"subject": subject, **ITEMS}},
            "rules": [
                {
                    "id": "log",
                    "table": "shop.log",
                    "keep": [{"basis": "one", "since": "seen_on"}],
                    "then": "delete",
                }
            ],
        }
    )
    names = subject if isinstance(subject, list) else [subject]
    values = ({"who": f"w{n}", "grade": str(n % 7), "seen_on": "2020-05-05"} for n in range(HELD))
    holds = ManyHolds([tuple(one[name] for name in names) for one in values])
    outcome = bench.run(matrix, AS_OF, holds=holds)["log"]
    assert (outcome.done, outcome.survived) == (ROWS - HELD, HELD)
    assert bench.all("SELECT count(*), max(id) FROM log")[0] == (HELD, HELD - 1)
