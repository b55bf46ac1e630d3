"""What fake values are put together from: Korean names, jobs and companies of Faker, regions, words of our own.

Faker takes 5 to 25 µs for each value, so it is asked once for a pool and never again. Its seed is fixed: the same
version of Faker gives the same pool in every process. What is drawn from it says nothing of the pool's other values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retention.surrogate.base import objects
from retention.surrogate.regions import REGIONS

Objects = NDArray[np.object_]
_SEED: Final = 2022_06_15
_DRAWN: Final = 2000
OCCUPATION_LENGTH: Final = 10
COMPANY_LENGTH: Final = 12
_ADJECTIVES: Final = (
    "푸른 하얀 빠른 느린 밝은 맑은 고운 깊은 높은 작은 큰 둥근 노란 붉은 따뜻한 시원한 조용한 용감한 즐거운 반가운"
)
_NOUNS: Final = (
    "고래 여우 곰 사슴 토끼 다람쥐 참새 제비 나비 거북 바다 하늘 구름 바람 나무 산 강 별 달 해 모래 돌 숲 "
    "눈 비 라떼 마루 호두 감자 보리"
)
_ROADS: Final = (
    "가온 가람 나래 나루 다솜 다온 두레 라온 마루 미르 바람꽃 보람 비단 새봄 소담 솔빛 시나브로 아람 아라 "
    "예그리나 온새미 우리들 으뜸 이든 초롱 푸르미 하늬 한별 해담 햇살"
)
_WORDS: Final = "haru nara mina sora yuna jiho doyun bora seri garam duri hana nabi baram byeol"


@cache
def surnames() -> Objects:
    """Return surnames, each as often as people have it."""
    return _ask(lambda faker: faker.last_name(), keep=1)


@cache
def given_names() -> Objects:
    """Return given names, each once."""
    return _distinct(_ask(lambda faker: faker.first_name(), keep=2))


@cache
def occupations() -> Objects:
    """Return names of jobs, each once."""
    return _distinct(_ask(lambda faker: faker.job(), keep=OCCUPATION_LENGTH))


@cache
def companies() -> Objects:
    """Return names of companies, each once."""
    return _distinct(_ask(lambda faker: faker.company(), keep=COMPANY_LENGTH))


@cache
def districts() -> Objects:
    """Return every 시·군·구 with its 시·도."""
    named: list[str] = []
    for sido, inner in REGIONS.items():
        for name, own in inner.items():
            named.extend(f"{sido} {name} {part}" for part in own)
            if not own:
                named.append(f"{sido} {name}")
    return objects(named)


@cache
def roads() -> Objects:
    """Return names of roads."""
    return objects([word + kind for word in _ROADS.split() for kind in ("로", "길", "대로")])


@cache
def nicknames() -> Objects:
    """Return the words of nicknames."""
    return objects([adjective + noun for adjective in _ADJECTIVES.split() for noun in _NOUNS.split()])


@cache
def words() -> Objects:
    """Return words that a login begins with, in small letters: no collation takes two of them for one."""
    return objects(_WORDS.split())


def longest(pool: Objects) -> int:
    """Return the length of a pool's longest text."""
    return max(map(len, pool))


def _ask(make: Callable[[Any], str], *, keep: int) -> Objects:
    """Return what Faker answers, without what is longer than ``keep`` characters."""
    # Faker's import alone takes longer than many a run: whoever needs no fake value doesn't wait for it.
    faker = import_module("faker").Faker("ko_KR")
    faker.seed_instance(_SEED)
    return objects([answer for _ in range(_DRAWN) if len(answer := make(faker)) <= keep])


def _distinct(texts: Objects) -> Objects:
    return objects(sorted(set(texts)))
