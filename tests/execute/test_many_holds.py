"""Holds on very many persons: no statement is too long or too deep for any engine, and none of their rows goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from retention.execute.batch import Batches
from retention.register import Hold
from support.bench import Bench, NoHolds

AS_OF = date(2026, 11, 24)
DUE = "2020-05-05"
HELD, ROWS = 1500, 1600
ITEMS = {"items": {"who": "login", "grade": "grade"}, "not_personal": ["id"]}


class ManyHolds(NoHolds):
    """A register with a hold on each of these subjects."""

    def __init__(self, subjects: Sequence[tuple[str, ...]]) -> None:
        words = {"kind": "subject", "database": "shop", "by": "the officer", "reason": "a case", "since": "2026-11-24"}
        self.holds = [Hold(id=f"h{number}", subject=one, **words) for number, one in enumerate(subjects)]

    def of(self, database: str, identity: str) -> Sequence[Hold]:
        return self.holds


@pytest.mark.parametrize(
    "subject",
    [
        "who",
        *(
            pytest.param(one, marks=pytest.mark.thorough)
            for one in (["who", "grade"], ["who", "seen_on", "grade"], "id")
        ),
    ],
    ids=str,
)
def test_rows_of_very_many_persons_stay(bench: Bench, subject: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """So does one that becomes a held person's while rows go."""
    bench.do(["CREATE TABLE log (id BIGINT PRIMARY KEY, seen_on DATE NOT NULL, who VARCHAR(5), grade INTEGER)"])
    for at in range(0, ROWS, 400):
        some = (f"({n}, '{DUE}', 'w{n}', {n % 7})" for n in range(at, at + 400))
        bench.do([f"INSERT INTO log (id, seen_on, who, grade) VALUES {', '.join(some)}"])
    matrix = bench.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {"shop.log": {"subject": subject, **ITEMS}},
            "rules": [
                {"id": "log", "table": "shop.log", "keep": [{"basis": "one", "since": "seen_on"}], "then": "delete"}
            ],
        }
    )
    carry_out, acted = Batches.carry_out, list[str]()

    def noted(self: Batches, *arguments: Any) -> Any:
        if not acted:
            acted.append("changed")
            bench.do([f"UPDATE log SET who = 'w0', grade = 0 WHERE id = {ROWS - 1}"])
        return carry_out(self, *arguments)

    monkeypatch.setattr(Batches, "carry_out", noted)
    names = subject if isinstance(subject, list) else [subject]
    values = [{"id": str(n), "who": f"w{n}", "grade": str(n % 7), "seen_on": DUE} for n in range(HELD)]
    # What a column can't hold isn't cut off to what it can.
    values.append(dict.fromkeys(("id", "who", "grade", "seen_on"), f"w{ROWS - 2}5"))
    holds = ManyHolds([tuple(one[name] for name in names) for one in values])
    outcome = bench.run(matrix, AS_OF, holds=holds)["log"]
    stays = HELD + (subject != "id")
    assert (outcome.done, outcome.survived, bool(acted)) == (ROWS - stays, stays, True)
    assert bench.all("SELECT count(*), count(CASE WHEN id >= 1500 THEN 1 END) FROM log")[0] == (stays, stays - HELD)
