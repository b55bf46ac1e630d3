"""Pools of made-up Korean values that rows draw from: Faker is far too slow to be asked once a row.

Nobody is hit by them: mobile numbers lie in the 010-0 and 010-1 blocks that are given to no one, mail goes to
``.invalid``, card numbers are masked, and addresses in a log come from the blocks for documentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from faker import Faker
from numpy.typing import NDArray

Objects = NDArray[np.object_]
_NAMES = 400
_ADDRESSES = 400
_TEXTS = 120
_NICKNAMES = ("별", "달", "구름", "바다", "나무", "여우", "고래", "라떼", "마루", "하늘")
_IP_BLOCKS = ("192.0.2", "198.51.100", "203.0.113")


@dataclass(frozen=True)
class Pools:
    """Values to draw from, and the generator that draws."""

    random: np.random.Generator
    names: Objects
    addresses: Objects
    occupations: Objects
    companies: Objects
    sentences: Objects
    agents: Objects

    @classmethod
    def fill(cls, seed: int) -> Pools:
        """Return the pools of a seed."""
        faker = Faker("ko_KR")
        faker.seed_instance(seed)

        def many(count: int, make: Any) -> Objects:
            values = np.empty(count, dtype=object)
            values[:] = [make() for _ in range(count)]
            return values

        return cls(
            random=np.random.default_rng(seed),
            names=many(_NAMES, faker.name),
            addresses=many(_ADDRESSES, lambda: faker.address().replace("\n", " ")[:200]),
            occupations=many(_TEXTS, lambda: faker.job()[:60]),
            companies=many(_TEXTS, lambda: faker.company()[:60]),
            sentences=many(_TEXTS, lambda: faker.sentence(nb_words=8)),
            agents=many(_TEXTS, lambda: faker.user_agent()[:200]),
        )

    def draw(self, pool: Objects, count: int) -> Objects:
        """Return ``count`` values of a pool."""
        return pool[self.random.integers(0, len(pool), count)]

    def pick(self, values: tuple[Any, ...], count: int, weights: tuple[float, ...] | None = None) -> Objects:
        """Return ``count`` of a few values."""
        return np.array(values, dtype=object)[self.random.choice(len(values), count, p=weights)]

    def mobiles(self, count: int) -> Objects:
        """Return mobile numbers that no one can have."""
        number = self.random.integers(0, 20_000_000, count)
        return texts([f"010-{one // 10_000:04d}-{one % 10_000:04d}" for one in number.tolist()])

    def nicknames(self, count: int) -> Objects:
        """Return nicknames."""
        number = self.random.integers(1, 10_000, count)
        return texts(
            [f"{one}{two}" for one, two in zip(self.pick(_NICKNAMES, count), number.tolist(), strict=True)],
        )

    def addresses_of_net(self, count: int) -> Objects:
        """Return IP addresses of the blocks for documentation (RFC 5737)."""
        block, last = self.random.integers(0, len(_IP_BLOCKS), count), self.random.integers(1, 255, count)
        pairs = zip(block.tolist(), last.tolist(), strict=True)
        return texts([f"{_IP_BLOCKS[one]}.{two}" for one, two in pairs])

    def chance(self, count: int, share: float) -> NDArray[np.bool_]:
        """Return for each of ``count`` whether it is among ``share`` of them."""
        return self.random.random(count) < share


def texts(values: list[Any]) -> Objects:
    """Return a list as an array of objects."""
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made


def numbered(prefix: str, ids: NDArray[np.int64], suffix: str = "") -> Objects:
    """Return texts that differ by a number."""
    return texts([f"{prefix}{one:07d}{suffix}" for one in ids.tolist()])


def unless(missing: NDArray[np.bool_], values: NDArray[Any]) -> Objects:
    """Return the values with None where ``missing``."""
    made = values.astype(object)
    made[missing] = None
    return made
