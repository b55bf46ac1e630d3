"""The pace of batches: it finds the size that fits the target, whatever a batch itself costs."""

from __future__ import annotations

import random

import pytest

from retention.execute.pace import Pace


def _settled(batch_ms: float, row_ms: float, *, noise: float = 0.0, target: float = 20.0, busy: bool = False) -> int:
    pace, chance = Pace(target, 10_000, busy=busy), random.Random(3)
    sizes = []
    for _ in range(60):
        cost = (batch_ms + row_ms * pace.rows) * (1 + noise * (chance.random() - 0.5))
        pace.took(pace.rows, cost)
        sizes.append(pace.rows)
    return sorted(sizes[-20:])[10]


@pytest.mark.parametrize("noise", [0.0, 0.4])
def test_a_batch_takes_the_rows_that_fit_the_target(noise: float) -> None:
    assert 600 <= _settled(5.0, 0.02, noise=noise) <= 900


def test_a_batch_that_costs_more_than_the_target_is_not_made_ever_smaller() -> None:
    assert _settled(30.0, 0.02) >= 1000


def test_while_others_are_at_work_it_takes_half_the_target_s_rows_at_most() -> None:
    assert 400 <= _settled(30.0, 0.02, busy=True) <= 600


def test_rows_that_cost_much_each_are_taken_singly() -> None:
    assert _settled(5.0, 150.0) == 1


def test_cheap_rows_are_taken_ten_thousand_at_a_time() -> None:
    assert _settled(2.0, 0.0001) == 10_000


def test_a_sudden_load_shrinks_the_next_batch_and_its_end_lets_them_grow_again() -> None:
    pace = Pace(20.0, 10_000)
    for _ in range(20):
        pace.took(pace.rows, 3 + 0.002 * pace.rows)
    calm = pace.rows
    for _ in range(8):
        pace.took(pace.rows, 3 + 0.04 * pace.rows)
    assert pace.rows < calm / 4
    for _ in range(30):
        pace.took(pace.rows, 3 + 0.002 * pace.rows)
    assert pace.rows > calm / 2


def test_a_timeout_halves_the_batch() -> None:
    pace = Pace(20.0, 10_000, rows=400)
    pace.halve()
    assert pace.rows == 200


def test_beside_others_batches_of_one_block_each_grow_until_they_tell_what_a_row_costs() -> None:
    """The first one was cold and slow; of the others none is smaller than a block, and all cost the same."""
    pace = Pace(2.5, 20_000, busy=True)
    pace.took(658, 14.7)
    taken = []
    for _ in range(200):
        rows = max(47, pace.rows // 47 * 47)
        taken.append(rows)
        pace.took(rows, 3.5 + 0.002 * rows)
    assert max(taken[-20:]) > 300
    assert all(3.5 + 0.002 * rows < 10 for rows in taken)
