"""Moving rows that go in clusters: what several rules take at once is copied before any of it is deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from retention.database.names import TableKey
from retention.execute.done import Done
from retention.execute.moving import Moving
from retention.execute.placed import Batch
from retention.plan.units import part_paths


def move(work: Batch, dones: Sequence[Done], moves: Mapping[str, Moving | None]) -> None:
    """Copy what the batch's rules move, all owners before their parts. ``moves``: by rule, where to.

    Raises:
        DatabaseFault: a table doesn't take it, or other rows were copied than go.
    """
    parts: dict[TableKey, Moving] = {}
    for done in dones:
        moving = moves[done.rule.id]
        if moving is not None:
            _copy(work, moving, done.rule.table, done, dones)
            parts.update((path[-1].table, moving) for path in part_paths(done.rule.parts))
    for table, moving in parts.items():
        _copy(work, moving, table, None, dones)


def _copy(work: Batch, moving: Moving, table: TableKey, done: Done | None, dones: Sequence[Done]) -> None:
    """Copy the batch's rows that go under one rule, or those of a table of parts."""
    if table not in work.all.placed:
        return
    chosen = work.all.among(table, work.all.row(table)) if done is None else work.all.chosen(done.rule)
    name = str(moving.rule.binding.name_of(table))
    copied = moving.carry_out(work.connection, [moving.copy(table, chosen)], work.bounds)
    rows = sum(one.parts.get(name, 0) for one in dones) if done is None else done.rows
    moving.require_same(copied, {name: rows})
