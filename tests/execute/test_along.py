"""Parts that a cascade takes: each is counted, and none goes where anything but its record could hold it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from retention.execute.sweep import Sweep
from support.bench import Bench, Chain, OneHold
from support.beside import Beside

AS_OF = date(2026, 11, 24)
DUE, YOUNG = "2020-05-05", "2026-05-05"
ORDERS, LINES, STAMPS = 600, 3, 2
OLD = 400
PARTS = {"shop.line": OLD * LINES, "shop.stamp": OLD * STAMPS}


@pytest.fixture
def swept(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note how many records each batch of a sweep took."""
    taken: list[int] = []
    batch = Sweep.batch

    def noted(self: Sweep, *arguments: Any, **named: Any) -> Any:
        dones = batch(self, *arguments, **named)
        taken.append(sum(done.rows for done in dones))
        return dones

    monkeypatch.setattr(Sweep, "batch", noted)
    return taken


def made(bench: Bench, on_delete: str = "CASCADE", **rule: Any) -> Any:
    """Fill orders with three lines each, the first of them with two stamps, and return their matrix."""
    bench.do(
        [
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, paid_on DATE NOT NULL, pad VARCHAR(500))",
            "CREATE TABLE line (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL, what VARCHAR(20), "
            f"CONSTRAINT line_of FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE {on_delete})",
            "CREATE TABLE stamp (id INTEGER PRIMARY KEY, line_id INTEGER NOT NULL, "
            f"CONSTRAINT stamp_of FOREIGN KEY (line_id) REFERENCES line (id) ON DELETE {on_delete})",
            "CREATE INDEX line_order ON line (order_id)",
            "CREATE INDEX stamp_line ON stamp (line_id)",
            _rows("orders", (f"{n}, '{DUE if n <= OLD else YOUNG}', '{'x' * 300}'" for n in range(1, ORDERS + 1))),
            _rows("line", (f"{n}, {(n - 1) // LINES + 1}, 'book'" for n in range(1, ORDERS * LINES + 1))),
            _rows("stamp", (f"{n}, {(n - 1) // STAMPS * LINES + 1}" for n in range(1, ORDERS * STAMPS + 1))),
        ]
    )
    for table in ("orders", "line", "stamp") if bench.engine != "sqlite" else ():
        bench.do([f"ANALYZE {'' if bench.engine == 'postgresql' else 'TABLE '}{table}"])
    return bench.matrix(
        {
            "legal_bases": {"one": {"statute": "s", "article": "a", "keep": "P1Y", "roll_holidays": False}},
            "tables": {f"shop.{name}": {"none": "t"} for name in ("orders", "line", "stamp")},
            "rules": [
                {
                    "id": "orders",
                    "table": "shop.orders",
                    "keep": [{"basis": "one", "since": "paid_on"}],
                    "then": "delete",
                    "with": [{"table": "shop.line", "with": ["shop.stamp"]}],
                    **rule,
                }
            ],
        }
    )


def _rows(table: str, values: Iterator[str]) -> str:
    return f"INSERT INTO {table} VALUES {', '.join(f'({one})' for one in values)}"


def left(bench: Bench) -> tuple[int, ...]:
    return tuple(int(bench.all(f"SELECT count(*) FROM {name}")[0][0]) for name in ("orders", "line", "stamp"))


def told(chain: Chain) -> dict[str, int]:
    """Return how many parts the ledger has of each table."""
    found: dict[str, int] = {}
    for body in chain.batches:
        for table, rows in body["parts"].items():
            found[table] = found.get(table, 0) + rows
    return found


ALL_GONE = (ORDERS - OLD, (ORDERS - OLD) * LINES, (ORDERS - OLD) * STAMPS)


