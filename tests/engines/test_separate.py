"""분리보관 on every engine: rows are moved with their parts to where they are kept apart, once, unchanged, or stay."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, exc

from plan.steps import Steps, ledger_in
from support.doomed import STEPS, start
from support.engines import SERVERS
from support.kept_apart import LATER, MATRIX, NIGHT, everything, make_payments, pay
from support.schemas import valid
from support.shop import Called, Shop

OLD, RECENT, YOUNG = "2024-05-01", "2020-03-01", "2024-06-01"


@contextmanager
def nights(shop: Shop) -> Iterator[Steps]:
    """Give nights over the shop without their quality checks."""
    with ledger_in(shop.folder) as ledger:
        yield Steps(shop.url, shop.matrix, ledger)


def by_rule(called: Called) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in called.document["rules"]}


def ids(rows: list[dict[str, Any]]) -> list[int]:
    """Return the payments that rows are, or belong to."""
    return [row["payment_id"] if "line" in row else row["id"] for row in rows]


def test_rows_move_with_their_parts_unchanged_and_what_has_to_stay_stays(
    engine_url: str, tmp_path: Path, capsys: Any
) -> None:
    shop = make_payments(engine_url, tmp_path)
    for number, settled in ((1, OLD), (2, None), (3, OLD), (5, YOUNG), (6, OLD), (7, OLD)):
        pay(shop, [number], settled, RECENT, cards=number % 3)
    pay(shop, [4], OLD, RECENT, login="the held one")
    shop.do("INSERT INTO dispute (id, payment_id, closed_on) VALUES (1, 3, '2023-01-01')")
    words = ("--reason", "a case", "--by", "the officer", "--json")
    held = shop.call(capsys, "hold", "add", "--subject", "the held one", "--database", "shop", *words, day=None)
    assert held.code == 0, held.err
    before = everything(shop)
    planned = shop.call(capsys, "plan", "--json", day=NIGHT)
    valid(planned.document, "plan")
    plan = by_rule(planned)["settled"]
    assert (plan["action"], plan["to"], plan["planned"]) == ("separate", "shop.payment_kept", 3)
    assert (plan["rows"]["held"], plan["rows"]["referenced"]) == (1, 1)
    assert {part["table"]: part["rows"] for part in plan["parts"]} == {"shop.card": 2, "shop.stamp": 4}
    assert "INTO payment_kept" in plan["statement"].replace("`", "")
    shop.do("UPDATE payment SET settled_on = NULL WHERE id = 6")
    ran = shop.call(capsys, "run", "--json", "--plan", planned.document["digest"], day=None)
    assert ran.code == 0, ran.out + ran.err
    valid(ran.document, "run")
    rule = by_rule(ran)["settled"]
    assert (rule["done"], rule["survived"], rule["to"]) == (2, 1, "shop.payment_kept")
    assert {part["table"]: part["rows"] for part in rule["parts"]} == {"shop.card": 2, "shop.stamp": 4}
    after = everything(shop)
    assert (ids(after["payment"]), ids(after["payment_kept"])) == ([2, 3, 4, 5, 6], [1, 7])
    for name in ("payment", "card", "stamp"):
        moved = [row for row in before[name] if ids([row])[0] in (1, 7)]
        there = [{key: row[key] for key in row if key != "came"} for row in after[f"{name}_kept"]]
        assert there == [{key: row[key] for key in row if key != "doubled"} for row in moved]
        assert not [row for row in after[name] if row in moved]
    assert {row["came"] for row in after["payment_kept"]} == {7}


@pytest.mark.thorough
def test_what_is_kept_apart_goes_at_its_time(engine_url: str, tmp_path: Path) -> None:
    shop = make_payments(engine_url, tmp_path)
    pay(shop, [1, 2], OLD, RECENT)
    pay(shop, [3], YOUNG, RECENT)
    with nights(shop) as steps:
        first = steps.run(NIGHT)[1]
        assert (first["settled"].done, first["kept"].done, first["kept"].drifted) == (2, 0, 0)
        moved = everything(shop)
        second = steps.run(NIGHT)[1]
        assert {one.plan.planned for one in second.values()} == {0}
        assert everything(shop) == moved
        late = steps.run(LATER)[1]
        assert (late["settled"].done, late["kept"].done, late["kept"].drifted) == (1, 2, 1)
        assert ids(everything(shop)["payment_kept"]) == [3], "what came in this night is in nobody's plan"
        assert steps.run(LATER)[1]["kept"].done == 1
    assert not any(everything(shop).values())


@pytest.mark.thorough
def test_a_key_that_is_there_already_fails_the_rule_and_nothing_is_moved(engine_url: str, tmp_path: Path) -> None:
    shop = make_payments(engine_url, tmp_path)
    pay(shop, [1, 2], OLD, RECENT)
    shop.do("INSERT INTO payment_kept (id, buyer_id, login, paid_on) VALUES (2, 1, 'another', '2024-01-01')")
    before = everything(shop)
    with nights(shop) as steps:
        taken = steps.run(NIGHT)[1]["settled"]
        assert (taken.status, taken.done) == ("failed", 0)
        assert "shop.payment_kept has a row already with the key of one of shop.payment" in taken.reason
        assert everything(shop) == before
        shop.do("DELETE FROM payment_kept")
        shop.do("UPDATE payment SET amount = -1 WHERE id = 2")
        before = everything(shop)
        refused = steps.run(NIGHT)[1]["settled"]
        assert (refused.status, refused.done) == ("failed", 0)
        assert "shop.payment_kept doesn't take a row of shop.payment" in refused.reason
        assert everything(shop) == before
        shop.do("UPDATE payment SET amount = 1 WHERE id = 2")
        assert steps.run(NIGHT)[1]["settled"].done == 2


def test_no_row_takes_the_place_of_another(sqlite_url: str, tmp_path: Path) -> None:
    shop = make_payments(sqlite_url, tmp_path, kept="UNIQUE (proof) ON CONFLICT REPLACE")
    pay(shop, [1], OLD, RECENT)
    shop.do("INSERT INTO payment_kept (id, buyer_id, paid_on, proof) SELECT 9, 1, '2024-01-01', proof FROM payment")
    before = everything(shop)
    with nights(shop) as steps:
        assert steps.run(NIGHT)[1]["settled"].status == "failed"
    assert everything(shop) == before


@pytest.mark.thorough
def test_rows_that_refer_to_each_other_move_together(engine_url: str, tmp_path: Path) -> None:
    shop = make_payments(engine_url, tmp_path, more="FOREIGN KEY (refund_of) REFERENCES payment (id)")
    pay(shop, [1, 2, 3, 4], OLD, RECENT, cards=2)
    pay(shop, [5], None, RECENT)
    for number, other in ((1, 2), (2, 1), (3, 4), (4, 3), (5, 3)):
        shop.do("UPDATE payment SET refund_of = :other WHERE id = :id", other=other, id=number)
    before = everything(shop)
    with nights(shop) as steps:
        plan, first = steps.run(NIGHT)
        settled = next(rule for rule in plan.rules if rule.id == "settled")
        assert (first["settled"].done, settled.referenced) == (2, 2)
        after = everything(shop)
        assert ids(after["payment"]) == [3, 4, 5]
        kept = [(row["id"], row["refund_of"], row["memo"]) for row in after["payment_kept"]]
        assert kept == [(row["id"], row["refund_of"], row["memo"]) for row in before["payment"][:2]]
        assert (ids(after["card_kept"]), len(after["stamp_kept"])) == ([1, 1, 2, 2], 8)
        assert first["settled"].parts == {"shop.card": 4, "shop.stamp": 8}
        shop.do("UPDATE payment SET refund_of = NULL WHERE id = 5")
        shop.do("INSERT INTO payment_kept (id, buyer_id, login, paid_on) VALUES (4, 1, 'another', '2024-01-01')")
        before = everything(shop)
        taken = steps.run(NIGHT)[1]["settled"]
        assert (taken.status, taken.done) == ("failed", 0)
        assert "has a row already" in taken.reason
    assert everything(shop) == before


@pytest.mark.thorough
def test_what_a_moved_row_still_refers_to_stays(engine_url: str, tmp_path: Path) -> None:
    shop = make_payments(engine_url, tmp_path, kept="FOREIGN KEY (buyer_id) REFERENCES buyer (id)")
    pay(shop, [1], OLD, RECENT)
    shop.do("UPDATE buyer SET left_on = '2024-01-01'")
    with nights(shop) as steps:
        plan, outcomes = steps.run(NIGHT)
    buyers = next(rule for rule in plan.rules if rule.id == "buyers")
    assert (outcomes["settled"].done, buyers.referenced) == (1, 1)
    assert (buyers.planned, outcomes["buyers"].done, outcomes["buyers"].survived) == (1, 1, 0)
    assert shop.one("SELECT id FROM buyer") == 1


def test_what_its_moved_parts_still_refer_to_stays_and_the_others_move(engine_url: str, tmp_path: Path) -> None:
    relation = "{columns: [payment_id], to: shop.payment, to_columns: [id]}"
    alone = MATRIX[: MATRIX.index("  - id: kept")].replace("card_kept: {}", f"card_kept: {{relations: [{relation}]}}")
    shop = make_payments(engine_url, tmp_path, matrix=alone)
    pay(shop, [1, 3], OLD, RECENT)
    pay(shop, [2, 4], OLD, RECENT, cards=0)
    with nights(shop) as steps:
        plan, done = steps.run(NIGHT)
        assert (plan.rules[0].planned, plan.rules[0].referenced) == (2, 2)
        assert (done["settled"].status, done["settled"].done, done["settled"].drifted) == ("done", 2, 0)
    assert ids(everything(shop)["payment_kept"]) == [2, 4]
    assert ids(everything(shop)["card"]) == [1, 3]


def test_what_would_still_refer_to_itself_from_where_it_is_moved_stays(engine_url: str, tmp_path: Path) -> None:
    refers, alone = "FOREIGN KEY (refund_of) REFERENCES payment (id)", MATRIX[: MATRIX.index("  - id: kept")]
    shop = make_payments(engine_url, tmp_path, more=refers, kept=refers, matrix=alone)
    pay(shop, [1, 2], OLD, RECENT)
    shop.do("UPDATE payment SET refund_of = 1 WHERE id = 1")
    with nights(shop) as steps:
        plan, done = steps.run(NIGHT)
        assert (plan.rules[0].planned, plan.rules[0].referenced) == (1, 1)
        assert (done["settled"].status, done["settled"].done, done["settled"].survived) == ("done", 1, 0)
    assert (ids(everything(shop)["payment"]), ids(everything(shop)["payment_kept"])) == ([1], [2])


@pytest.mark.slow
@pytest.mark.thorough
def test_a_run_that_is_killed_moves_everything_once(engine_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_payments(engine_url, tmp_path)
    # The second batch is the one that is killed: the first has at most 500 rows.
    pay(shop, range(1, 801), OLD, RECENT)
    process = start(shop.environment, ("run", "--as-of", NIGHT.isoformat()), STEPS[1], 2, signal.SIGKILL)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    here = everything(shop)
    assert len(here["payment_kept"]) in range(1, 501)
    for name in ("payment", "card"):
        assert sorted(ids(here[name] + here[f"{name}_kept"])) == list(range(1, 801))
    ended = shop.call(capsys, "run", "--json", day=NIGHT)
    assert ended.code == 0, ended.out + ended.err
    after = everything(shop)
    assert (after["payment"], len(after["payment_kept"]), len(after["stamp_kept"])) == ([], 800, 1600)
    assert shop.one("SELECT sum(row_count) FROM retention_batch WHERE rule = 'settled'") == 800


@pytest.mark.parametrize("server", SERVERS)
def test_nobody_changes_a_part_between_its_copy_and_its_deletion(
    server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    shop = make_payments(request.getfixturevalue(f"{server}_url"), tmp_path)
    pay(shop, [1], OLD, RECENT)
    locked: list[str] = []

    def meanwhile(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        if statement.lstrip().startswith("INSERT INTO stamp_kept"):
            for table in ("payment", "card", "stamp"):
                with pytest.raises(exc.OperationalError):
                    shop.do(f"SELECT * FROM {table} FOR UPDATE NOWAIT")
                locked.append(table)

    event.listen(Engine, "after_cursor_execute", meanwhile)
    try:
        with nights(shop) as steps:
            assert steps.run(NIGHT)[1]["settled"].done == 1
    finally:
        event.remove(Engine, "after_cursor_execute", meanwhile)
    assert locked == ["payment", "card", "stamp"]


@pytest.mark.postgresql
def test_another_schema_will_do(postgresql_url: str, tmp_path: Path) -> None:
    matrix = MATRIX.replace("shop.payment_kept", "shop.apart.payment_kept")
    shop = make_payments(postgresql_url, tmp_path, matrix=matrix)
    shop.do("CREATE SCHEMA apart")
    shop.do("ALTER TABLE payment_kept SET SCHEMA apart")
    pay(shop, [1], OLD, RECENT)
    with nights(shop) as steps:
        assert steps.run(NIGHT)[1]["settled"].done == 1
    assert shop.one("SELECT count(*) FROM apart.payment_kept") == 1


def test_questions_tell_of_moving(sqlite_url: str, tmp_path: Path, capsys: Any) -> None:
    shop = make_payments(sqlite_url, tmp_path)
    pay(shop, [1], "2024-06-10", RECENT)
    told = shop.call(capsys, "--lang", "ko", "explain", "shop.payment", "1", day=NIGHT)
    assert "settled: 이용 중 · 날짜 말고 바뀌는 것이 없으면 2024-06-11 분리보관" in told.out
    row = shop.call(capsys, "explain", "shop.payment", "1", "--json", day=NIGHT).document["rules"][0]
    assert (row["state"], row["action"], row["goes_on"]) == ("in_use", "separate", "2024-06-11")
    months = shop.call(capsys, "forecast", "--months", "1", "--json", day=NIGHT).document
    valid(months, "forecast")
    settled = next(one for one in months["rules"] if one["id"] == "settled")
    assert (settled["action"], settled["months"][0]["rows"]) == ("separate", 1)
    other = tmp_path / "other.yaml"
    shop.do(shop.one("SELECT sql FROM sqlite_master WHERE name = 'payment_kept'").replace("payment_kept", "elsewhere"))
    moved = MATRIX.replace("to: shop.payment_kept", "to: shop.elsewhere").replace(
        "tables:", "tables:\n  shop.elsewhere: {}"
    )
    other.write_text(moved, encoding="utf-8")
    changed = shop.call(capsys, "diff", str(shop.matrix), str(other), "--json", day=NIGHT).document
    valid(changed, "diff")
    assert {one["id"]: one["changed"] for one in changed["rules"] if one["changed"]} == {"settled": ["to"]}
    planned = shop.call(capsys, "plan", day=NIGHT)
    assert "separate → shop.payment_kept" in planned.out
