"""A budget of rows that the shards of a rule share: each task reckons its own part, and none has to ask another."""

from __future__ import annotations

from collections.abc import Mapping


def share(budget: int, planned: Mapping[int, int], shard: int) -> int:
    """Return how many rows one shard may take of a budget, given the planned rows of each.

    Parts are in proportion to what is planned. They are never more than the budget in all, and none is more than its
    shard's planned rows; what remains of whole rows goes to the shards that are nearest to another one.
    """
    total = sum(planned.values())
    if budget >= total:
        return planned[shard]
    parts = {one: divmod(budget * rows, total) for one, rows in planned.items()}
    remain = budget - sum(whole for whole, _rest in parts.values())
    nearest = sorted(parts, key=lambda one: (-parts[one][1], one))[:remain]
    return parts[shard][0] + (1 if shard in nearest else 0)