@pytest.mark.parametrize("proof_of", ["keys", pytest.param("count", marks=pytest.mark.thorough)])
def test_every_part_goes_with_its_record_and_is_counted(bench: Bench, swept: list[int], proof_of: str) -> None:
    chain = Chain()
    outcome = bench.run(made(bench, proof=proof_of), AS_OF, chain=chain, batch_rows=150)["orders"]
    assert (outcome.done, outcome.status, outcome.parts) == (OLD, "done", PARTS)
    assert told(chain) == PARTS
    assert left(bench) == ALL_GONE
    assert sum(swept) == (0 if bench.engine == "sqlite" else OLD)


def test_of_a_sealed_plan_the_parts_of_other_records_stay(bench: Bench, swept: list[int]) -> None:
    matrix, chain = made(bench), Chain()
    plan = bench.planner(matrix, AS_OF, known=False).plan([bench.bind(matrix)])
    bench.do(
        [f"UPDATE orders SET paid_on = '{DUE}' WHERE id > 590", f"UPDATE orders SET paid_on = '{YOUNG}' WHERE id < 11"]
    )
    outcome = bench.run(matrix, AS_OF, plan=plan, chain=chain)["orders"]
    assert (outcome.done, outcome.survived, outcome.drifted) == (OLD - 10, 10, 10)
    assert told(chain) == {"shop.line": (OLD - 10) * LINES, "shop.stamp": (OLD - 10) * STAMPS}
    assert left(bench) == (ORDERS - OLD + 10, (ORDERS - OLD + 10) * LINES, (ORDERS - OLD + 10) * STAMPS)
    assert sum(swept) == (0 if bench.engine == "sqlite" else OLD - 10)


@pytest.mark.parametrize("engine_url", ["postgresql", "mariadb"], indirect=True)
def test_parts_that_come_and_leave_in_the_very_moment_are_counted_as_they_go(bench: Bench, swept: list[int]) -> None:
    matrix, chain = made(bench), Chain()
    # PostgreSQL's statement does it all; MariaDB's locks first, and what is locked no part comes to or leaves.
    moment = "DELETE FROM orders" if bench.engine == "postgresql" else "FOR UPDATE"
    changes = (
        "INSERT INTO line VALUES (9001, 1, 'late')",
        "INSERT INTO stamp VALUES (9002, 9001)",
        "UPDATE line SET order_id = 599 WHERE id = 5",
        "DELETE FROM line WHERE id = 6",
    )
    with Beside(lambda: bench.do(changes), mentions=moment) as beside:
        outcome = bench.run(matrix, AS_OF, chain=chain)["orders"]
    assert beside.acted
    # One came, one left for another order, one was deleted by somebody else.
    assert outcome.parts == told(chain) == {"shop.line": OLD * LINES - 1, "shop.stamp": OLD * STAMPS + 1}
    assert left(bench) == (ORDERS - OLD, (ORDERS - OLD) * LINES + 1, (ORDERS - OLD) * STAMPS)
    assert sum(swept) == OLD


def _noting(bench: Bench) -> Sequence[str]:
    if bench.engine == "postgresql":
        return (
            "CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN INSERT INTO seen VALUES (OLD.id); RETURN OLD; END'",
            "CREATE TRIGGER kept BEFORE DELETE ON stamp FOR EACH ROW EXECUTE FUNCTION kept()",
        )
    return ("CREATE TRIGGER kept BEFORE DELETE ON stamp FOR EACH ROW INSERT INTO seen VALUES (OLD.id)",)


@pytest.mark.parametrize("engine_url", ["postgresql", "mariadb"], indirect=True)
def test_a_trigger_of_a_part_is_set_off_for_each(bench: Bench, swept: list[int]) -> None:
    matrix = made(bench)
    bench.do(["CREATE TABLE seen (id INTEGER)", *_noting(bench)])
    outcome = bench.run(matrix, AS_OF)["orders"]
    assert (outcome.done, outcome.parts, left(bench)) == (OLD, PARTS, ALL_GONE)
    assert bench.all("SELECT count(*) FROM seen")[0][0] == OLD * STAMPS
    assert not swept


@pytest.mark.parametrize("engine_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE line DISABLE TRIGGER ALL",
        "ALTER TABLE orders DISABLE TRIGGER ALL",
        "ALTER DATABASE {name} SET track_counts = off",
        "ALTER DATABASE {name} SET session_replication_role = replica",
        "CREATE RULE kept AS ON DELETE TO line WHERE OLD.id < 0 DO INSTEAD NOTHING",
        "CREATE TABLE more (CHECK (id > 9000)) INHERITS (line)",
    ],
)
def test_where_a_cascade_could_leave_rows_or_their_number_out_parts_go_alone(
    bench: Bench, swept: list[int], statement: str
) -> None:
    matrix = made(bench)
    bench.do([statement.format(name=bench.all("SELECT current_database()")[0][0])])
    bench.close()
    outcome = bench.run(matrix, AS_OF)["orders"]
    assert (outcome.done, outcome.parts, left(bench)) == (OLD, PARTS, ALL_GONE)
    assert not swept


@pytest.mark.parametrize("on_delete", ["NO ACTION", pytest.param("RESTRICT", marks=pytest.mark.thorough)])
def test_where_a_foreign_key_refuses_parts_go_alone(bench: Bench, swept: list[int], on_delete: str) -> None:
    outcome = bench.run(made(bench, on_delete), AS_OF)["orders"]
    assert (outcome.done, outcome.parts, left(bench)) == (OLD, PARTS, ALL_GONE)
    assert not swept


def test_what_refers_to_a_part_from_beside_keeps_the_record(bench: Bench, swept: list[int]) -> None:
    matrix = made(bench)
    bench.do(
        [
            "CREATE TABLE review (id INTEGER PRIMARY KEY, stamp_id INTEGER NOT NULL, "
            "CONSTRAINT review_of FOREIGN KEY (stamp_id) REFERENCES stamp (id) ON DELETE CASCADE)",
            "INSERT INTO review VALUES (1, 9)",
        ]
    )
    outcome = bench.run(matrix, AS_OF)["orders"]
    assert outcome.parts == {"shop.line": (OLD - 1) * LINES, "shop.stamp": (OLD - 1) * STAMPS}
    assert (outcome.done, bench.all("SELECT stamp_id FROM review")) == (OLD - 1, [(9,)])
    assert not swept


def test_a_hold_on_a_part_that_comes_while_records_go_keeps_them(bench: Bench, swept: list[int]) -> None:
    matrix, chain = made(bench), Chain()

    class Coming(OneHold):
        def version(self) -> int:
            self.there = self.there or bool(chain.batches)
            return super().version()

    hold = Coming(kind="where", table="shop.line", where="what = 'book' and order_id > 390")
    outcome = bench.run(matrix, AS_OF, chain=chain, holds=hold, batch_rows=150)["orders"]
    assert (outcome.done, outcome.survived) == (390, 10)
    assert outcome.parts == told(chain) == {"shop.line": 390 * LINES, "shop.stamp": 390 * STAMPS}
    assert bench.all("SELECT count(*) FROM line WHERE order_id BETWEEN 391 AND 400")[0][0] == 10 * LINES
    # From then on parts are weighed alone.
    assert (0 < sum(swept) < 390) is (bench.engine != "sqlite")


@pytest.mark.parametrize("on_delete", ["CASCADE", pytest.param("RESTRICT", marks=pytest.mark.thorough)])
def test_parts_count_in_a_batch(bench: Bench, on_delete: str) -> None:
    """One order in a hundred has as many lines as a batch may have rows, and goes alone."""
    matrix, chain = made(bench, on_delete), Chain()
    bench.do([_rows("line", (f"{10_000 + n}, {1 + n // 120 * 100}, 'book'" for n in range(480)))])
    outcome = bench.run(matrix, AS_OF, chain=chain, batch_rows=60)["orders"]
    assert (outcome.done, outcome.parts["shop.line"], left(bench)) == (OLD, OLD * LINES + 480, ALL_GONE)
    weights = [body["rows"] + sum(body["parts"].values()) for body in chain.batches if body["rows"] > 1]
    assert max(weights) <= 60 and len(chain.batches) < 150
    assert told(chain)["shop.line"] == OLD * LINES + 480
